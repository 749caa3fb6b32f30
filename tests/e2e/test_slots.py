"""XEP-0363: asking for a slot, and filling it."""

import datetime
import os
import re

import pytest
import requests
import slixmpp

from daemon import Daemon, basic, new_id
from slots import PURPOSE, UPLOAD, Refused, Slot, crossing, fetch, filled, is_link, make_late, request
from wire import Reader, connect

ROMEO, BENVOLIO, JULIET = "romeo@localhost", "benvolio@localhost", "juliet@capulet.localhost"
INFO = "http://jabber.org/protocol/disco#info"


@pytest.fixture
def romeo(world, prosody):
    world.daemon(prosody)
    return world.person(ROMEO)


def described(person):
    info = person.iq("get", "files.localhost", INFO, "query")
    identities = [(i.get("category"), i.get("type")) for i in info.iter(f"{{{INFO}}}identity")]
    features = [f.get("var") for f in info.iter(f"{{{INFO}}}feature")]
    forms = []
    for form in info.iter("{jabber:x:data}x"):
        forms.append({f.get("var"): f.find("{jabber:x:data}value").text for f in form.iter("{jabber:x:data}field")})
    return identities, features, forms


# ---- asking ----


def test_discovery(world, server):
    """XEP-0363, 3 and 5; go-sendxmpp takes what is a store/file for a place to upload to, and nothing else."""
    world.daemon(server, max_file_size="5M")
    identities, features, forms = described(world.person(ROMEO))
    assert identities[0] == ("store", "file")
    assert UPLOAD in features
    assert {f for f in features if f.startswith(PURPOSE)} == {
        f"{PURPOSE}#{name}" for name in ("message", "profile", "ephemeral", "permanent")}
    (form,) = [form for form in forms if form["FORM_TYPE"] == UPLOAD]
    assert form["max-file-size"] == str(5 << 20)


@pytest.mark.parametrize("settings", [{"slots": "0"}, {"base_url": "http://files.example.org"}])
def test_none_are_offered(world, prosody, settings):
    """Where an operator wants none, and where token and file could be read on their way."""
    world.daemon(prosody, **settings)
    romeo = world.person(ROMEO)
    identities, features, forms = described(romeo)
    assert ("store", "file") not in identities and not [f for f in features if "upload" in f]
    assert UPLOAD not in [form["FORM_TYPE"] for form in forms]
    with pytest.raises(Refused) as refused:
        Slot(romeo)
    assert refused.value.condition == "service-unavailable"


def test_safe_base_urls(world, prosody):
    for base in ("https://files.example.org", "http://files.localhost:8080", "http://[::1]:8080"):
        world.daemon(prosody, base_url=base)
        assert UPLOAD in described(world.person(ROMEO))[1], base
        world.end()
        world.people.clear()
        world.daemons.clear()


@pytest.mark.parametrize("said,text", [
    ({"size": 5}, "filename"),
    ({"filename": "", "size": 5}, "filename"),
    ({"filename": "..", "size": 5}, "filename"),
    ({"filename": "a/", "size": 5}, "filename"),
    ({"filename": "a\u202egpj.exe", "size": 5}, "filename"),
    ({"filename": "a\u0085", "size": 5}, "filename"),
    ({"filename": "a"}, "size"),
    ({"filename": "a", "size": ""}, "size"),
    ({"filename": "a", "size": "-1"}, "size"),
    ({"filename": "a", "size": "5k"}, "size"),
    ({"filename": "a", "size": 5, "content_type": "text"}, "content-type"),
    ({"filename": "a", "size": 5, "content_type": "text/plain, text/html"}, "content-type"),
    ({"filename": "a", "size": 5, "inside": f"<eternal xmlns='{PURPOSE}'/>"}, "purpose"),
    ({"filename": "a", "size": 5, "inside": f"<message xmlns='{PURPOSE}'/><profile xmlns='{PURPOSE}'/>"}, "purpose"),
    ({"filename": "a", "size": 5, "inside": f"<ephemeral xmlns='{PURPOSE}'/>"}, "expire-before"),
    ({"filename": "a", "size": 5, "inside": f"<ephemeral xmlns='{PURPOSE}' expire-before='tomorrow'/>"}, "expire-before"),
    ({"filename": "a", "size": 5, "inside": f"<ephemeral xmlns='{PURPOSE}' expire-before='2020-01-01T00:00:00Z'/>"},
     "expire-before"),
])
def test_malformed(romeo, said, text):
    answer = romeo.ask("get", request(**said))
    refused = Refused(answer)
    assert (refused.type, refused.condition) == ("modify", "bad-request")
    assert text in refused.text


