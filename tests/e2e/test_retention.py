"""How long files are kept, who has fetched them, and what their owners are told of it."""

import re
import sqlite3
import time
import xml.etree.ElementTree as ET
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest

from daemon import Daemon, basic
from servers import free_port, wait_until
from test_sync import Account
from wire import connect, head

ROMEO, BENVOLIO, JULIET = "romeo@localhost", "benvolio@localhost", "juliet@capulet.localhost"
MISSIVE = "urn:missive:dav"


def soon(check):
    return wait_until(check, "what should come by itself")


def in_seconds(seconds):
    """A time as the property has it, whole seconds at least that far ahead; and the same as a number."""
    when = (datetime.now(timezone.utc) + timedelta(seconds=seconds + 1)).replace(microsecond=0)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ"), when.timestamp()


def patch(who, path, verb="set", **properties):
    inside = "".join(f"<{name} xmlns='{MISSIVE}'>{value}</{name}>" for name, value in properties.items())
    body = f"<D:propertyupdate xmlns:D='DAV:'><D:{verb}><D:prop>{inside}</D:prop></D:{verb}></D:propertyupdate>"
    return who.request("PROPPATCH", path, body.encode())


def set_all(who, path, **properties):
    answer = patch(who, path, **properties)
    assert answer.status_code == 207 and " 200 " in answer.text, answer.text


def find(who, path, *names):
    """{name: element} of those that are there."""
    inside = "".join(f"<{name} xmlns='{MISSIVE}'/>" for name in names)
    body = f"<D:propfind xmlns:D='DAV:'><D:prop>{inside}</D:prop></D:propfind>".encode()
    answer = who.request("PROPFIND", path, body, **({"Depth": "0"} if isinstance(who, Account) else {}))
    assert answer.status_code == 207, answer.text
    return {prop.tag.split("}")[1]: prop for propstat in ET.fromstring(answer.content).iter("{DAV:}propstat")
            if " 200 " in propstat.find("{DAV:}status").text for prop in propstat.find("{DAV:}prop")}


def expires_of(who, path):
    found = find(who, path, "expires")
    return found["expires"].text if found else None


def fetches_of(who, path):
    return {fetch.get("jid"): fetch for fetch in find(who, path, "fetches")["fetches"]}


def have_whole(who, path, *jids):
    """Waits until it is told that these have all of it."""
    soon(lambda: {jid for jid, fetch in fetches_of(who, path).items() if fetch.get("whole")} == set(jids))


def share(who, path, *jids):
    inside = "".join(f"<jid>{jid}</jid>" for jid in jids)
    body = ("<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>"
            f"{inside}</jidlist></D:prop></D:set></D:propertyupdate>")
    assert " 200 " in who.request("PROPPATCH", path, body.encode()).text


def put(who, path, body=b"hello"):
    assert who.request("PUT", path, body).status_code in (201, 204)


def told(daemon, person):
    """What this daemon has told them: something of an earlier one may have been kept for them."""
    return [message["body"] for message in list(person.messages) if daemon.base in message["body"]]


@pytest.fixture
def people(world, prosody):
    """Makes a daemon with these settings, which tells nobody that files go; Romeo, Juliet and Benvolio with app passwords."""
    def make(**settings):
        daemon = world.daemon(prosody, **{"expiry_notice": "0", **settings})
        return daemon, *(Account(daemon, jid) for jid in (ROMEO, JULIET, BENVOLIO))
    return make


# ---- until when ----

