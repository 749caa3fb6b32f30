"""REPORT sync-collection: RFC 6578, level 1, on collections of the asker's own."""

import os
import shutil
import socket
import sqlite3
import time
import xml.etree.ElementTree as ET

import pytest
import requests

from daemon import basic
from test_passwords import mint

ROMEO, BENVOLIO, JULIET = "romeo@localhost", "benvolio@localhost", "juliet@capulet.localhost"
D = "{DAV:}"


class Account:
    def __init__(self, daemon, jid):
        self.daemon, self.jid, self.password = daemon, jid, mint(daemon, jid)
        self.session = requests.Session()

    def request(self, method, path, body=None, **headers):
        return self.session.request(method, self.daemon.base + path, data=body, timeout=60,
                                    headers={**basic(self.jid, self.password), **headers})

    def report(self, path, token="", limit=None, level="1", prop="<getetag/>", **headers):
        limit = f"<limit><nresults>{limit}</nresults></limit>" if limit is not None else ""
        body = (f"<sync-collection xmlns='DAV:'><sync-token>{token}</sync-token><sync-level>{level}</sync-level>{limit}"
                f"<prop>{prop}</prop></sync-collection>")
        return self.request("REPORT", path, body.encode(), **headers)

    def sync(self, path, token="", **how):
        """The new token and {href: status}: 200 changed, 404 gone, 507 there is more."""
        answer = self.report(path, token, **how)
        assert answer.status_code == 207, answer.text
        root = ET.fromstring(answer.content)
        found = {}
        for response in root.iterfind(f"{D}response"):
            href = response.findtext(f"{D}href")
            assert href not in found
            assert response.findtext(f"{D}status") or response.findtext(f"{D}propstat/{D}status")
            found[href] = int((response.findtext(f"{D}status") or "HTTP/1.1 200").split()[1])
        return root.findtext(f"{D}sync-token"), found


@pytest.fixture
def romeo(world, prosody):
    romeo = Account(world.daemon(prosody), ROMEO)
    assert romeo.request("MKCOL", "/c").status_code == 201
    return romeo


def test_changes(romeo):
    for name in "abc":
        romeo.request("PUT", f"/c/{name}", b"x")
    token, found = romeo.sync("/c")
    assert found == {"/c/a": 200, "/c/b": 200, "/c/c": 200}
    assert romeo.sync("/c/", token) == (token, {})
    romeo.request("PUT", "/c/a", b"y")
    romeo.request("DELETE", "/c/b")
    romeo.request("MKCOL", "/c/d")
    romeo.request("PUT", "/c/d/below", b"not a member")
    romeo.request("PROPPATCH", "/c/c", b"<propertyupdate xmlns='DAV:'><set><prop><x xmlns='urn:x'/></prop></set></propertyupdate>")
    second, found = romeo.sync("/c", token)
    assert found == {"/c/a": 200, "/c/b": 404, "/c/c": 200, "/c/d/": 200}
    romeo.request("MOVE", "/c/c", Destination=romeo.daemon.base + "/elsewhere")
    romeo.request("PUT", "/c/b", b"again")
    romeo.request("COPY", "/elsewhere", Destination=romeo.daemon.base + "/c/copy")
    third, found = romeo.sync("/c", second)
    assert found == {"/c/b": 200, "/c/c": 404, "/c/copy": 200}
    assert romeo.sync("/c", third)[1] == {}
    assert romeo.sync("/c", token)[1].keys() == {"/c/a", "/c/b", "/c/c", "/c/d/", "/c/copy"}
    everything = romeo.sync("/c")[1]
    assert everything.keys() == {"/c/a", "/c/b", "/c/copy", "/c/d/"}, "the first report tells of nothing that is gone"


def test_properties(romeo):
    """What is asked for is told of each, and what is not there is 404 within its response."""
    etag = romeo.request("PUT", "/c/a", b"x").headers["ETag"]
    text = romeo.report("/c", prop="<getetag/><getcontentlength/><x xmlns='urn:x'/>").text
    assert etag.replace('"', '"') in text and "<D:getcontentlength>1<" in text and '<x xmlns="urn:x"/>' in text and "404" in text


def test_limit(romeo):
    """A client that takes ten at a time gets all, with 507 for the collection while there is more."""
    names = [f"/c/{i:03}" for i in range(35)]
    for name in names:
        romeo.request("PUT", name, b"x")
    romeo.request("DELETE", names[7])
    seen, token, rounds = {}, "", 0
    while True:
        token, found = romeo.sync("/c", token, limit=10)
        rounds += 1
        more = found.pop("/c/", None)
        assert len(found) <= 10
        seen.update(found)
        if more is None:
            break
        assert more == 507
    assert rounds == 4 and {name for name, status in seen.items() if status == 200} == set(names) - {names[7]}
    assert romeo.sync("/c", token)[1] == {}
    assert romeo.report("/c", limit=0).status_code == 400 and romeo.report("/c", limit="many").status_code == 400


