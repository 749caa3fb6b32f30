"""How far an app password reaches: for reading only, for one collection, until it expires or is revoked."""

import time
import xml.etree.ElementTree as ET

import pytest

from adhoc import Command
from daemon import basic
from passwords import Device, device, made, rows
from servers import wait_until
from test_passwords import mint
from wire import Reader, connect, head

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"
LOCK = ("<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>")
PATCH = "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><a xmlns='urn:a'>1</a></D:prop></D:set></D:propertyupdate>"
PRIVILEGES = "<D:propfind xmlns:D='DAV:'><D:prop><D:current-user-privilege-set/></D:prop></D:propfind>"
SYNC = "<D:sync-collection xmlns:D='DAV:'><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"


@pytest.fixture
def romeo(world, prosody):
    """/in/ with /in/a and /in/sub/b, /out/ with /out/c."""
    world.daemon(prosody)
    romeo = world.person(ROMEO)
    all_of_it = Device(romeo.daemon, ROMEO, mint(romeo.daemon, ROMEO))
    for path in ("/in/", "/in/sub/", "/out/"):
        assert all_of_it.status("MKCOL", path) == 201
    for path in ("/in/a", "/in/sub/b", "/out/c"):
        assert all_of_it.status("PUT", path, path) == 201
    romeo.full_device = all_of_it
    return romeo


def privileges(device, path):
    answer = device.ask("PROPFIND", path, PRIVILEGES)
    assert answer.status_code == 207
    return {element[0].tag.split("}")[1] for element in ET.fromstring(answer.content).iter("{DAV:}privilege")}


def changes(device, path, destination):
    """Each changing method on a path that is there, and on one that is not: (method, path, status, text)."""
    base = device.daemon.base
    for there in (path, path + "-new"):
        for method, body, headers in (
                ("PUT", b"x", {}), ("DELETE", None, {}), ("MKCOL", None, {}), ("PROPPATCH", PATCH, {}),
                ("LOCK", LOCK, {}), ("UNLOCK", None, {"Lock_Token": "<urn:uuid:0>"}),
                ("COPY", None, {"Destination": base + destination}), ("MOVE", None, {"Destination": base + destination})):
            answer = device.ask(method, there, body, **headers)
            yield method, there, answer.status_code, answer.text


