"""The shells offer what the programs' usage says: no command and no option more or less."""

import os
import re
import subprocess

import pytest

from daemon import BUILD

COMPLETION = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../dist/completion"))


def usage(program):
    return subprocess.run([f"{BUILD}/{program}", "-h"], capture_output=True, text=True, check=True).stdout


def told(program):
    """What a person reads there: commands, options, and which of these take a value."""
    text = usage(program)
    if program == "missive":
        commands = re.findall(r"^  missive ([a-z]+)", text, re.M)
        options = re.findall(r"^  (--?[a-z-]+)(?: ([A-Z]+))? ", text, re.M)
    else:
        text = "\n".join(line.split("   ")[0] for line in re.findall(r"^(?:usage:|      ) missived (.*)", text, re.M))
        commands = re.findall(r"^(?:\[-c FILE\] )?([a-z]+)", text, re.M)
        options = re.findall(r"(?<![\w-])(--?[A-Za-z][a-z-]*)(?: ([A-Z]+))?", text)
    assert commands and options
    return set(commands), {name for name, _ in options}, {name: value for name, value in options if value}


def bash(program, *words, directory="/"):
    script = """
        source /usr/share/bash-completion/bash_completion
        source "$0"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        """ + f"_{program}" + """ "$1" "${@: -1}" "${@: -2:1}"
        printf '%s\\n' "${COMPREPLY[@]}" """
    return run(["bash", "--norc", "-c", script, f"{COMPLETION}/{program}.bash", f"{os.path.abspath(BUILD)}/{program}", *words],
               directory)


def zsh(program, *words, directory="/"):
    """Its own functions for showing things need a terminal: these print what they are given."""
    script = """
        _call_program() { shift; "$@"; }
        _describe() { local one; for one in ${(P)2}; print -r -- ${one%%:*}; }
        _files() { print -l -- *(N); }
        words=("$@") CURRENT=$#
        complete_it() { source "$ZSH_ARGZERO_FILE"; }
        complete_it
    """
    return run(["zsh", "-f", "-c", script, "zsh", f"{os.path.abspath(BUILD)}/{program}", *words], directory,
               ZSH_ARGZERO_FILE=f"{COMPLETION}/_{program}")


def run(command, directory, **environment):
    done = subprocess.run(command, capture_output=True, text=True, cwd=directory, timeout=60, stdin=subprocess.DEVNULL,
                          env={**os.environ, **environment})
    assert done.stderr == "", done.stderr
    return set(done.stdout.split())


SHELLS = pytest.mark.parametrize("shell", [bash, zsh])


@SHELLS
@pytest.mark.parametrize("program", ["missive", "missived"])
def test_offers_what_the_usage_says(shell, program):
    commands, options, _ = told(program)
    assert shell(program, "") == commands
    assert shell(program, "-") == options


@SHELLS
@pytest.mark.parametrize("program", ["missive", "missived"])
def test_files_for_options_that_take_one(shell, program, tmp_path):
    (tmp_path / "here").write_text("")
    for option, value in told(program)[2].items():
        offered = shell(program, option, "", directory=tmp_path)
        assert offered == ({"here"} if value in ("FILE", "PATH") else set()), option


@SHELLS
def test_behind_a_command(shell, tmp_path):
    (tmp_path / "here").write_text("")
    at = {"directory": tmp_path}
    assert shell("missive", "send", "", **at) == shell("missive", "--account", "x", "send", "", **at) == {"here"}
    assert shell("missive", "password", "", **at) == {"new", "ls", "rm"}
    assert shell("missive", "password", "rm", "", **at) == set()
    assert shell("missive", "rm", "", **at) == set()
    assert shell("missive", "ls", "", **at) == set()
    assert shell("missived", "-c", "x", "password", "", **at) == set()


def test_bash_narrows():
    assert bash("missive", "re") == {"receive"}
    assert bash("missive", "send", "--no") == {"--notify", "--none"}
