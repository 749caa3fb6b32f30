"""What the compiler and the linker put around mistakes is in the programs as they were built, and this test sees when it is not."""

import os
import platform
import re
import subprocess

import pytest

BUILD = os.environ.get("MISSIVE_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
PROGRAM = """
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	char text[64];
	strcpy(text, argv[argc - 1]);
	puts(text);
	return 0;
}
"""
HARD = ["-O2", "-fPIE", "-pie", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-fstack-protector-strong", "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2"]
if platform.machine() == "x86_64":
    HARD += ["-fcf-protection=full", "-Wl,-z,shstk"]


def read(option, path):
    return subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}).stdout


def weaknesses(path):
    """What is missing, each by what would show it."""
    header, segments, dynamic = read("-h", path), read("-l", path), read("-d", path)
    symbols, notes = read("--dyn-syms", path), read("-n", path)
    main = subprocess.run(["objdump", "-d", "--disassemble=main", path], capture_output=True, text=True, check=True).stdout
    found = set()
    if not re.search(r"Type:\s+DYN", header) or not re.search(r"FLAGS_1.*\bPIE\b", dynamic):
        found.add("not PIE")
    if "GNU_RELRO" not in segments:
        found.add("no RELRO")
    if not re.search(r"FLAGS_1.*\bNOW\b", dynamic):
        found.add("lazy binding")
    if not re.search(r"GNU_STACK\s.*\sRW\s", segments):
        found.add("executable stack")
    if "__stack_chk_fail" not in symbols:
        found.add("no stack protector")
    if not re.search(r"__(strcpy|memcpy|s?n?printf|vsnprintf|fprintf|memset)_chk", symbols):
        found.add("no FORTIFY")
    # Where an indirect jump may land is marked in the code; the C library's start-up objects keep IBT out of the notes.
    if "X86-64" in header and not re.search(r"<main>:\n.*\bendbr64\b", main):
        found.add("no CET")
    if "X86-64" in header and not re.search(r"x86 feature: .*SHSTK", notes):
        found.add("no shadow stack")
    return found


@pytest.mark.parametrize("program", ["missived", "missive"])
def test_what_was_built(program):
    """The release that users get; without an optimiser and with sanitizers there is no FORTIFY."""
    assert weaknesses(os.path.join(BUILD, program)) == set()


def test_every_level_of_fortify():
    """Level 3 shows in no symbol: it is asked for where the compiler knows it."""
    with open(os.path.join(BUILD, "compile_commands.json")) as f:
        assert re.search(r"-D_FORTIFY_SOURCE=3 .*missived\.c", f.read())


@pytest.mark.parametrize("without,weakness", [
    ([], None),
    (["-no-pie", "-fno-pie"], "not PIE"),
    (["-Wl,-z,norelro"], "no RELRO"),
    (["-Wl,-z,lazy"], "lazy binding"),
    (["-Wl,-z,execstack"], "executable stack"),
    (["-fno-stack-protector"], "no stack protector"),
    (["-U_FORTIFY_SOURCE"], "no FORTIFY"),
    (["-fcf-protection=none"], "no CET"),
    ("-Wl,-z,shstk", "no shadow stack"),
])
def test_weakness_is_seen(tmp_path, without, weakness):
    if weakness in ("no CET", "no shadow stack") and platform.machine() != "x86_64":
        assert weaknesses(os.path.join(BUILD, "missived")) == set()  # nothing to be left out
        return
    (tmp_path / "program.c").write_text(PROGRAM)
    flags = [*HARD, *without] if isinstance(without, list) else [flag for flag in HARD if flag != without]
    subprocess.run(["gcc", *flags, "-w", "-o", str(tmp_path / "program"), str(tmp_path / "program.c")], check=True)
    assert weaknesses(str(tmp_path / "program")) == ({weakness} if weakness else set())