def test_taken(romeo):
    """What is refused above, done well."""
    later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.5+00:00")
    for inside in ("", f"<message xmlns='{PURPOSE}'/>", f"<profile xmlns='{PURPOSE}'/>", f"<permanent xmlns='{PURPOSE}'/>",
                   f"<ephemeral xmlns='{PURPOSE}' expire-before='{later}'/>", "<message xmlns='urn:other'/>"):
        assert Slot(romeo, inside=inside).put().status_code == 201
    for content_type in ("", "image/png", "text/plain; charset=utf-8"):
        assert Slot(romeo, content_type=content_type).put().status_code == 201
    empty = Slot(romeo, "empty.txt", 0)
    assert empty.put(b"").status_code == 201
    assert fetch(empty.url).content == b""


def test_not_for_all(world, server):
    world.daemon(server, max_file_size="1000")
    for jid, wanted in ((JULIET, ("auth", "forbidden", None)), (ROMEO, ("modify", "not-acceptable", 1000))):
        person = world.person(jid)
        for size in (1001, 1 << 62, 10 ** 30) if jid == ROMEO else (5, 1001):
            with pytest.raises(Refused) as refused:
                Slot(person, size=size)
            assert (refused.value.type, refused.value.condition, refused.value.max_file_size) == wanted
            assert refused.value.text
    assert Slot(person, size=1000).put(b"x" * 1000).status_code == 201


def assert_full(person, size, waits):
    with pytest.raises(Refused) as refused:
        Slot(person, size=size)
    assert (refused.value.type, refused.value.condition) == ("wait", "resource-constraint")
    assert refused.value.text
    assert bool(refused.value.retry) == waits
    if waits:
        stamp = datetime.datetime.strptime(refused.value.retry, "%Y-%m-%dT%H:%M:%SZ")
        seconds = (stamp - datetime.datetime.utcnow()).total_seconds()
        assert 200 < seconds < 310


def test_quota(world, prosody):
    """Open slots count as if they were filled; it is worth waiting for their end, and not for that of files."""
    world.daemon(prosody, quota="1000")
    romeo = world.person(ROMEO)
    slot = Slot(romeo, size=600)
    assert_full(romeo, 600, True)
    assert_full(romeo, 1001, False)
    assert Slot(romeo, size=400).put(b"x" * 400).status_code == 201
    assert slot.put(b"x" * 600).status_code == 201
    assert_full(romeo, 1, False)
    assert romeo.request("DELETE", slot.path).status_code == 204
    assert Slot(romeo, size=600).put(b"x" * 600).status_code == 201


def test_quota_is_asked_again(world, prosody):
    """What was free when the slot was given may be taken since: the PUT is refused as any other."""
    world.daemon(prosody, quota="1000")
    romeo = world.person(ROMEO)
    slot = Slot(romeo, size=600)
    assert romeo.put("/a", b"x" * 600).status_code == 201
    answer = slot.put(b"x" * 600)
    assert answer.status_code == 507 and crossing(answer)
    assert romeo.request("DELETE", "/a").status_code == 204
    assert slot.put(b"x" * 600).status_code == 201


def test_too_many(world, prosody):
    world.daemon(prosody, slots="2", resources="3")
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    first, second = Slot(romeo), Slot(romeo)
    assert_full(romeo, 5, True)
    assert Slot(benvolio).put().status_code == 201
    assert first.put().status_code == 201
    third = Slot(romeo)
    assert_full(romeo, 5, True)
    make_late(romeo.daemon)
    assert second.put().status_code == third.put().status_code == 401
    for _ in range(2):
        assert Slot(romeo).put().status_code == 201
    assert_full(romeo, 5, False)


# ---- the upload and what comes of it ----


