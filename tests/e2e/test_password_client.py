"""`missive password`: the user's own app passwords."""

import re

import pytest

from missive import Missive
from passwords import Device, curl

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"


@pytest.fixture
def missive(world, server):
    world.daemon(server)
    return Missive(world.tmp_path / "user", server, ROMEO)


def test_missive(world, missive):
    """The password alone on standard output; listed; revoked."""
    daemon = world.daemons[-1]
    password = missive.run("password", "new", "--label", "my laptop")
    assert re.fullmatch("mv-[a-z2-7]{26}\n", password)
    assert daemon.base + "/" in missive.error and ROMEO in missive.error and password.strip() not in missive.error
    laptop = Device(daemon, ROMEO, password.strip())
    assert laptop.status("MKCOL", "/photos/") == 201
    password = missive.run("password", "new", "--read-only", "--collection", daemon.base + "/photos/", "--expires", "7d")
    assert daemon.base + "/photos/" in missive.error
    frame = Device(daemon, ROMEO, password.strip())
    assert curl("-u", f"{ROMEO}:{frame.password}", daemon.base + "/photos/") == "200"
    assert (frame.status("GET", "/"), frame.status("PUT", "/photos/a", b"x")) == (403, 403)
    lines = missive.run("password", "ls").splitlines()
    assert len(lines) == 2 and "my laptop: full" in lines[0]
    assert "made by missive on" in lines[1] and "read-only, /photos/" in lines[1]
    missive.run("password", "rm", lines[0].split()[0])
    assert "my laptop" in missive.error
    assert (laptop.status("GET", "/"), frame.status("GET", "/photos/")) == (401, 200)
    missive.run("password", "rm", lines[1].split()[0])
    assert missive.run("password", "ls") == ""


@pytest.mark.parametrize("arguments,reason", [
    ([], "new, ls or rm"),
    (["old"], "new, ls or rm"),
    (["new", "laptop"], "laptop"),
    (["ls", "1"], "no arguments"),
    (["rm"], "password ls"),
    (["rm", "1"], "no app passwords"),
    (["new", "--expires", "soon"], "7d"),
    (["new", "--collection", "/nothing/"], "no folder"),
    (["new", "--label", "x" * 256], "label"),
])
def test_missive_refused(world, prosody, arguments, reason):
    world.daemon(prosody)
    missive = Missive(world.tmp_path / "user", prosody, ROMEO)
    assert missive.run("password", *arguments, code=1) == ""
    assert reason in missive.error


def test_missive_stranger(world, prosody):
    world.daemon(prosody)
    juliet = Missive(world.tmp_path / "user", prosody, JULIET)
    juliet.run("password", "new", code=1)
    assert "shared with you" in juliet.error
