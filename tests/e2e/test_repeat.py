"""The same GET again and again on connections that are kept: what is answered from memory ends with what it rests on."""

import re
import socket
import time
from email.utils import parsedate_to_datetime

import pytest

from adhoc import Command
from daemon import basic
from passwords import Device, device, rows
from servers import wait_until
from test_passwords import mint
from wire import Reader, head

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"
AGAIN = 20


class Kept:
    """Connections that send one and the same head."""

    def __init__(self, daemon, jid, password, path="/c/f", fields=(), source="127.0.0.1", connections=4):
        self.bytes = head(daemon, f"GET {path} HTTP/1.1", *fields, "Authorization: " + basic(jid, password)["Authorization"])
        self.sockets = [socket.create_connection(("127.0.0.1", daemon.port), timeout=20, source_address=(source, 0))
                        for _ in range(connections)]
        self.readers = [Reader(s) for s in self.sockets]

    def ask(self, times=1):
        answers = []
        for _ in range(times):
            for s, reader in zip(self.sockets, self.readers):
                s.sendall(self.bytes)
                answers.append(reader.answer())
        return answers

    def statuses(self, times=1):
        return {answer.status for answer in self.ask(times)}

    def close(self):
        for s in self.sockets:
            s.close()


@pytest.fixture
def kept(world, prosody):
    """Juliet's, of Romeo's file /c/f that the list of /c names her for; each loop has answered it often."""
    daemon = world.daemon(prosody, trusted_proxies="127.0.0.3")
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    romeo.device = Device(daemon, ROMEO, mint(daemon, ROMEO))
    assert romeo.device.status("MKCOL", "/c/") == 201
    assert romeo.device.status("PUT", "/c/f", b"content") == 201
    romeo.share("/c/", [JULIET])
    juliet.device = device(juliet)
    kept = Kept(daemon, JULIET, juliet.device.password)
    kept.romeo, kept.juliet, kept.daemon = romeo, juliet, daemon
    assert kept.statuses(AGAIN) == {200}
    yield kept
    kept.close()


def test_the_same_answer(kept):
    """Field by field, but for the time; each is logged with who asked."""
    first = Kept(kept.daemon, JULIET, kept.juliet.device.password, fields=["X-Never-Before: 1"], connections=1)
    wanted = first.ask()[0]
    first.close()
    before = len(re.findall(r"event=request method=GET .*/c/f status=200", kept.daemon.log()))
    for answer in kept.ask(AGAIN):
        assert answer.body == b"content"
        assert {**answer.fields, "date": ""} == {**wanted.fields, "date": ""}
        assert abs(parsedate_to_datetime(answer.fields["date"]).timestamp() - time.time()) < 5
    kept.daemon.wait_for(rf"event=request method=GET url=\S+/c/f status=200 address=127.0.0.1 jid={JULIET} agent=-$",
                         count=before + AGAIN * len(kept.sockets))


def test_each_second(kept):
    """What was answered from memory is looked up again, and the time moves on."""
    dates, deadline = set(), time.monotonic() + 20
    while len(dates) < 4 and time.monotonic() < deadline:
        dates |= {answer.fields["date"] for answer in kept.ask() if answer.status == 200}
    assert len(dates) >= 4
    rows(kept.daemon, "UPDATE content SET inline = CAST('CONTENT' AS BLOB)")
    wait_until(lambda: {answer.body for answer in kept.ask()} == {b"CONTENT"}, "what another process has changed is seen")


def test_narrowed(kept):
    for _ in range(10):
        kept.romeo.share("/c/", [])
        assert kept.statuses(AGAIN) == {403}
        kept.romeo.share("/c/", [JULIET])
        assert kept.statuses(AGAIN) == {200}
        kept.romeo.share("/c/f", [])
        assert kept.statuses(AGAIN) == {403}
        kept.romeo.share("/c/f", None)
        assert kept.statuses(AGAIN) == {200}


def test_replaced(kept):
    for n in range(10):
        assert kept.romeo.device.status("PUT", "/c/f", b"%d" % n) == 204
        assert {answer.body for answer in kept.ask(AGAIN)} == {b"%d" % n}
        assert len({answer.fields["etag"] for answer in kept.ask(AGAIN)}) == 1