def test_upload(world, server):
    """One who has the URL reads the file, and nobody is asked; it is the uploader's like any other."""
    daemon = world.daemon(server)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    slot = Slot(romeo, "très cool.jpg", 23456, "image/jpeg")
    assert re.fullmatch(r"/tr%C3%A8s%20cool-[a-z2-7]{26}\.jpg", slot.path)
    body = os.urandom(23456)
    assert fetch(slot.url).status_code == 401
    answer = slot.put(body, Content_Type="image/jpeg")
    assert answer.status_code == 201 and answer.headers["Location"] == slot.url
    got = fetch(slot.url)
    assert got.status_code == 200 and got.content == body
    assert got.headers["Content-Type"] == "image/jpeg" and got.headers["ETag"] == answer.headers["ETag"]
    assert got.headers["Content-Disposition"] == "inline; filename=\"tr__s cool.jpg\"; filename*=UTF-8''tr%C3%A8s%20cool.jpg"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in got.headers["Content-Security-Policy"]
    assert got.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert fetch(slot.url, "HEAD").headers["Content-Length"] == "23456"
    part = fetch(slot.url, Range="bytes=100-199")
    assert part.status_code == 206 and part.content == body[100:200]
    assert fetch(slot.url, **{"If-None-Match": got.headers["ETag"]}).status_code == 304
    assert romeo.prompts == juliet.prompts == []

    assert juliet.propfind(slot.path).status_code == 404
    assert slot.path in romeo.hrefs("/")
    romeo.share(slot.path, [JULIET])
    assert fetch(slot.url).status_code == 401
    assert juliet.get(slot.path).content == body
    assert romeo.request("DELETE", slot.path).status_code == 204
    assert fetch(slot.url).status_code == 401
    assert slot.token not in daemon.log()


def test_types(romeo):
    """XEP-0363, 7: what was announced counts, else what is said, else nothing is known."""
    cases = [
        (None, None, "application/octet-stream"),
        (None, "image/png", "image/png"),
        (None, "nonsense", "application/octet-stream"),
        ("image/png", None, "image/png"),
        ("image/png", "IMAGE/PNG", "image/png"),
        ("text/plain; charset=utf-8", "text/plain;charset=utf-8", "text/plain; charset=utf-8"),
        ("image/png", "image/jpeg", None),
        ("text/plain", "text/plain; charset=utf-8", None),
        ("text/plain; charset=utf-8", "text/plain", None),
        ("image/png", "", None),
    ]
    for announced, said, served in cases:
        slot = Slot(romeo, content_type=announced)
        answer = slot.put(**({} if said is None else {"Content-Type": said}))
        if served is None:
            assert answer.status_code == 415, (announced, said)
            assert fetch(slot.url).status_code == 401
            assert slot.put(**{"Content-Type": announced}).status_code == 201
        else:
            assert answer.status_code == 201, (announced, said)
            assert fetch(slot.url).headers["Content-Type"] == served


def test_names(romeo):
    for filename, shown in (("a b & ?#%+.txt", "a b & ?#%+.txt"), ("C:\\x\\a.txt", "a.txt"), ("/etc/passwd", "passwd"),
                            ("e\u0301.txt", "é.txt"), ("\U0001f600" * 100 + ".png", "\U0001f600" * 62 + ".png")):
        slot = Slot(romeo, filename)
        assert slot.put().status_code == 201
        disposition = fetch(slot.url).headers["Content-Disposition"]
        assert disposition.endswith("filename*=UTF-8''" + requests.utils.quote(shown, safe="")), filename


def chunks(body):
    yield body[:2]
    yield body[2:]


