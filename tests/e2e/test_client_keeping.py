"""missive send --expires --once --notify, and missive ls -l."""

import re

import pytest

from test_client import juliet_jid, user

ROMEO, BENVOLIO = "romeo@localhost", "benvolio@localhost/home"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def details(out):
    """The lines behind that of the one file, without their margin."""
    lines = out.splitlines()
    assert all(line.startswith(" " * 14) for line in lines[1:])
    return [line.strip() for line in lines[1:]]


def test_keeps_and_tells(world, server):
    """The list of who has it fills up; its owner hears of each; and with the last the file's end comes nearer."""
    world.daemon(server, once_kept="1h", expiry_notice="0")
    romeo, juliet, benvolio = user(world, ROMEO), user(world, juliet_jid), user(world, BENVOLIO)
    romeo.file("draft.txt", b"hello")
    url = romeo.run("send", "--expires", "7d", "--once", "--notify", "draft.txt", juliet_jid, BENVOLIO).strip()
    until, *people = details(romeo.run("ls", "-l"))
    assert re.fullmatch("until " + TIME, until)
    assert people == ["juliet@capulet.localhost  not yet", "benvolio@localhost/home   not yet"]
    assert details(juliet.run("ls", "-l", url)) == [until]
    assert " not yet" not in romeo.run("ls")
    online = world.person(ROMEO, "garden")
    juliet.run("get", url)
    online.wait_for_message(lambda m: m["body"] == f"{juliet_jid} has fetched \u201cdraft.txt\u201d ({url}).")
    still, first, second = details(romeo.run("ls", "-l"))
    assert still == until
    assert re.fullmatch("juliet@capulet.localhost  " + TIME, first) and second.endswith("  not yet")
    benvolio.run("get", url)
    online.wait_for_message(lambda m: m["body"].startswith("benvolio@localhost has fetched"))
    sooner, _, second = details(romeo.run("ls", "-l"))
    assert sooner < until
    assert re.fullmatch("benvolio@localhost/home   " + TIME, second)


def test_fetched_by_others_and_in_part(world, prosody):
    """Who is no longer on the list is shown too, and who has only the beginning."""
    world.daemon(prosody)
    romeo, juliet = user(world, ROMEO), world.person(juliet_jid, "balcony")
    romeo.file("a.txt", b"0123456789")
    url = romeo.run("send", "a.txt", juliet_jid, BENVOLIO).strip()
    assert juliet.get(url, headers={"Range": "bytes=0-3"}).status_code == 206
    world.daemons[-1].wait_for("status=206")
    world.daemons[-1].stop()
    world.daemons[-1].start()
    assert details(romeo.run("ls", "-l")) == ["juliet@capulet.localhost  not yet (4 bytes)", "benvolio@localhost/home   not yet"]
    assert juliet.get(url).status_code == 200
    romeo.run("share", url, BENVOLIO)
    world.daemons[-1].stop()
    world.daemons[-1].start()
    first, second = details(romeo.run("ls", "-l"))
    assert first == "benvolio@localhost/home           not yet"
    assert re.fullmatch("juliet@capulet.localhost/balcony  " + TIME, second)


def test_refused_as_a_whole(world, prosody):
    """What cannot be set is said, and no file is left that is kept otherwise than was asked for."""
    daemon = world.daemon(prosody)
    romeo = user(world, ROMEO)
    romeo.file("a.txt", b"hello")
    assert romeo.run("send", "--expires", "1ms", "a.txt", juliet_jid, code=1) == ""
    assert "That time is past." in romeo.error and "a.txt was not sent" in romeo.error
    daemon.wait_for("method=DELETE")
    assert romeo.run("ls") == ""


@pytest.mark.parametrize("time", ["", "0", "7", "week", "-1d", "7 d"])
def test_no_time(world, prosody, time):
    world.daemon(prosody)
    romeo = user(world, ROMEO)
    romeo.file("a.txt", b"hello")
    romeo.run("send", "--expires", time, "a.txt", juliet_jid, code=2)
    assert "--expires" in romeo.error