def test_spelling(romeo):
    """A name that is gone is told as it was shown."""
    nfd = "/c/e%CC%81"
    romeo.request("PUT", nfd, b"x")
    token, found = romeo.sync("/c")
    assert found == {nfd: 200}
    romeo.request("DELETE", "/c/%C3%A9")
    assert romeo.sync("/c", token)[1] == {nfd: 404}


def test_tokens(romeo):
    token, _ = romeo.sync("/c")
    text = romeo.request("PROPFIND", "/c", b"<propfind xmlns='DAV:'><prop><sync-token/><supported-report-set/></prop></propfind>",
                         Depth="0").text
    assert f"<D:sync-token>{token}</D:sync-token>" in text and "<D:sync-collection/>" in text
    opening, collection, number = token.rsplit(":", 2)
    for wrong in ("nonsense", "urn:missive:sync:", "urn:missive:sync:-1", f"urn:missive:sync:{number}", f"{token}x", f"{token}:1",
                  f"{opening}:{collection}:{int(number) + 1000}", f"{opening}:{int(collection) + 1}:{number}", f"{opening}:{collection}:",
                  f"urn:missive:sync:{'0' * 32}:{collection}:{number}", f"urn:missive:sync::{collection}:{number}"):
        answer = romeo.report("/c", wrong)
        assert answer.status_code == 403 and "valid-sync-token" in answer.text, wrong
    romeo.daemon.kill()
    romeo.daemon.start()
    assert romeo.sync("/c", token)[1] == {}


def test_forgotten(romeo):
    """Deletions are known for 90 days; a token from before them is refused, one from behind goes on."""
    old, _ = romeo.sync("/c")
    romeo.request("PUT", "/c/a", b"x")
    romeo.request("DELETE", "/c/a")
    new, _ = romeo.sync("/c")
    romeo.daemon.stop()
    with sqlite3.connect(f"{romeo.daemon.store}/missive.db") as db:
        db.execute("UPDATE tombstone SET time = time - 91 * 24 * 3600 * 1000")
    db.close()
    romeo.daemon.start()
    romeo.request("MKCOL", "/behind-what-was-queued")
    answer = romeo.report("/c", old)
    assert answer.status_code == 403 and "valid-sync-token" in answer.text
    assert romeo.sync("/c", new)[1] == {}
    with sqlite3.connect(f"file:{romeo.daemon.store}/missive.db?mode=ro", uri=True) as db:
        assert db.execute("SELECT count(*) FROM tombstone").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize("again", ["MKCOL", "MOVE", "COPY"])
def test_another_collection(romeo, again):
    """Under the URL stands another collection: what the old one had is told by nobody, so that a client must begin again."""
    romeo.request("MKCOL", "/other")
    romeo.request("PUT", "/other/new", b"x")
    romeo.request("PUT", "/c/old", b"x")
    token, _ = romeo.sync("/c")
    if again == "MKCOL":
        romeo.request("DELETE", "/c")
        romeo.request("MKCOL", "/c")
        romeo.request("PUT", "/c/new", b"x")
    else:
        assert romeo.request(again, "/other", Destination=romeo.daemon.base + "/c").status_code == 204
    answer = romeo.report("/c", token)
    assert answer.status_code == 403 and "valid-sync-token" in answer.text
    assert romeo.sync("/c")[1] == {"/c/new": 200}


def test_moved_with_its_token(romeo):
    romeo.request("PUT", "/c/a", b"x")
    token, _ = romeo.sync("/c")
    romeo.request("MOVE", "/c", Destination=romeo.daemon.base + "/d")
    romeo.request("PUT", "/d/b", b"x")
    assert romeo.sync("/d", token)[1] == {"/d/b": 200}


def test_put_back(romeo):
    """The store is put back to an older state: tokens from behind it are refused, those from before it go on; no ETag comes again."""
    daemon = romeo.daemon
    romeo.request("PUT", "/c/a", b"x")
    before, _ = romeo.sync("/c")
    daemon.stop()
    shutil.copytree(daemon.store, f"{daemon.store}-old")
    daemon.start()
    lost = {romeo.request("PUT", f"/c/lost{i}", b"x").headers["ETag"] for i in range(3)}
    behind, _ = romeo.sync("/c")
    daemon.stop()
    shutil.rmtree(daemon.store)
    os.rename(f"{daemon.store}-old", daemon.store)
    daemon.start()
    found = {romeo.request("PUT", f"/c/found{i}", b"x").headers["ETag"] for i in range(9)}
    assert not lost & found
    answer = romeo.report("/c", behind)
    assert answer.status_code == 403 and "valid-sync-token" in answer.text
    assert romeo.sync("/c", before)[1].keys() == {f"/c/found{i}" for i in range(9)}