@pytest.mark.parametrize("body,headers,status", [
    (b"hell", {}, 400),
    (b"hello!", {}, 413),
    (chunks(b"hell"), {}, 400),
    (chunks(b"hello!"), {}, 413),
    (chunks(b"hello" * 100000), {}, 413),
    (b"hello", {"Content-Range": "bytes 0-4/5"}, 400),
    (b"hel", {"Content-Range": "bytes 0-2/5"}, 400),
    (b"", {"Content-Range": "bytes */5"}, 400),
    (b"hello", {"If": "(<urn:uuid:1>)"}, 400),
    (b"hello", {"If": "</a> ([\"0000000000000001\"])"}, 400),
    (b"hello", {"If-Match": "*"}, 412),
    (b"hello", {"Content-Encoding": "gzip"}, 415),
    (b"hello", {"Repr-Digest": "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"}, 400),
    (b"hello", {"Authorization": "Bearer slot-" + "a" * 26}, 401),
    (b"hello", {"Authorization": "Bearer"}, 401),
    (b"hello", {"Authorization": "Bearer mv-" + "a" * 26}, 401),
])
def test_wrong_uploads(romeo, body, headers, status):
    """Nothing comes of them, and the slot is as good as before."""
    slot = Slot(romeo)
    answer = slot.put(body, **headers)
    assert answer.status_code == status, answer.text
    assert "Bearer" not in answer.headers.get("WWW-Authenticate", "")
    assert fetch(slot.url).status_code == 401
    assert romeo.get(slot.path).status_code == 404
    assert slot.put(chunks(b"hello"), **{"If-None-Match": "*"}).status_code == 201
    assert fetch(slot.url).content == b"hello"


def test_token_is_for_one_upload(world, prosody):
    """It proves who asks for the PUT of its URL, once, and for nothing else."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    assert romeo.put("/mine", b"mine").status_code == 201
    slot, other = Slot(romeo), Slot(romeo)
    before = len(romeo.prompts)
    destination = {"Destination": daemon.base + "/b"}
    for method in ("GET", "HEAD", "DELETE", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "PROPFIND", "PROPPATCH", "REPORT"):
        for url in (slot.url, daemon.base + "/mine", daemon.base + "/"):
            answer = slot.request(method, url=url, **(destination if method in ("COPY", "MOVE") else {}))
            assert answer.status_code == 401, (method, url)
            assert not crossing(answer)
    for url in (other.url, daemon.base + "/mine", daemon.base + "/new", slot.url + "/", slot.url + "x", daemon.base + "/"):
        assert slot.put(url=url).status_code == 401, url
    assert slot.request("OPTIONS").headers["Allow"] == fetch(daemon.base + "/", "OPTIONS").headers["Allow"]
    assert slot.put().status_code == 201
    for _ in range(2):
        assert slot.put(b"other").status_code == 401
        assert slot.request("DELETE").status_code == 401
        assert fetch(slot.url).content == b"hello"
    assert romeo.request("DELETE", slot.path).status_code == 204
    assert slot.put().status_code == 401
    assert romeo.get("/mine").content == b"mine"
    assert len([p for p in romeo.prompts[before:] if p.method == "PUT"]) == 0


def test_token_is_no_transaction_identifier(romeo):
    """Nothing of its form is, right or wrong, so that nobody is shown one; and it is nowhere on disk."""
    slot = Slot(romeo)
    for secret in (slot.token, slot.token.upper(), "slot-" + "a" * 26):
        for jid in (ROMEO, romeo.full):
            answer = requests.get(romeo.daemon.base + "/a", headers=basic(jid, secret), timeout=20)
            assert answer.status_code == 401
    assert romeo.prompts == []
    slot.put()
    for root, _, names in os.walk(romeo.daemon.store):
        for name in names:
            with open(f"{root}/{name}", "rb") as f:
                assert slot.token[5:].encode() not in f.read(), name


def test_something_is_there(romeo):
    """Its owner has made something of the URL before: the token takes nothing's place."""
    for make in (lambda path: romeo.put(path, b"mine"), lambda path: romeo.request("MKCOL", path)):
        slot = Slot(romeo)
        assert make(slot.path).status_code == 201
        answer = slot.put()
        assert answer.status_code == 409 and crossing(answer)
        assert fetch(slot.url).status_code == 401
        assert romeo.request("DELETE", slot.path).status_code == 204
        assert slot.put().status_code == 201


def send_head(slot, daemon, length=5, expect=True):
    s = connect(daemon)
    s.sendall((f"PUT {slot.path} HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: {slot.authorization}\r\n"
               f"Content-Length: {length}\r\n" + "Expect: 100-continue\r\n" * expect + "\r\n").encode())
    return s


def begun(slot, daemon, length=5):
    """A PUT that is let in, and waits for its content."""
    s = send_head(slot, daemon, length)
    reader = Reader(s)
    assert reader.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue"
    return s, reader