def test_gone(kept):
    base = kept.daemon.base
    for away, back in ((("DELETE", "/c/f"), ("PUT", "/c/f", b"content")),
                       (("MOVE", "/c/f", None, f"{base}/c/g"), ("MOVE", "/c/g", None, f"{base}/c/f")),
                       (("MOVE", "/c/", None, f"{base}/d/"), ("MOVE", "/d/", None, f"{base}/c/"))):
        for step, wanted in ((away, {403}), (back, {200})):
            method, path, body, destination = (*step, None, None)[:4]
            headers = {"Destination": destination} if destination else {}
            assert kept.romeo.device.status(method, path, body, **headers) in (201, 204)
            assert kept.statuses(AGAIN) == wanted


def test_revoked(kept):
    ids = list(Command(kept.juliet, "password-list").fields)
    Command(kept.juliet, "password-revoke").submit(passwords=ids)
    assert kept.statuses(AGAIN) == {401}


def test_revoked_by_another_process(kept):
    rows(kept.daemon, "DELETE FROM password WHERE jid = ?", JULIET)
    wait_until(lambda: kept.statuses() == {401}, "a password that another process has revoked is refused", seconds=5)


def test_expires_in_between(kept):
    """At the moment, and not when memory is looked at again."""
    due = time.time() + 2
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(due)) + f".{int(due % 1 * 1000):03}Z"
    patch = (f"<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><expires xmlns='urn:missive:dav'>{stamp}</expires></D:prop>"
             "</D:set></D:propertyupdate>")
    assert kept.romeo.device.status("PROPPATCH", "/c/f", patch) == 207
    late, deadline = [], time.monotonic() + 20
    while time.monotonic() < deadline:
        asked = time.time()
        statuses = kept.statuses()
        if asked > due + 0.01:
            late.append(statuses)
            break
    assert late == [{403}]


def test_only_the_same_bytes_from_the_same_address(kept):
    """Another password, another path, another address: each is looked at by itself, and logged as what it is."""
    wrong = Kept(kept.daemon, JULIET, "mv-" + "a" * 26)
    assert wrong.statuses(AGAIN) == {401}
    other = Kept(kept.daemon, JULIET, kept.juliet.device.password, path="/c/g")
    assert other.statuses(AGAIN) == {403}
    away = Kept(kept.daemon, JULIET, kept.juliet.device.password, source="127.0.0.2")
    for _ in range(AGAIN):
        assert kept.statuses() | away.statuses() == {200}
    kept.daemon.wait_for(r"status=200 address=127.0.0.2 ", count=AGAIN * 4)
    proxied = [Kept(kept.daemon, JULIET, kept.juliet.device.password, source="127.0.0.3", connections=1,
                    fields=[f"X-Forwarded-For: {address}"]) for address in ("192.0.2.1", "192.0.2.2")]
    for _ in range(AGAIN):
        assert [one.statuses() for one in proxied] == [{200}, {200}]
    for address in ("192.0.2.1", "192.0.2.2"):
        kept.daemon.wait_for(rf"status=200 address={address} ", count=AGAIN)
    for one in (wrong, other, away, *proxied):
        one.close()


def test_behind_each_other(kept):
    """Many at once in one packet, and one cut in pieces."""
    s, reader = kept.sockets[0], kept.readers[0]
    s.sendall(kept.bytes * AGAIN)
    assert [reader.answer().body for _ in range(AGAIN)] == [b"content"] * AGAIN
    for cut in (1, 4, len(kept.bytes) // 2, len(kept.bytes) - 4, len(kept.bytes) - 1):
        s.sendall(kept.bytes[:cut])
        kept.sockets[1].sendall(kept.bytes)
        assert kept.readers[1].answer().body == b"content"
        s.sendall(kept.bytes[cut:])
        assert reader.answer().body == b"content"
    s.sendall(kept.bytes + kept.bytes.replace(b"/c/f", b"/c/g"))
    assert [reader.answer().status for _ in range(2)] == [200, 403]


def test_told_to_the_owner(kept):
    """Who has fetched is known, although most answers came from memory."""
    wait_until(lambda: rows(kept.daemon, "SELECT bare FROM fetch WHERE whole > 0") == [(JULIET,)], "the fetch is kept")