@pytest.mark.parametrize("meanwhile", ["DELETE", "MOVE", "again"])
def test_gone_between_pages(world, prosody, meanwhile):
    """A page behind the first is of the same collection or none: never of the root, with what others have there."""
    daemon = world.daemon(prosody)
    romeo, benvolio = Account(daemon, ROMEO), Account(daemon, BENVOLIO)
    romeo.request("MKCOL", "/c")
    romeo.request("PUT", "/c/0000", b"x")
    patch = f"<propertyupdate xmlns='DAV:'><set><prop><p xmlns='urn:x'>{'v' * 60000}</p></prop></set></propertyupdate>"
    romeo.request("PROPPATCH", "/c/0000", patch.encode())
    for i in range(1, 250):
        assert romeo.request("COPY", "/c/0000", Destination=f"{daemon.base}/c/{i:04}").status_code == 201
    benvolio.request("PUT", "/the-secret-of-benvolio", b"x")
    romeo.request("PUT", "/c/last", b"x")
    body = (b"<sync-collection xmlns='DAV:'><sync-token/><sync-level>1</sync-level><prop><owner/><p xmlns='urn:x'/></prop>"
            b"</sync-collection>")
    with socket.socket() as s:
        s.settimeout(20)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", daemon.port))
        s.sendall((f"REPORT /c HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
                   f"Authorization: {basic(ROMEO, romeo.password)['Authorization']}\r\n\r\n").encode() + body)
        got = s.recv(4096)
        assert b" 207 " in got
        romeo.request("MOVE" if meanwhile == "MOVE" else "DELETE", "/c", Destination=f"{daemon.base}/d")
        if meanwhile == "again":
            romeo.request("MKCOL", "/c")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        with pytest.raises(ConnectionResetError):
            while more := s.recv(1 << 20):
                got += more
    assert b"benvolio" not in got and b"sync-token" not in got and not got.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("body,headers,status", [
    (b"<sync-collection xmlns='DAV:'><sync-level>1</sync-level><prop/></sync-collection>", {}, 400),
    (b"<sync-collection xmlns='DAV:'><sync-token/><prop/></sync-collection>", {}, 400),
    (b"<sync-collection xmlns='DAV:'><sync-token/><sync-level>1</sync-level></sync-collection>", {}, 400),
    (b"<sync-collection xmlns='DAV:'><sync-token/><sync-level>1</sync-level><prop/></sync-collection>", {"Depth": "1"}, 400),
    (b"<sync-collection xmlns='DAV:'><sync-token/><sync-level>infinite</sync-level><prop/></sync-collection>", {}, 403),
    (b"<expand-property xmlns='DAV:'/>", {}, 403), (b"<version-tree xmlns='DAV:'/>", {}, 403), (b"", {}, 400), (b"<a", {}, 400)])
def test_refused(romeo, body, headers, status):
    assert romeo.request("REPORT", "/c", body, **headers).status_code == status


def test_elsewhere(world, prosody):
    """On collections of the asker's own alone: elsewhere 403, and 404 where there is nothing that they may see."""
    daemon = world.daemon(prosody)
    romeo, benvolio, juliet = (Account(daemon, jid) for jid in (ROMEO, BENVOLIO, JULIET))
    romeo.request("MKCOL", "/c")
    romeo.request("PUT", "/c/a", b"x")
    romeo.request("PROPPATCH", "/c", (
        "<propertyupdate xmlns='DAV:'><set><prop><jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>"
        f"<jid>{JULIET}</jid></jidlist></prop></set></propertyupdate>").encode())
    for account, path, status in ((romeo, "/", 403), (romeo, "/c/a", 403), (juliet, "/c", 403), (benvolio, "/c", 403),
                                  (juliet, "/", 403), (romeo, "/none", 404), (juliet, "/none", 403)):
        assert account.report(path).status_code == status, (account.jid, path)
    assert "sync-token" not in juliet.request("PROPFIND", "/c", b"<propfind xmlns='DAV:'><allprop/></propfind>", Depth="0").text


def test_many(romeo):
    """Of 100,000 members, what has changed is told without looking at the others."""
    romeo.daemon.stop()
    with sqlite3.connect(f"{romeo.daemon.store}/missive.db") as db:
        resource, change = db.execute("SELECT resource, change FROM counter").fetchone()
        parent = db.execute("SELECT id FROM resource WHERE name = 'c'").fetchone()[0]
        db.execute("INSERT INTO content (length, inline) VALUES (0, x'')")
        content = db.execute("SELECT max(id) FROM content").fetchone()[0]
        db.executemany(
            "INSERT INTO resource (parent, name, id, collection, owner, content, created, modified, change)"
            " VALUES (?, ?, ?, 0, ?, ?, 0, 0, ?)",
            ((parent, f"{i:06}", resource + 1 + i, ROMEO, content, change + 1 + i) for i in range(100000)))
        db.execute("UPDATE counter SET resource = resource + 100000, change = change + 100000")
    db.close()
    romeo.daemon.start()
    answer = romeo.report("/c")
    assert answer.text.count("<D:response>") == 100000
    token = answer.text.rsplit("<D:sync-token>", 1)[1].split("<")[0]
    romeo.request("PUT", "/c/050000", b"changed")
    romeo.request("DELETE", "/c/050001")
    began = time.monotonic()
    assert romeo.sync("/c", token)[1] == {"/c/050000": 200, "/c/050001": 404}
    quick = time.monotonic() - began
    began = time.monotonic()
    romeo.request("PROPFIND", "/c", Depth="1")
    assert quick < (time.monotonic() - began) / 20