def test_expires(people):
    """From its time on a file is not there, as if it had been deleted; who synchronises learns it."""
    daemon, romeo, juliet, _ = people()
    put(romeo, "/a")
    share(romeo, "/a", JULIET)
    assert romeo.request("MKCOL", "/c").status_code == 201
    put(romeo, "/c/b")
    token, found = romeo.sync("/c/")
    when, at = in_seconds(2)
    for path in ("/a", "/c/b"):
        set_all(romeo, path, expires=when)
        assert expires_of(romeo, path) == when
    assert expires_of(juliet, "/a") == when
    assert juliet.request("GET", "/a").status_code == 200
    while time.time() < at:
        began = time.time()
        status = juliet.request("GET", "/a").status_code
        assert status == 200 or (status == 403 and time.time() >= at), began - at
    for who, status in ((romeo, 404), (juliet, 403)):
        gone, never = (who.request("GET", path) for path in ("/a", "/never"))
        assert (gone.status_code, gone.text) == (never.status_code, never.text)
        assert gone.status_code == status
        assert who.request("PROPFIND", "/a", Depth="0").status_code == 404
    daemon.wait_for("event=expired files=", seconds=5)
    soon(lambda: romeo.sync("/c/", token)[1] == {"/c/b": 404})
    put(romeo, "/a", b"another")
    assert expires_of(romeo, "/a") is None


@pytest.mark.parametrize("value", ["", "tomorrow", "1893456000", "2031-02-30T00:00:00Z", "2031-02-03", "1999-12-31T23:59:59Z"])
def test_expires_refused(people, value):
    """All or nothing, and it says what is wrong."""
    _, romeo, juliet, _ = people()
    put(romeo, "/a")
    share(romeo, "/a", JULIET)
    answer = patch(romeo, "/a", once="1", expires=value)
    assert " 409 " in answer.text and " 424 " in answer.text
    assert "RFC 3339" in answer.text or "past" in answer.text
    assert not find(romeo, "/a", "expires", "once")
    assert patch(juliet, "/a", expires=in_seconds(60)[0]).status_code == 403


def test_for_files_only(people):
    _, romeo, _, _ = people()
    romeo.request("MKCOL", "/c")
    for name, value in (("expires", in_seconds(60)[0]), ("once", "1"), ("notify", "1")):
        assert " 409 " in patch(romeo, "/c/", **{name: value}).text
        assert not find(romeo, "/c/", name, "fetches")
    put(romeo, "/a")
    assert " 409 " in patch(romeo, "/a", once="yes").text
    assert " 403 " in patch(romeo, "/a", fetches="").text


def test_moves_and_copies(people):
    """MOVE keeps the time, COPY is a new file, new content leaves what the owner has set; removing it is for ever."""
    _, romeo, _, _ = people(expires="90d")
    put(romeo, "/a")
    standard = expires_of(romeo, "/a")
    assert standard
    when, _ = in_seconds(3600)
    set_all(romeo, "/a", expires=when)
    romeo.request("MOVE", "/a", Destination="/b")
    assert expires_of(romeo, "/b") == when
    put(romeo, "/b", b"new")
    assert expires_of(romeo, "/b") == when
    romeo.request("COPY", "/b", Destination="/copy")
    assert expires_of(romeo, "/copy") >= standard
    assert " 200 " in patch(romeo, "/b", verb="remove", expires="").text
    assert expires_of(romeo, "/b") is None