def test_broken_off(romeo):
    """It may be tried again."""
    daemon = romeo.daemon
    slot = Slot(romeo, size=100000)
    for _ in range(3):
        s, _ = begun(slot, daemon, 100000)
        s.sendall(b"x" * 70000)
        s.close()
    assert slot.put(b"y" * 100000).status_code == 201
    assert fetch(slot.url).content == b"y" * 100000
    assert len(daemon.blobs()) == 1


def test_late(romeo):
    """The upload must begin in time, and may end when it likes; a web client sees that it was too late."""
    daemon = romeo.daemon
    slot, other = Slot(romeo), Slot(romeo)
    s, reader = begun(slot, daemon)
    make_late(daemon)
    s.sendall(b"hello")
    assert reader.answer().status == 201
    s.close()
    answer = other.put()
    assert answer.status_code == 401 and crossing(answer)["access-control-allow-origin"] == "*"
    assert fetch(slot.url).content == b"hello" and fetch(other.url).status_code == 401
    assert Slot(romeo).put().status_code == 201


def test_two_at_once(romeo):
    """One token makes one file, be it deleted before the second upload ends."""
    daemon = romeo.daemon
    for deleted in (False, True):
        slot = Slot(romeo)
        one, other = begun(slot, daemon), begun(slot, daemon)
        one[0].sendall(b"first")
        assert one[1].answer().status == 201
        if deleted:
            assert romeo.request("DELETE", slot.path).status_code == 204
        other[0].sendall(b"other")
        assert other[1].answer().status == 409
        one[0].close()
        other[0].close()
        assert fetch(slot.url).status_code == (401 if deleted else 200)
        assert slot.put().status_code == 401


def test_restart(world, server):
    """A slot that was given is good, whatever happens to the daemon; one that was used is not, and the link stays."""
    daemon = world.daemon(server)
    romeo = world.person(ROMEO)
    slot, used = Slot(romeo), filled(romeo)
    s, _ = begun(slot, daemon)
    s.sendall(b"he")
    daemon.kill()
    s.close()
    daemon.start()
    assert used.put().status_code == 401
    assert fetch(used.url).content == b"hello"
    assert slot.put().status_code == 201
    daemon.kill()
    daemon.start()
    assert slot.put().status_code == 401
    assert fetch(slot.url).content == b"hello"


@pytest.mark.parametrize("call", ["fsync", "fdatasync", "linkat", "pwrite64"])
def test_killed_before(world, prosody, call):
    """Killed before its Nth system call of a kind: a token is good until its file is there, and never after."""
    romeo, large, killed = None, b"x" * 200000, 0
    for n in range(1, 400, 7 if call == "pwrite64" else 1):
        daemon = Daemon(world.tmp_path / f"missived{n}", prosody.component)
        world.daemons.append(daemon)
        world.server = prosody
        romeo = romeo or world.person(ROMEO)
        romeo.daemon = daemon
        given = []
        try:
            daemon.start(before=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                 f"inject={call}:signal=KILL:when={n}"], environment={"ASAN_OPTIONS": "detect_leaks=0"})
            for body in (b"hello", large):
                given.append([Slot(romeo, size=len(body), seconds=5), body, False])
                given[-1][2] = given[-1][0].put(body).status_code == 201
            daemon.stop()
        except (AssertionError, Refused, slixmpp.exceptions.IqTimeout, requests.RequestException):
            killed += 1
        if daemon.process:
            daemon.kill()
        daemon.start()
        for slot, body, acknowledged in given:
            there = is_link(slot)
            assert there or not acknowledged, n
            assert slot.put(body).status_code == (401 if there else 201), n
            assert fetch(slot.url).content == body, n
            assert slot.put(body).status_code == 401, n
        daemon.stop()
        if len(given) == 2 and given[1][2]:
            break
    assert killed > 0 and given[1][2], f"{killed} crash points at {call}"


def test_users_are_asked_again(world, prosody):
    """Who may no longer upload fills no slot either."""
    daemon = world.daemon(prosody)
    slot = Slot(world.person(ROMEO))
    daemon.stop()
    daemon.settings["xmpp"]["users"] = "capulet.localhost"
    daemon.start()
    assert slot.put().status_code == 403
    assert fetch(slot.url).status_code == 401