def test_read_only(romeo):
    """What reads is as ever; what changes is 403, the same whether something is there or not."""
    frame = device(romeo, right="read-only")
    assert frame.ask("GET", "/in/a").content == b"/in/a" and frame.status("HEAD", "/in/a") == 200
    assert frame.status("GET", "/in/none") == 404 and frame.status("PROPFIND", "/", Depth="1") == 207
    assert frame.status("OPTIONS", "/in/a") == 200 and frame.status("REPORT", "/in/", SYNC) == 207
    for method, path, status, text in changes(frame, "/in/a", "/in/new"):
        assert (status, "reading only" in text) == (403, True), (method, path, text)
    answers = [answer[2:] for answer in changes(frame, "/in/a", "/in/new")]
    assert answers[:len(answers) // 2] == answers[len(answers) // 2:]
    assert romeo.full_device.ask("GET", "/in/a").content == b"/in/a"
    assert romeo.hrefs("/in/") == ["/in/", "/in/a", "/in/sub/"]
    assert privileges(frame, "/in/") == {"read", "read-acl"} and privileges(frame, "/") == {"read"}
    assert privileges(romeo.full_device, "/in/") == \
        {"read", "read-acl", "write-properties", "write-content", "unbind", "bind"}


def test_read_only_sync_in_pages(romeo):
    """Reading what only the owner may read goes on behind the first page."""
    frame = device(romeo, right="read-only")
    for n in range(300):
        assert romeo.full_device.status("PUT", f"/in/sub/{n}", b"") == 201
    answer = frame.ask("REPORT", "/in/sub/", SYNC)
    assert len(ET.fromstring(answer.content).findall("{DAV:}response")) == 301


def test_read_only_by_digest(romeo):
    """The same by Digest: both schemes know the scope."""
    import requests
    password = made(romeo, right="read-only")["password"]
    auth = requests.auth.HTTPDigestAuth(ROMEO, password)
    assert requests.get(romeo.daemon.base + "/in/a", auth=auth, timeout=20).status_code == 200
    answer = requests.put(romeo.daemon.base + "/in/a", b"x", auth=auth, timeout=20)
    assert answer.status_code == 403 and "reading only" in answer.text


def test_one_collection(romeo):
    """All that the account may, in it and below; outside nothing, be it there or not."""
    phone = device(romeo, collection="/in/")
    base = romeo.daemon.base
    assert phone.status("PUT", "/in/new", b"x") == 201 and phone.status("MKCOL", "/in/sub/deep/") == 201
    assert phone.status("COPY", "/in/new", Destination=base + "/in/sub/deep/copy") == 201
    assert phone.status("MOVE", "/in/new", Destination=base + "/in/sub/moved") == 201
    assert phone.ask("GET", "/in/sub/deep/copy").content == b"x"
    assert phone.status("DELETE", "/in/sub/deep/") == 204 and phone.status("PROPPATCH", "/in/", PATCH) == 207
    assert phone.status("PROPFIND", "/in", Depth="1") == 207 and phone.status("REPORT", "/in/", SYNC) == 207
    token = phone.ask("LOCK", "/in/", LOCK).headers["Lock-Token"]
    assert phone.status("UNLOCK", "/in/", Lock_Token=token) == 204
    assert phone.status("GET", "/in/none") == 404
    for path in ("/out/c", "/out/none", "/out/", "/out/none/none", "/none", "/"):
        for method, status in (("GET", 403), ("HEAD", 403), ("PROPFIND", 404), ("OPTIONS", 200), ("REPORT", 403)):
            assert phone.status(method, path, SYNC if method == "REPORT" else None) == status, (method, path)
    for method, path, status, text in changes(phone, "/out/c", "/in/stolen"):
        assert (status, "one collection" in text) == (403, True), (method, path, text)
    for path in ("/out/new", "/new", "/out/c", "/", "/out/none/new"):
        for method in ("COPY", "MOVE"):
            answer = phone.ask(method, "/in/a", Destination=base + path)
            assert (answer.status_code, "one collection" in answer.text) == (403, True), (method, path)
    assert romeo.hrefs("/out/") == ["/out/", "/out/c"]
    assert "/in/stolen" not in romeo.hrefs("/in/")


def test_one_collection_stays(romeo):
    """It is neither deleted nor moved by its password; what is in it may be."""
    phone = device(romeo, collection="/in/sub/")
    base = romeo.daemon.base
    assert phone.status("DELETE", "/in/sub/") == 403 and phone.status("DELETE", "/in/sub") == 403
    for destination in ("/in/other", "/in/sub/inside", "/other"):
        assert phone.status("MOVE", "/in/sub/", Destination=base + destination) == 403
    for method in ("COPY", "MOVE"):
        assert phone.status(method, "/in/sub/b", Destination=base + "/in/sub/") == 403
    assert phone.status("PROPFIND", "/in/") == 404 and phone.status("GET", "/in/a") == 403
    assert phone.ask("GET", "/in/sub/b").content == b"/in/sub/b"
    assert phone.status("DELETE", "/in/sub/b") == 204


def test_one_collection_says_nothing_of_others(romeo):
    """Conditions and principals: what is outside is as if it were not there; who one is stays known."""
    phone = device(romeo, collection="/in/")
    etag = romeo.full_device.ask("HEAD", "/out/c").headers["ETag"]
    condition = f"<{romeo.daemon.base}/out/c> ([{etag}])"
    assert romeo.full_device.status("PUT", "/in/a", b"x", If=condition) == 204
    assert phone.status("PUT", "/in/a", b"x", If=condition) == 412
    assert romeo.full_device.status("PROPFIND", f"/-/principal/{ROMEO}", If=condition) == 207
    assert phone.status("PROPFIND", f"/-/principal/{ROMEO}", If=condition) == 412
    assert phone.status("PROPFIND", f"/-/principal/{ROMEO}") == 207
    assert privileges(phone, "/in/") == {"read", "read-acl", "write-properties", "write-content", "unbind", "bind"}


def test_one_collection_moves(romeo):
    """It is the collection and not its name: the password follows a MOVE, and ends with it."""
    phone = device(romeo, collection="/in/")
    base = romeo.daemon.base
    assert romeo.full_device.status("MOVE", "/in/", Destination=base + "/out/moved/") == 201
    assert phone.ask("GET", "/out/moved/a").content == b"/in/a" and phone.status("PUT", "/out/moved/new", b"") == 201
    assert phone.status("GET", "/in/a") == 403 and phone.status("GET", "/out/c") == 403
    assert romeo.full_device.status("MKCOL", "/in/") == 201
    assert phone.status("PUT", "/in/new", b"x") == 403 and phone.status("PROPFIND", "/in/") == 404
    assert romeo.full_device.status("DELETE", "/out/moved/") == 204
    for path in ("/", "/in/", "/out/", "/out/moved/", "/out/moved/a"):
        assert phone.status("GET", path) == 403 and phone.status("PROPFIND", path) == 404
        assert phone.status("PUT", path + "new", b"x") == 403


def test_shared_collection(romeo, world):
    """One that somebody has shared: the account's own right still counts."""
    juliet = world.person(JULIET)
    romeo.share("/in/", [JULIET])
    romeo.share("/out/", [JULIET])
    phone = device(juliet, collection="/in/")
    assert phone.ask("GET", "/in/sub/b").content == b"/in/sub/b"
    assert phone.status("PUT", "/in/a", b"x") == 403 and phone.status("GET", "/out/c") == 403
    romeo.share("/in/", [])
    assert phone.status("GET", "/in/sub/b") == 403
    assert "a folder that is gone, or that you may not see" in str(Command(juliet, "password-list").fields)


def test_revoked_while_uploading(romeo):
    """The transaction that acts asks again, for that very password."""
    phone = device(romeo)
    ids = list(Command(romeo, "password-list").fields)
    with connect(romeo.daemon) as s:
        s.sendall(head(romeo.daemon, "PUT /in/new HTTP/1.1", "Content-Length: 200000", "Expect: 100-continue",
                       "Authorization: " + basic(ROMEO, phone.password)["Authorization"]))
        reader = Reader(s)
        assert reader.answer().status == 100
        s.sendall(b"x" * 100000)
        Command(romeo, "password-revoke").submit(passwords=[ids[-1]])
        made(romeo)
        s.sendall(b"x" * 100000)
        answer = reader.answer()
    assert answer.status == 403 and b"revoked" in answer.body
    assert romeo.full_device.status("GET", "/in/new") == 404 and romeo.daemon.blobs() == []


@pytest.mark.parametrize("method", ["PROPFIND", "REPORT", "GET"])
def test_revoked_while_asking(romeo, method):
    """What is read is read only if the password still lives when the body has come, however long that took."""
    phone = device(romeo)
    ids = list(Command(romeo, "password-list").fields)
    body = {"PROPFIND": PRIVILEGES, "REPORT": SYNC, "GET": "0123456789"}[method].encode()
    with connect(romeo.daemon) as s:
        s.sendall(head(romeo.daemon, f"{method} /in/ HTTP/1.1", f"Content-Length: {len(body)}", "Depth: 0",
                       "Expect: 100-continue", "Authorization: " + basic(ROMEO, phone.password)["Authorization"]))
        reader = Reader(s)
        assert reader.answer().status == 100
        Command(romeo, "password-revoke").submit(passwords=[ids[-1]])
        s.sendall(body)
        answer = reader.answer()
    assert answer.status == 403 and b"revoked" in answer.body


def test_expired(romeo):
    """401 from that moment on; the row goes with the next tick, and comes to nobody's list meanwhile."""
    phone, later = device(romeo, expires="1d"), device(romeo, expires="1d")
    assert phone.status("GET", "/in/a") == 200
    rows(romeo.daemon, "UPDATE password SET expires = ? WHERE id = (SELECT max(id) - 1 FROM password)",
         int(time.time() * 1000))
    assert (phone.status("GET", "/in/a"), later.status("GET", "/in/a")) == (401, 200)
    assert len(Command(romeo, "password-list").fields) == 2
    assert rows(romeo.daemon, "SELECT count(*) FROM password") == [(3,)]
    romeo.daemon.stop()
    romeo.daemon.start()
    wait_until(lambda: rows(romeo.daemon, "SELECT count(*) FROM password") == [(2,)], "an expired password goes")
    assert (phone.status("GET", "/in/a"), later.status("GET", "/in/a")) == (401, 200)


def test_last_used(romeo):
    """Kept roughly: once a minute at most, and at once, so that it is there after a stop."""
    phone, never = device(romeo), device(romeo)
    def used():
        return [row[0] for row in rows(romeo.daemon, "SELECT used FROM password ORDER BY id DESC LIMIT 2")][::-1]
    assert used() == [0, 0]
    began = int(time.time() * 1000)
    assert phone.status("GET", "/in/a") == 200
    wait_until(lambda: used()[0] > 0, "the last use is kept")
    first, other = used()
    assert began <= first <= time.time() * 1000 and other == 0
    for _ in range(5):
        assert phone.status("GET", "/in/a") == 200
        assert Device(romeo.daemon, ROMEO, "mv-" + "a" * 26).status("GET", "/in/a") == 401
    romeo.daemon.stop()
    assert used() == [first, 0]
    romeo.daemon.start()
    assert never.status("GET", "/in/a") == 200
    romeo.daemon.stop()
    assert used()[1] > first
