"""The rules of the house that no compiler checks."""

import glob
import os
import re
import subprocess

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))

# What each room may include (ARCHITECTURE.md), and the one room that sees a foreign library.
ROOMS = {
    "base": set(),
    "xml": {"base"},
    "xmpp": {"base", "xml"},
    "store": {"base"},
    "dav": {"base", "xml", "store"},
    "auth": {"base", "store", "dav", "xmpp"},
    "service": {"base", "xml", "xmpp", "store", "dav", "auth"},
    "http": {"base", "xml", "xmpp", "store", "dav", "auth"},
    "client": {"base", "xml"},
}
FOREIGN = {
    "uv.h": "base", "sanitizer/asan_interface.h": "base", "seccomp.h": "base", "openssl/crypto.h": "base", "openssl/sha.h": "base", "openssl/evp.h": "base", "stringprep.h": "base", "idna.h": "base",
    "uninorm.h": "base", "unicase.h": "base", "unistr.h": "base", "ini.h": "base", "expat.h": "xml", "sqlite3.h": "store",
    "openssl/ssl.h": "http", "openssl/err.h": "http", "openssl/core_names.h": "http", "zlib.h": "http", "curl/curl.h": "client", "strophe.h": "client",
}
# Of libcrypto and the C library, all that base needs.
SYSTEM = re.compile(r"^(sys|netinet|arpa|linux)/|^[a-z0-9_]+\.h$")


def sources(*patterns):
    found = []
    for pattern in patterns:
        found += glob.glob(os.path.join(ROOT, pattern), recursive=True)
    assert found
    return sorted(found)


def includes(path):
    with open(path) as f:
        return re.findall(r'^#include ([<"])([^>"]+)[>"]', f.read(), re.M)


def wrong_includes(path, room):
    wrong = []
    for kind, name in includes(path):
        if kind == '"' and name.split("/")[0] not in ROOMS[room] | {room}:
            wrong.append(f"{path}: {name} lies to the right of {room}")
        if kind == "<" and "/" in name and not SYSTEM.match(name) and name not in FOREIGN:
            wrong.append(f"{path}: {name} is a library that no room is known to see")
        if kind == "<" and FOREIGN.get(name, room) != room:
            wrong.append(f"{path}: {name} is seen by {FOREIGN[name]} only")
    return wrong


@pytest.mark.parametrize("room", ROOMS)
def test_includes_go_to_the_left(room):
    wrong = [line for path in sources(f"src/{room}/*.[ch]") for line in wrong_includes(path, room)]
    assert not wrong, "\n".join(wrong)


def test_every_room_is_known():
    assert set(next(os.walk(os.path.join(ROOT, "src")))[1]) == set(ROOMS)


def test_wrong_includes_are_found(tmp_path):
    bad = tmp_path / "bad.c"
    bad.write_text('#include "http/http.h"\n#include <sqlite3.h>\n#include <openssl/bio.h>\n#include <sys/stat.h>\n')
    assert len(wrong_includes(str(bad), "base")) == 3


def test_format():
    files = sources("src/**/*.[ch]", "tests/unit/**/*.[ch]", "tests/fuzz/*.[ch]")
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[:4000]


def test_files_are_one_idea():
    long = [path for path in sources("src/**/*.[ch]") if sum(1 for _ in open(path)) > 560]
    assert not long, "longer than 500 lines and then some: " + " ".join(long)


@pytest.mark.parametrize("page", ["missive.1", "missived.8", "missived.conf.5"])
def test_manual(page):
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", os.path.join(ROOT, "man", page)],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_manual_names_every_setting():
    """The table in config.c, key by key with its default, is what missived.conf(5) says."""
    with open(os.path.join(ROOT, "src/base/config.c")) as f:
        keys = re.findall(r'^\t\{"(\w+)",\s+"([\w-]+)",\s+(NULL|"[^"]*")', f.read(), re.M)
    assert len(keys) > 15
    with open(os.path.join(ROOT, "man/missived.conf.5")) as f:
        manual = f.read()
    for _, name, standard in keys:
        value = "" if standard == "NULL" else standard.strip('"')
        assert re.search(rf"Cm {re.escape(name)} No ={' ' + re.escape(value) if value else ''}( ,|$)", manual, re.M), name


def test_manual_tells_what_reloads():
    """The settings that SIGHUP changes, in the order of the table."""
    with open(os.path.join(ROOT, "src/base/config.c")) as f:
        live = re.findall(r'^\t\{"\w+",\s+"([\w-]+)",[^\n]*LIVE\}', f.read(), re.M)
    assert len(live) > 15
    with open(os.path.join(ROOT, "man/missived.conf.5")) as f:
        told = re.search(r"^\.Ss Changing settings\n(.*?)^\.Ss", f.read(), re.M | re.S)[1]
    assert [name for line in re.findall(r"^\.Cm (.*)$", told, re.M) for name in line.split(" , ")] == live


def test_manual_names_every_option():
    with open(os.path.join(ROOT, "src/client/main.c")) as f:
        options = re.findall(r'^\t\{"([\w-]+)",\s+(?:no|required)_argument', f.read(), re.M)
    with open(os.path.join(ROOT, "man/missive.1")) as f:
        manual = f.read()
    assert len(options) > 8
    for option in options:
        assert re.search(rf"[-]?-?{option}\b", manual), option