def test_while_nothing_is_written(people):
    """The time counts, not the removing: another process holds the database."""
    daemon, romeo, juliet, _ = people()
    romeo.request("MKCOL", "/c")
    put(romeo, "/c/a")
    put(romeo, "/c/b")
    share(romeo, "/c/", JULIET)
    when, at = in_seconds(2)
    set_all(romeo, "/c/a", expires=when)
    with closing(sqlite3.connect(f"{daemon.store}/missive.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        soon(lambda: time.time() >= at)
        assert juliet.request("GET", "/c/a").status_code == 403
        assert romeo.request("GET", "/c/a").status_code == 404
        assert juliet.request("GET", "/c/b").status_code == 200
        assert "/c/a" not in juliet.request("PROPFIND", "/c/", Depth="1").text
        db.execute("COMMIT")
    daemon.wait_for("event=expired files=1")


def test_restart_with_due_files(people):
    daemon, romeo, _, _ = people()
    when, at = in_seconds(1)
    for i in range(700):
        put(romeo, f"/{i}")
    with closing(sqlite3.connect(f"{daemon.store}/missive.db")) as db:
        daemon.kill()
        db.execute("UPDATE resource SET expires = ? WHERE parent = 1 AND name <> '0'", (int(at * 1000),))
        db.commit()
    soon(lambda: time.time() >= at)
    daemon.start()
    assert romeo.request("GET", "/7").status_code == 404
    assert romeo.request("GET", "/0").status_code == 200
    daemon.wait_for("event=expired files=", count=2)
    assert romeo.request("PROPFIND", "/", Depth="1").text.count("<D:response>") == 2


# ---- who has fetched it ----

def test_fetches(world, server):
    """Who was sent how much, and when it was all; for the owner alone."""
    daemon = world.daemon(server)
    romeo, juliet = world.person(ROMEO), world.person(JULIET, "balcony")
    account = Account(daemon, JULIET)
    assert romeo.put("/a", b"0123456789").status_code == 201
    romeo.share("/a", [JULIET, BENVOLIO])
    assert not fetches_of(romeo, "/a")
    assert romeo.get("/a").status_code == 200
    assert juliet.request("HEAD", "/a").status_code == 200
    assert juliet.get("/a", headers={"Range": "bytes=0-1,3-4"}).status_code == 206
    assert juliet.get("/a", headers={"Range": "bytes=4-5"}).status_code == 206
    assert juliet.get("/a", headers={"Range": "bytes=0-3"}).status_code == 206
    soon(lambda: fetches_of(romeo, "/a"))
    (jid, fetch), = fetches_of(romeo, "/a").items()
    assert jid == juliet.full and fetch.get("bytes") == "4" and fetch.get("whole") is None and fetch.get("time")
    assert juliet.get("/a", headers={"Range": "bytes=4-9"}).status_code == 206
    have_whole(romeo, "/a", juliet.full)
    assert account.request("GET", "/a").status_code == 200
    have_whole(romeo, "/a", juliet.full, JULIET)
    assert not find(juliet, "/a", "fetches", "once", "notify")
    assert romeo.put("/a", b"new", new=False).status_code == 204
    assert not fetches_of(romeo, "/a")


def test_resumed(people):
    """What was cut off and is gone on with counts as all of it."""
    daemon, romeo, juliet, _ = people()
    put(romeo, "/a", b"x" * (8 << 20))
    share(romeo, "/a", JULIET)
    with juliet.session.get(daemon.base + "/a", headers=basic(JULIET, juliet.password), stream=True) as answer:
        got = len(answer.raw.read(1 << 20))
    soon(lambda: fetches_of(romeo, "/a"))
    fetch = fetches_of(romeo, "/a")[JULIET]
    assert got <= int(fetch.get("bytes")) < 8 << 20 and fetch.get("whole") is None
    assert juliet.request("GET", "/a", Range=f"bytes={got}-").status_code == 206
    have_whole(romeo, "/a", JULIET)


def test_stop_loses_nothing(people):
    daemon, romeo, juliet, benvolio = people()
    put(romeo, "/a")
    share(romeo, "/a", JULIET, BENVOLIO)
    for who in (juliet, benvolio):
        assert who.request("GET", "/a").status_code == 200
    daemon.stop()
    with closing(sqlite3.connect(f"{daemon.store}/missive.db")) as db:
        assert db.execute("SELECT count(*) FROM fetch WHERE whole > 0").fetchone() == (2,)


def test_once(people):
    """It goes a while after the last one on its list has it, not before."""
    daemon, romeo, juliet, benvolio = people(once_kept="1s")
    put(romeo, "/a")
    set_all(romeo, "/a", once="1")
    assert find(romeo, "/a", "once")["once"].text == "1"
    share(romeo, "/a", JULIET, BENVOLIO)
    assert juliet.request("GET", "/a").status_code == 200
    have_whole(romeo, "/a", JULIET)
    assert expires_of(romeo, "/a") is None
    assert benvolio.request("GET", "/a").status_code == 200
    daemon.wait_for("event=expired files=1")
    assert romeo.request("GET", "/a").status_code == 404


# ---- what is told ----

def test_notify(world, server):
    """Its owner hears of the first whole fetch of each, not of parts, and not without having asked."""
    daemon = world.daemon(server)
    romeo, juliet = world.person(ROMEO), Account(daemon, JULIET)
    for path in ("/quiet", "/told"):
        assert romeo.put(path).status_code == 201
        romeo.share(path, [JULIET])
    set_all(romeo, "/told", notify="1")
    assert juliet.request("GET", "/quiet").status_code == 200
    assert juliet.request("GET", "/told", Range="bytes=0-3").status_code == 206
    assert juliet.request("GET", "/told").status_code == 200
    message = romeo.wait_for_message(lambda m: daemon.base in m["body"])
    assert message["body"] == f"{JULIET} has fetched \u201ctold\u201d ({daemon.base}/told)."
    assert message["from"] == "files.localhost"
    soon(lambda: not notices_of(daemon))
    assert len(told(daemon, romeo)) == 1


def notices_of(daemon):
    with closing(sqlite3.connect(f"file:{daemon.store}/missive.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT kind, name FROM notice").fetchall()


def test_told_when_the_link_is_up(world, prosody, tmp_path):
    """While nobody can be told it waits, through a restart; then all that is alike is one message, with names that are safe."""
    daemon = Daemon(tmp_path / "alone", free_port(), expires="1h")
    world.daemons.append(daemon)
    world.server = prosody
    daemon.start(link=False)
    account, juliet = Account(daemon, ROMEO), Account(daemon, JULIET)
    for i in range(25):
        put(account, f"/{i:02}%E2%80%AEfdp" if i == 3 else f"/{i:02}" + "n" * (100 if i == 4 else 0))
    share(account, "/00", JULIET)
    set_all(account, "/00", notify="1")
    assert juliet.request("GET", "/00").status_code == 200
    soon(lambda: len(notices_of(daemon)) == 26)
    daemon.stop()
    daemon.settings["xmpp"]["server"] = f"127.0.0.1:{prosody.component}"
    daemon.start()
    romeo = world.person(ROMEO)
    lines = romeo.wait_for_message(lambda m: daemon.base in m["body"] and "is kept until" in m["body"])["body"].split("\n")
    assert len(lines) == 21 and lines[20] == "And 5 more."
    assert re.fullmatch(r"\u201c00\u201d \(" + re.escape(daemon.base) +
                        r"/00\) is kept until \d{4}-\d\d-\d\d \d\d:\d\d UTC and deleted then\.", lines[0])
    assert lines[3].startswith("a file (")
    assert lines[4].startswith("\u201c04" + "n" * 62 + "\u2026\u201d ")
    romeo.wait_for_message(lambda m: "has fetched" in m["body"])
    soon(lambda: not notices_of(daemon))
    assert len(told(daemon, romeo)) == 2


def test_told_before_it_goes(world, prosody):
    """Some time before, once; who has just set a short time is told nothing."""
    daemon = world.daemon(prosody, expiry_notice="1h")
    romeo = world.person(ROMEO)
    for path in ("/known", "/a"):
        assert romeo.put(path).status_code == 201
    set_all(romeo, "/known", expires=in_seconds(1800)[0])
    set_all(romeo, "/a", expires=in_seconds(3601)[0])
    message = romeo.wait_for_message(lambda m: daemon.base in m["body"])
    assert "\u201ca\u201d" in message["body"] and "is kept until" in message["body"]
    soon(lambda: not notices_of(daemon))
    assert len(told(daemon, romeo)) == 1
