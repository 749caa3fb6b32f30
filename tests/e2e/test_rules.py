"""
One test for each rule of RULES.md, "WebDAV" and "What is served"; its docstring quotes the rule. Halves of rules that stand elsewhere: twenty
parallel uploads and killed connections in test_http, malformed and false If fields in test_locks, ranges and all-or-nothing in
test_dav, members that may not be read in test_rights.
"""

import email
import os
import re
import socket
import sqlite3
import statistics
import time
import xml.etree.ElementTree as ET

import pytest
import requests

from adhoc import Command
from daemon import basic
from passwords import device
from person import Later
from test_copymove import to
from test_dav import patch, properties
from test_http import peak_memory
from test_locks import given, lock, lockinfo
from wire import Reader, ask, connect, head

ROMEO, JULIET, BENVOLIO, TYBALT = ("romeo@localhost", "juliet@capulet.localhost", "benvolio@localhost",
                                   "tybalt@capulet.localhost")


@pytest.fixture
def romeo(world, prosody):
    world.daemon(prosody)
    return world.person(ROMEO)


def store_of(daemon):
    return sqlite3.connect(f"{daemon.store}/missive.db", isolation_level=None)


# ---- WebDAV ----

@pytest.mark.parametrize("method", ["PUT", "MKCOL", "LOCK", "COPY", "MOVE"])
def test_one_makes_it(romeo, method):
    """If-None-Match: * is checked and the row created in one transaction: of twenty parallel PUTs one 201, nineteen 412."""
    for i in range(20):
        romeo.put(f"/from{i}", b"x")
    romeo.request("MKCOL", "/c")

    def make(i):
        if method in ("COPY", "MOVE"):
            return to(romeo, method, f"/from{i}", "/c/made", Overwrite="F")
        body = {"PUT": bytes([65 + i]), "LOCK": lockinfo()}.get(method)
        return romeo.request(method, "/c/made", body, headers={"If-None-Match": "*"})
    makers = [Later(lambda i=i: make(i)) for i in range(20)]
    answers = sorted(maker.result(60).status_code for maker in makers)
    assert answers[0] == 201 and set(answers[1:]) <= {412, 405}, answers
    assert romeo.hrefs("/c/") in (["/c/", "/c/made"], ["/c/", "/c/made/"])


def test_limits_of_if(romeo):
    """`If`: a real parser, 8 KiB, 64 conditions, tagged lists, Not, ETags and tokens. Malformed: 400. False: 412."""
    etag = romeo.put("/a", b"x").headers["ETag"]
    for field, status in [
            ("(" + f"[{etag}]" * 64 + ")", 200), ("(" + f"[{etag}]" * 65 + ")", 400),
            (f"([{etag}])" * 64, 200), (f"([{etag}])" * 65, 400),
            ("(<" + "a" * 8100 + f">) ([{etag}])", 200), ("(<" + "a" * 8200 + f">) ([{etag}])", 400),
            ("(<" + "a" * 8100 + ">)", 412), ("([\"" + "a" * 100 + "\"])", 412),
            ("</a> ([\"x\"]) </b> (<x>)", 412), (f"</b> (<x>) </a> ([{etag}] Not <x>)", 200)]:
        assert romeo.get("/a", headers={"If": field}).status_code == status, field[:80]


def test_if_on_what_is_hidden(world, prosody):
    """A condition on a resource that the asker may not see is false, and takes as long."""
    world.daemon(prosody)
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    etag = romeo.put("/hidden", b"secret").headers["ETag"]
    token = lock(romeo, "/hidden")
    benvolio.put("/his", b"x")
    # What is there and hidden answers as what is not there, with Not too.
    for condition in (f"[{etag}]", token, f"Not [{etag}]", f"Not {token}", "Not <urn:x>"):
        seen = {path: benvolio.get("/his", headers={"If": f"<{path}> ({condition})"}).status_code
                for path in ("/hidden", "/not-there", "/hidden/below")}
        assert set(seen.values()) == {200 if condition.startswith("Not") else 412}, (condition, seen)
    romeo.share("/hidden", [BENVOLIO], headers=given(token))
    assert benvolio.get("/his", headers={"If": f"</hidden> ([{etag}])"}).status_code == 200
    assert benvolio.get("/his", headers={"If": f"</hidden> ({token})"}).status_code == 412
    romeo.share("/hidden", [], headers=given(token))

    def took(path):
        field = " ".join(f"<{path}> ([{etag}])" for _ in range(60))
        began = time.perf_counter()
        with connect(benvolio.daemon) as s:
            s.sendall(head(benvolio.daemon, "GET /his HTTP/1.1", f"If: {field}", "Connection: close", person=benvolio,
                           id="the-same-again"))
            assert Reader(s).answer().status == 412
        return time.perf_counter() - began
    times = {path: [] for path in ("/hidden", "/not-there")}
    for _ in range(40):
        for path in times:
            times[path].append(took(path))
    hidden, missing = (statistics.median(times[path][5:]) for path in times)
    assert hidden < missing * 2 + 0.002 and missing < hidden * 2 + 0.002


def test_tokens_of_others(world, prosody):
    """A lock token counts only with the JID that took the lock. Tokens are shown to their owner only."""
    world.daemon(prosody)
    romeo, juliet, benvolio = (world.person(jid) for jid in (ROMEO, JULIET, BENVOLIO))
    romeo.request("MKCOL", "/c")
    romeo.put("/c/a", b"x")
    romeo.share("/c", [JULIET, BENVOLIO])
    tokens = [lock(romeo, "/c", scope="shared"), lock(romeo, "/c/a", scope="shared")]
    for other in (juliet, benvolio):
        for body in (None, "<propfind xmlns='DAV:'><prop><lockdiscovery/></prop></propfind>",
                     "<propfind xmlns='DAV:'><allprop/><include><lockdiscovery/></include></propfind>"):
            listed = other.propfind("/c", body, depth="1")
            assert listed.status_code == 207 and "activelock" not in listed.text and "urn:uuid" not in listed.text
        for token in tokens:
            assert other.get("/c/a", headers=given(token)).status_code == 412
            for method, path in (("PUT", "/c/a"), ("PUT", "/c/new"), ("DELETE", "/c/a"), ("LOCK", "/c/a"), ("UNLOCK", "/c/a")):
                answer = other.request(method, path, b"" if method == "PUT" else None,
                                       headers={**given(token), "Lock-Token": token})
                assert answer.status_code == 403 and "urn:uuid" not in answer.text, method
    refused = romeo.put("/c/a", b"y", new=False)
    assert refused.status_code == 423 and "urn:uuid" not in refused.text and "<D:href>/c" in refused.text
    shown = romeo.propfind("/c", depth="1").text
    assert all(token[1:-1] in shown for token in tokens)


def test_locks_a_resource(romeo):
    """At most 16 locks a resource, 1 h, a cap for each JID."""
    for path in ("/c/", "/c/d/"):
        romeo.request("MKCOL", path)
    romeo.put("/c/d/f", b"x")
    for _ in range(6):
        lock(romeo, "/c/d/f", scope="shared")
        upper = lock(romeo, "/c/", scope="shared")
    for _ in range(4):
        lower = lock(romeo, "/c/d/", scope="shared")
    assert romeo.propfind("/c/d/f").text.count("<D:activelock>") == 16
    for path in ("/c/d/f", "/c/d/", "/c/"):
        lock(romeo, path, scope="shared", status=403)
    for path in ("/c/d/", "/c/"):
        lock(romeo, path, scope="shared", Depth="0")
    lock(romeo, "/c/d/other", scope="shared", status=201, If=f"</c/> ({upper}) </c/d/> ({lower})")
    assert romeo.propfind("/c/d/f").text.count("<D:activelock>") == 16
    # What holds on one name holds on no longer one, and what holds on a collection alone on none.
    for path in ("/e/", "/e/f", "/e/foo"):
        romeo.request("MKCOL" if path[-1] == "/" else "PUT", path)
    for path, depth in [("/e/f", "infinity"), ("/e/foo", "infinity"), ("/e/", "0")]:
        for _ in range(14):
            lock(romeo, path, scope="shared", Depth=depth)
    lock(romeo, "/e/", scope="shared")
    lock(romeo, "/e/", scope="shared")
    lock(romeo, "/e/foo", scope="shared", status=403)
    for said in ("Infinite", "Second-4100000000", "Second-99999999999999999999", "Second-0", "nonsense", None):
        romeo.put("/t", b"x", new=False)
        token = lock(romeo, "/t", **({"Timeout": said} if said else {}))
        assert 3590 < int(re.search(r"Second-(\d+)", romeo.propfind("/t").text)[1]) <= 3600, said
        assert romeo.request("UNLOCK", "/t", headers={"Lock-Token": token}).status_code == 204


def test_locks_a_jid(world, prosody):
    """At most 16 locks a resource, 1 h, a cap for each JID. An expired lock is none."""
    daemon = world.daemon(prosody)
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    romeo.put("/a", b"x")
    romeo.put("/old", b"x")
    romeo.request("MKCOL", "/many")
    benvolio.put("/his", b"x")
    old = lock(romeo, "/old")
    daemon.stop()
    with store_of(daemon) as db:
        db.execute("UPDATE lock SET expires = 1")
        many, = db.execute("SELECT id FROM resource WHERE name = 'many'").fetchone()
        db.executemany("INSERT INTO lock VALUES (?, ?, '/many/', ?, 1, 0, ?, '')",
                       [(f"urn:uuid:{i}", many, ROMEO, (time.time() + 3000) * 1000 // 1) for i in range(1000)])
    db.close()
    daemon.start()
    assert romeo.put("/old", b"y", new=False).status_code == 204
    assert "activelock" not in romeo.propfind("/old").text
    assert romeo.request("UNLOCK", "/old", headers={"Lock-Token": old}).status_code == 409
    assert romeo.request("LOCK", "/old", headers=given(old)).status_code == 412
    lock(romeo, "/a", status=403)
    lock(benvolio, "/his")
    assert romeo.request("UNLOCK", "/many", headers={"Lock-Token": "<urn:uuid:1>"}).status_code == 204
    lock(romeo, "/a")
    lock(romeo, "/old", status=403)
    assert romeo.request("DELETE", "/many", headers=given("<urn:uuid:0>")).status_code == 204
    lock(romeo, "/old", status=200)


def test_lock_of_nothing(romeo):
    """LOCK on an unmapped URL makes an empty resource: 201."""
    answer = romeo.request("LOCK", "/%C3%A9%20x", lockinfo())
    assert answer.status_code == 201 and answer.headers["Location"] == romeo.daemon.base + "/%C3%A9%20x"
    assert "<D:lockroot><D:href>/%C3%A9%20x</D:href>" in answer.text
    token = answer.headers["Lock-Token"]
    assert romeo.request("UNLOCK", "/%C3%A9%20x", headers={"Lock-Token": token}).status_code == 204
    # It is a resource like all others, and stays (RFC 4918, 7.3).
    assert romeo.get("/%C3%A9%20x").content == b"" and "/%C3%A9%20x" in romeo.hrefs("/")


def test_refresh_is_of_one_lock(romeo):
    """RFC 4918, 9.10.2: the lock that is named, that covers the URL, and no other."""
    for path in ("/c/", "/c/d/"):
        romeo.request("MKCOL", path)
    shallow, deep = lock(romeo, "/c/", scope="shared", Depth="0"), lock(romeo, "/c/", scope="shared")
    for path, token, status in (("/c/", shallow, 200), ("/c/d/", shallow, 412), ("/c/none", shallow, 412),
                                ("/c/", deep, 200), ("/c/d/", deep, 200), ("/", deep, 405)):
        answer = romeo.request("LOCK", path, headers={**given(token), "Timeout": "Second-77"})
        assert answer.status_code == status, (path, token)
        if status == 200:
            assert "<D:lockroot><D:href>/c/<" in answer.text and "Second-77" in answer.text
    assert romeo.request("LOCK", "/c/", headers={"If": f"({shallow} {deep})"}).status_code == 400
    # Through whatever the lock covers, all of it is unlocked (9.11).
    assert romeo.request("UNLOCK", "/c/d/", headers={"Lock-Token": shallow}).status_code == 409
    assert romeo.request("UNLOCK", "/c/d/", headers={"Lock-Token": deep}).status_code == 204
    assert romeo.propfind("/c/").text.count("<D:activelock>") == 1


def test_locks_and_places(romeo):
    """RFC 4918, 7.4 to 7.6: a lock of depth 0 keeps the members' names, none moves along, what is moved into one is locked by it."""
    for path in ("/c/", "/t/"):
        romeo.request("MKCOL", path)
    romeo.put("/c/f", b"x")
    romeo.put("/g", b"x")
    token = lock(romeo, "/c/", Depth="0")
    assert to(romeo, "MOVE", "/c/f", "/f").status_code == 423
    assert to(romeo, "COPY", "/g", "/c/g").status_code == 423
    assert to(romeo, "COPY", "/g", "/c/f").status_code == 423
    lock(romeo, "/c/new", status=423)
    lock(romeo, "/c/new", status=201, If=f"<{romeo.daemon.base}/c/> ({token})")
    lock(romeo, "/c/f", status=200)
    whole = lock(romeo, "/t/")
    assert to(romeo, "MOVE", "/g", "/t/g").status_code == 423
    assert to(romeo, "MOVE", "/g", "/t/g", If=f"<{romeo.daemon.base}/t/> ({whole})").status_code == 201
    assert romeo.put("/t/g", b"y", new=False).status_code == 423
    assert to(romeo, "MOVE", "/t/", "/u", **given(whole)).status_code == 201
    assert romeo.put("/u/g", b"y", new=False).status_code == 204
    assert romeo.request("MKCOL", "/t/").status_code == 201, "the lock has not stayed where nothing is"
    assert romeo.put("/t/x", b"y").status_code == 201


X = "xmlns:x='urn:x'"


@pytest.mark.parametrize("body,status", [
    ("<!DOCTYPE a><propertyupdate xmlns='DAV:'/>", 400),
    (patch(("set", "<x:p>" + "<x:q>" * 28 + "</x:q>" * 28 + "</x:p>")), 207),
    (patch(("set", "<x:p>" + "<x:q>" * 29 + "</x:q>" * 29 + "</x:p>")), 413),
    (patch(("set", "".join(f"<p xmlns='urn:{i}'/>" for i in range(62)))), 207),
    (patch(("set", "".join(f"<p xmlns='urn:{i}'/>" for i in range(63)))), 413),
    (patch(("set", "".join(f"<x:p{i}/>" for i in range(256)))), 207),
    (patch(("set", "".join(f"<x:p{i}/>" for i in range(257)))), 413),
    (262000, 207),
    (262300, 413),
])
def test_limits_of_xml(romeo, body, status):
    """XML: expat, stop at DOCTYPE, depth 32, 64 namespaces, 256 properties; body 256 KiB (413)."""
    romeo.put("/a", b"x")
    if isinstance(body, int):
        body = patch(("set", "<x:p/>")).replace(b"<x:p/>", b"<x:p/>" + b" " * (body - 193))
    answer = romeo.request("PROPPATCH", "/a", body)
    assert answer.status_code == status
    assert status != 207 or {code for code, _ in properties(answer).values()} == {200}
    deep = "<x:q>" * 40 + "</x:q>" * 40
    for method, name in (("PROPFIND", "propfind"), ("LOCK", "lockinfo")):
        big = f"<{name} xmlns='DAV:' {X}>{deep}</{name}>"
        assert romeo.request(method, "/a", big).status_code == 413, method


def test_limits_of_properties(romeo):
    """64 KiB a value, 1 MiB of properties a resource (507); 256 of them."""
    romeo.put("/a", b"x")

    def set_(*inside):
        found = properties(romeo.request("PROPPATCH", "/a", patch(*(("set", one) for one in inside))))
        return [status for status, _ in found.values()]
    assert set_(f"<x:p>{'v' * 65000}</x:p>") == [200]
    assert set_(f"<x:p>{'v' * 65600}</x:p>") == [507]
    assert set_("<x:q/>", f"<x:p>{'v' * 65600}</x:p>") == [424, 507]
    for i in range(15):
        assert set_(f"<x:p{i}>{'v' * 65000}</x:p{i}>") == [200]
    assert set_("<x:small/>", f"<x:big>{'v' * 65000}</x:big>") == [424, 507]
    now = properties(romeo.propfind("/a"))
    assert "{urn:x}small" not in now and "{urn:x}big" not in now and now["{urn:x}p3"][0] == 200
    assert to(romeo, "COPY", "/a", "/b").status_code == 201
    assert properties(romeo.propfind("/b"))["{urn:x}p14"][1].text == "v" * 65000
    romeo.put("/c", b"x")
    for half in (0, 128):
        answer = romeo.request("PROPPATCH", "/c", patch(("set", "".join(f"<x:p{half + i}/>" for i in range(128)))))
        assert {status for status, _ in properties(answer).values()} == {200}
    more = patch(("set", "<x:more/>"))
    assert properties(romeo.request("PROPPATCH", "/c", more))["{urn:x}more"][0] == 507
    assert properties(romeo.request("PROPPATCH", "/c", patch(("set", "<x:p7>again</x:p7>"))))["{urn:x}p7"][0] == 200
    romeo.request("PROPPATCH", "/c", patch(("remove", "<x:p0/>")))
    assert properties(romeo.request("PROPPATCH", "/c", more))["{urn:x}more"][0] == 200


def test_bodies_without_a_type(romeo):
    """Bodies without a Content-Type are taken (litmus 0.13 sends none)."""
    romeo.put("/a", b"x")
    for sent in (None, "text/xml", "application/xml; charset=utf-8", "text/plain"):
        headers = {"Content-Type": sent} if sent else {}
        assert romeo.propfind("/a", b"<propfind xmlns='DAV:'><propname/></propfind>", headers=headers).status_code == 207, sent


@pytest.mark.parametrize("value,inside", [
    ("<a:p xmlns:a='urn:a' xmlns:q='urn:q'>q:name</a:p>", "xmlns:q='urn:q'"),
    ("<x:p><![CDATA[<not> & markup]]></x:p>", "&lt;not&gt; &amp; markup"),
    ("<p xmlns=''>v</p>", "<p>v</p>"),
    ("<x:p> keeps <x:b> white </x:b> space </x:p>", "<x:p"),
    ("<D:p>v</D:p>", "<D:p"),
    ("<D:p xmlns:D='urn:other'>v</D:p>", "xmlns:D='urn:other'"),
    ("<x:p a='&#10;&#9;&quot;&lt;'/>", "&#10;&#9;"),
])
def test_property_keeps_its_markup(romeo, value, inside):
    """A dead property keeps its markup, attributes, prefixes and xml:lang."""
    romeo.put("/a", b"x")
    sent = ET.fromstring(f"<z xmlns:D='DAV:' {X} xml:lang='en'>{value}</z>")[0]
    body = patch(("set", value)).replace(b"<D:set>", b"<D:set xml:lang='en'>")
    assert properties(romeo.request("PROPPATCH", "/a", body))[sent.tag][0] == 200
    answer = romeo.propfind("/a")
    kept = properties(answer)[sent.tag][1]
    assert kept.attrib.pop("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert ET.canonicalize(ET.tostring(kept)) == ET.canonicalize(ET.tostring(sent))
    assert inside.replace("'", '"') in answer.text or kept.tag == "p"
    found = properties(romeo.propfind("/a", f"<propfind xmlns='DAV:'><prop>{ET.tostring(ET.Element(sent.tag)).decode()}</prop></propfind>"
                                      if "}" in sent.tag else "<D:propfind xmlns:D='DAV:'><D:prop><p/></D:prop></D:propfind>"))
    assert found[sent.tag][0] == 200


def test_depth_is_said(romeo):
    """PROPFIND without Depth is infinity: 403 with DAV:propfind-finite-depth."""
    romeo.request("MKCOL", "/c")
    romeo.put("/f", b"x")
    for path in ("/", "/c", "/f"):
        with connect(romeo.daemon) as s:
            s.sendall(head(romeo.daemon, f"PROPFIND {path} HTTP/1.1", "Connection: close", person=romeo))
            answer = Reader(s).answer()
        assert answer.status == 403 and b"<D:propfind-finite-depth/>" in answer.body
        for depth in ("infinity", "Infinity"):
            assert b"propfind-finite-depth" in romeo.propfind(path, depth=depth).content
        for depth in ("2", "-1", "", "0,1", "1,noroot"):
            assert romeo.propfind(path, depth=depth).status_code == 400, depth
    for method, path, depth, status in (("COPY", "/f", "1", 400), ("COPY", "/f", "x", 400), ("MOVE", "/f", "x", 400),
                                        ("DELETE", "/f", "x", 400), ("DELETE", "/c", "1", 400), ("LOCK", "/f", "1", 400),
                                        ("MOVE", "/c", "0", 400), ("DELETE", "/f", "0", 204)):
        answer = romeo.request(method, path, lockinfo() if method == "LOCK" else None,
                               headers={"Depth": depth, "Destination": "/x"})
        assert answer.status_code == status, (method, path, depth)


def test_listing_in_constant_memory(world, prosody):
    """A long 207 streams; memory does not grow with it."""
    daemon = world.daemon(prosody, threads="1")
    daemon.stop()
    # A sanitizer keeps what was given back: here not much of it.
    daemon.start(environment={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"})
    romeo = world.person(ROMEO)
    romeo.request("MKCOL", "/c")
    romeo.put("/c/0000", b"x")
    romeo.request("PROPPATCH", "/c/0000", patch(("set", f"<x:p>{'v' * 60000}</x:p>")))

    def listing():
        with connect(romeo.daemon) as s:
            s.sendall(head(romeo.daemon, "PROPFIND /c/ HTTP/1.1", "Depth: 1", "Connection: close", person=romeo))
            size = 0
            while got := s.recv(1 << 20):
                size += len(got)
        return size
    # The store's caches are full after that.
    for i in range(1, 250):
        assert to(romeo, "COPY", "/c/0000", f"/c/{i:04}").status_code == 201
    listing()
    before = peak_memory(romeo.daemon)
    for i in range(250, 600):
        assert to(romeo, "COPY", "/c/0000", f"/c/{i:04}").status_code == 201
    assert listing() > 600 * 60000
    assert peak_memory(romeo.daemon) - before < 8 << 20


def test_every_page_asks_again(world, prosody):
    """Every listing leaves out what the asker may not read: who is taken off the list meanwhile gets no further page."""
    world.daemon(prosody)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    romeo.request("MKCOL", "/c")
    romeo.share("/c", [JULIET])
    romeo.put("/c/0000", b"x")
    romeo.request("PROPPATCH", "/c/0000", patch(("set", f"<x:p>{'v' * 60000}</x:p>")))
    for i in range(1, 250):
        assert to(romeo, "COPY", "/c/0000", f"/c/{i:04}").status_code == 201

    def listing(meanwhile, version="1.1", **who):
        with socket.socket() as s:
            s.settimeout(20)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", juliet.daemon.port))
            more = [f"{name}: {value}" for name, value in who.items()]
            s.sendall(head(juliet.daemon, f"PROPFIND /c/ HTTP/{version}", "Depth: 1", "Connection: close", *more,
                           person=None if who else juliet))
            got = s.recv(4096)
            assert b" 207 " in got
            meanwhile()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            try:
                while more := s.recv(1 << 20):
                    got += more
            except ConnectionResetError:
                return got.count(b"<D:response>"), False
        return got.count(b"<D:response>"), version == "1.0" or got.endswith(b"0\r\n\r\n")
    assert listing(lambda: None) == (251, True)
    count, whole = listing(lambda: romeo.share("/c", []))
    assert count < 251 and not whole
    romeo.share("/c", [JULIET])
    assert listing(lambda: None, version="1.0") == (251, True)
    count, whole = listing(lambda: romeo.share("/c", []), version="1.0")
    assert count < 251 and not whole, "HTTP/1.0 sees no end but the connection's"
    romeo.share("/c", [JULIET])
    phone = device(juliet)

    def revoked():
        command = Command(juliet, "password-revoke")
        command.submit(passwords=list(command.options["passwords"]))
    assert listing(lambda: None, **basic(JULIET, phone.password)) == (251, True)
    count, whole = listing(revoked, **basic(JULIET, phone.password))
    assert count < 251 and not whole, "a page is for a password that lives"

    def replaced():
        to(romeo, "MOVE", "/c", "/old")
        romeo.request("MKCOL", "/c")
        romeo.share("/c", [JULIET])
    count, whole = listing(replaced)
    assert count < 251 and not whole, "a page is of the same collection as the first"
    romeo.request("DELETE", "/c")
    to(romeo, "MOVE", "/old", "/c")
    count, whole = listing(lambda: romeo.request("DELETE", "/c"))
    assert count < 251 and not whole


def test_nothing_is_said_before_it_is_so(romeo):
    """Nothing is sent before the COMMIT. PROPPATCH is all or nothing: 424 for the rest."""
    romeo.put("/a", b"x")
    for _ in range(3):
        assert romeo.put("/a", b"y", new=False).status_code == 204
        answer = romeo.request("PROPPATCH", "/a", patch(("set", "<x:p>v</x:p>")))
        romeo.daemon.kill()
        romeo.daemon.start()
        assert answer.status_code == 207 and properties(romeo.propfind("/a"))["{urn:x}p"][1].text == "v"
        assert romeo.get("/a").content == b"y"
        answer = romeo.request("PROPPATCH", "/a", patch(("remove", "<x:p/>"), ("set", "<D:lockdiscovery/><x:q/>")))
        found = properties(answer)
        assert [found[name][0] for name in ("{urn:x}p", "{DAV:}lockdiscovery", "{urn:x}q")] == [424, 403, 424]
        assert "<D:cannot-modify-protected-property/>" in answer.text
        assert "{urn:x}p" in properties(romeo.propfind("/a")) and "{urn:x}q" not in properties(romeo.propfind("/a"))


def test_options_needs_nobody(world, romeo):
    """OPTIONS needs no credentials and answers everywhere, also `/` and `*`. `DAV: 1, 2, 3`; `MS-Author-Via: DAV`."""
    romeo.put("/a", b"x")
    tybalt = world.person(TYBALT, online=False)
    answers = [ask(romeo.daemon, head(romeo.daemon, f"OPTIONS {target} HTTP/1.1"))
               for target in ("/", "*", "/a", "/a/", "/missing", "/missing/deep/er")]
    answers.append(ask(romeo.daemon, head(romeo.daemon, "OPTIONS /a HTTP/1.1", person=tybalt)))
    for answer in answers:
        assert answer.status == 200 and answer.body == b""
        # The same for all: nobody learns what is there.
        assert {k: v for k, v in answer.fields.items() if k != "date"} == {k: v for k, v in answers[0].fields.items() if k != "date"}
        assert answer.fields["dav"].startswith("1, 2, 3") and answer.fields["ms-author-via"] == "DAV"
    for path, has, lacks in (("/a", {"GET", "PUT", "LOCK"}, {"MKCOL"}), ("/none", {"PUT", "MKCOL", "LOCK"}, {"GET", "DELETE"}),
                             ("/", {"GET", "PROPFIND"}, {"LOCK", "PROPPATCH", "DELETE", "MOVE", "PUT"})):
        allowed = set(romeo.request("OPTIONS", path).headers["Allow"].split(", "))
        assert has <= allowed and not lacks & allowed, path


def test_missing_names(world, romeo):
    """PROPFIND of a missing name is 404. With and without the trailing slash of a collection works; Content-Location tells."""
    for path in ("/none", "/none/", "/none/deep"):
        assert romeo.propfind(path).status_code == 404
    for path in ("/c", "/c/d"):
        assert romeo.request("MKCOL", path).status_code == 201
    romeo.put("/c/f", b"x")
    assert romeo.propfind("/c/f/").status_code == 404
    for method, depth in (("PROPFIND", "0"), ("PROPFIND", "1"), ("GET", "0"), ("HEAD", "0")):
        bare = romeo.request(method, "/c", headers={"Depth": depth})
        slash = romeo.request(method, "/c/", headers={"Depth": depth})
        assert bare.headers["Content-Location"] == "/c/" and "Content-Location" not in slash.headers
        assert bare.content == slash.content and bare.status_code == slash.status_code
        assert method != "PROPFIND" or "<D:href>/c/</D:href>" in bare.text
    # Both name one resource, for whatever is done to it.
    assert romeo.request("PROPPATCH", "/c", patch(("set", "<x:p/>"))).status_code == 207
    assert "/c/</D:href>" in romeo.request("PROPPATCH", "/c", patch(("set", "<x:p/>"))).text
    token = lock(romeo, "/c")
    assert romeo.put("/c/f", b"y", new=False, headers={"If": f"</c/> ({token})"}).status_code == 204
    assert romeo.put("/c/f", b"y", new=False, headers={"If": f"</c> ({token})"}).status_code == 204
    assert romeo.request("UNLOCK", "/c/", headers={"Lock-Token": token}).status_code == 204
    assert to(romeo, "COPY", "/c", "/k").status_code == 201 and to(romeo, "MOVE", "/k", "/m/").status_code == 201
    assert to(romeo, "MOVE", "/m/", "/n").status_code == 201 and romeo.hrefs("/n") == ["/n/", "/n/d/", "/n/f"]
    assert romeo.request("DELETE", "/n").status_code == 204 and romeo.request("DELETE", "/c/").status_code == 204


def test_every_resource_is_asked_for(world, prosody):
    """One function decides every right, for every resource that a method touches. A COPY is the copier's; lists are not copied."""
    world.daemon(prosody)
    romeo, benvolio, juliet = (world.person(jid) for jid in (ROMEO, BENVOLIO, JULIET))
    for path in ("/c/", "/c/open/", "/c/closed/"):
        romeo.request("MKCOL", path)
    for path in ("/c/open/f", "/c/closed/f", "/c/closed/his"):
        romeo.put(path, b"x")
    romeo.share("/c", [BENVOLIO, JULIET])
    romeo.share("/c/closed", [])
    romeo.share("/c/closed/his", [BENVOLIO])
    for reader in (benvolio, juliet):
        for method, path in (("PUT", "/c/open/f"), ("PUT", "/c/new"), ("DELETE", "/c/open/f"), ("DELETE", "/c"), ("MKCOL", "/c/new"),
                             ("PROPPATCH", "/c/open/f"), ("LOCK", "/c/open/f"), ("LOCK", "/c/new"), ("UNLOCK", "/c/open/f"),
                             ("MOVE", "/c/open/f"), ("MOVE", "/c/open"), ("COPY", "/c/closed/f")):
            body = {"PUT": b"", "LOCK": lockinfo(), "PROPPATCH": patch(("set", "<x:p/>"))}.get(method)
            answer = reader.request(method, path, body, headers={"Destination": "/taken", "Lock-Token": "<x>"})
            assert answer.status_code == 403, (method, path)
        for destination in ("/c/new", "/c/open/f", "/c/open", "/c"):
            assert to(reader, "COPY", "/c/open/f", destination).status_code == 403, destination
    assert juliet.hrefs("/c/") == ["/c/", "/c/open/"] and benvolio.hrefs("/c/") == ["/c/", "/c/open/"]
    answer = to(benvolio, "COPY", "/c", "/his")
    assert answer.status_code == 207 and re.findall("<D:href>(.*?)<", answer.text) == ["/c/closed/"]
    assert benvolio.hrefs("/his/") == ["/his/", "/his/open/"]
    owner = properties(benvolio.propfind("/his/open/f", "<propfind xmlns='DAV:'><prop><owner/></prop></propfind>"))
    assert owner["{DAV:}owner"][1][0].text == "/-/principal/benvolio%40localhost"
    assert romeo.get("/his/open/f").status_code == 403 and juliet.get("/his/open/f").status_code == 403


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_onto_itself(romeo, method):
    """COPY/MOVE onto itself, into its own child, over its own ancestor: 403, before anything is touched; however it is spelled."""
    for path in ("/%C3%A9/", "/%C3%A9/d/"):
        romeo.request("MKCOL", path)
    romeo.put("/%C3%A9/d/f", b"x")
    romeo.put("/e%CC%81x", b"x")
    for source, destination in (("/%C3%A9", "/e%CC%81"), ("/%C3%A9/", "/%C3%A9"), ("/%C3%A9", "/e%CC%81/"), ("/%C3%A9", "/e%CC%81/new"),
                                ("/%C3%A9", "/e%CC%81/d/f"), ("/e%CC%81/d/f", "/%C3%A9"), ("/e%CC%81x", "/%C3%A9x"),
                                ("/%C3%A9x", "/%C3%A9x/")):
        for overwrite in ("T", "F"):
            assert to(romeo, method, source, destination, Overwrite=overwrite).status_code == 403, (source, destination)
    assert romeo.hrefs("/") == ["/", "/%C3%A9/", "/e%CC%81x"]
    assert romeo.hrefs("/%C3%A9/d/") == ["/%C3%A9/d/", "/%C3%A9/d/f"]


def test_trees_deeper_than_any_url(romeo):
    """What moving has made deep is copied and deleted like all else, whatever the depth."""
    def chain(depth):
        return "/a" * depth
    for depth in range(1, 61):
        assert romeo.request("MKCOL", chain(depth)).status_code == 201
    romeo.put(chain(60) + "/f", b"x")
    for _ in range(4):
        assert to(romeo, "COPY", "/a", "/b").status_code == 201
        assert romeo.request("MKCOL", "/c").status_code == 201
        assert to(romeo, "MOVE", "/b", "/c/b").status_code == 201
        assert to(romeo, "MOVE", "/c/b", chain(59) + "/b").status_code in (201, 204)
        assert romeo.request("DELETE", "/c").status_code == 204
    assert to(romeo, "COPY", "/a", "/copy").status_code == 201
    with store_of(romeo.daemon) as db:
        counts = db.execute("WITH RECURSIVE down (id, top, depth) AS (SELECT id, name, 1 FROM resource WHERE parent = 1"
                            " UNION ALL SELECT r.id, top, depth + 1 FROM resource r JOIN down ON r.parent = down.id)"
                            " SELECT top, count(*), max(depth) FROM down GROUP BY top").fetchall()
    db.close()
    assert {top: rest for top, *rest in counts}["a"] == {top: rest for top, *rest in counts}["copy"]
    assert counts[0][2] > 200
    assert romeo.request("DELETE", "/copy").status_code == 204


def test_tower(world, prosody):
    """The memory that a COPY takes does not grow with the depth; what is too deep for a URL is refused by the URL above it."""
    world.daemon(prosody)
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    name = "%C3%A9" * 20
    storey = 60
    for depth in range(1, storey + 1):
        assert romeo.request("MKCOL", "/storey" + f"/{name}" * (depth - 1)).status_code == 201
    romeo.request("MKCOL", "/tower")
    for i in range(2):
        romeo.put(f"/tower/f{i}", b"x")
        romeo.share(f"/tower/f{i}", [])
    for _ in range(80):
        assert to(romeo, "COPY", "/storey", "/next").status_code == 201
        assert to(romeo, "MOVE", "/tower", "/next" + f"/{name}" * storey).status_code == 201
        assert to(romeo, "MOVE", "/next", "/tower").status_code == 201
    memory = peak_memory(romeo.daemon)
    assert to(romeo, "COPY", "/tower", "/copy").status_code == 201
    assert peak_memory(romeo.daemon) - memory < 64 << 20
    romeo.share("/tower", [BENVOLIO])
    answer = to(benvolio, "COPY", "/tower", "/his")
    assert answer.status_code == 207
    assert re.findall("<D:href>(.*?)<", answer.text) == ["/tower/" + f"{name}/" * 63]
    assert " 403 " in answer.text and benvolio.hrefs("/his/") == ["/his/", f"/his/{name}/"]


def test_more_refusals_than_fit(world, prosody):
    """A 207 for each of a heap of members with long paths is memory, too: the whole is refused, and nothing is copied."""
    daemon = world.daemon(prosody)
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    path = "/c"
    for _ in range(60):
        assert romeo.request("MKCOL", path).status_code == 201
        path += "/" + "%C3%A9" * 20
    romeo.share("/c", [BENVOLIO])
    daemon.stop()
    with store_of(daemon) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(resource)")]
        row = dict(zip(columns, db.execute("SELECT * FROM resource ORDER BY id DESC LIMIT 1").fetchone()))
        row.update(parent=row["id"], has_list=1)
        db.execute("BEGIN")
        for i in range(2500):
            row.update(name=f"closed{i}", spelling=None, id=(1 << 40) + i)
            db.execute(f"INSERT INTO resource ({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))
        db.execute("COMMIT")
    db.close()
    daemon.start()
    assert to(benvolio, "COPY", "/c", "/his").status_code == 403
    assert benvolio.propfind("/his").status_code == 404


@pytest.mark.parametrize("method,body", [("PUT", b"x"), ("PROPFIND", b"<propfind xmlns='DAV:'><propname/></propfind>"),
                                         ("PROPPATCH", patch(("set", "<x:p/>"))), ("LOCK", lockinfo())])
def test_codings_of_bodies(romeo, method, body):
    """RFC 9110, 8.4: what was stored under a coding would be served without it: 415, before anybody is asked."""
    romeo.put("/a", b"x")
    asked = len(romeo.prompts)
    for coding in ("gzip", "br", "gzip, identity"):
        answer = romeo.request(method, "/a", body, headers={"Content-Encoding": coding})
        assert answer.status_code == 415 and answer.headers["Accept-Encoding"] == "identity"
    assert len(romeo.prompts) == asked and romeo.get("/a").content == b"x"
    assert romeo.request(method, "/a", body, headers={"Content-Encoding": "identity"}).status_code // 100 == 2


# ---- What is served ----

TYPES = [
    # What is sent with PUT, what is served, and whether a browser shows it by itself.
    ("text/plain", "text/plain", True), ("TEXT/PLAIN; charset=utf-8", "TEXT/PLAIN; charset=utf-8", True),
    ("image/png", "image/png", True), ("image/svg+xml", "image/svg+xml", False), ("IMAGE/SVG+XML;a=b", "IMAGE/SVG+XML;a=b", False),
    ("image/svg", "image/svg", False), ("image/what+xml", "image/what+xml", False), ("audio/ogg; codecs=\"opus, x\"", None, True),
    ("video/webm", "video/webm", True), ("text/html", "text/html", False), ("text/plainer", "text/plainer", False),
    ("application/xhtml+xml", "application/xhtml+xml", False), ("application/pdf", "application/pdf", False),
    ("text/javascript", "text/javascript", False), ("multipart/byteranges; boundary=x", None, False),
    ("text", "application/octet-stream", False), ("text/html; x", "application/octet-stream", False),
    ("text/plain; a=\"b", "application/octet-stream", False), ("text/plain, text/html", "application/octet-stream", False),
    ("text /plain", "application/octet-stream", False), ("text/plain;", "application/octet-stream", False),
    ("text/plain; a=\"é\"", "application/octet-stream", False), ("a/" + "b" * 300, "application/octet-stream", False),
    ("", "application/octet-stream", False), (None, "application/octet-stream", False),
]


def test_types_and_dispositions(romeo):
    """
    Content-Type must be type/subtype with parameters in order, else application/octet-stream. Content-Disposition: attachment unless image
    (not SVG), audio, video, text/plain.
    """
    for i, (sent, served, shown) in enumerate(TYPES):
        headers = {"Content-Type": sent.encode()} if sent is not None else {}
        romeo.put(f"/{i}", b"0123456789", headers=headers)
        for asked, status in (({}, 200), ({"Range": "bytes=1-2"}, 206)):
            answer = romeo.get(f"/{i}", headers=asked)
            assert answer.status_code == status
            assert answer.headers["Content-Type"] == (served or sent), sent
            kind, name = answer.headers["Content-Disposition"].split("; ", 1)
            assert (kind, name) == ("inline" if shown else "attachment", f"filename=\"{i}\"; filename*=UTF-8''{i}"), sent
        assert properties(romeo.propfind(f"/{i}"))["{DAV:}getcontenttype"][1].text == (served or sent)
    romeo.put("/%C3%A9%22%25%20%5C;.txt", b"x")
    disposition = romeo.get("/%C3%A9%22%25%20%5C;.txt", headers={}).headers.get("Content-Disposition")
    assert disposition is None or "%C3%A9%22%25" in disposition


def test_fields_of_what_is_served(world, romeo):
    """
    Always nosniff, `Content-Security-Policy: sandbox; default-src 'none'`, Cross-Origin-Resource-Policy; on 200, 206, 304 and errors.
    Cache-Control: private, no-cache for what needs a right.
    """
    tybalt = world.person(TYBALT, online=False)
    etag = romeo.put("/a", b"0123456789", headers={"Content-Type": "text/html"}).headers["ETag"]
    romeo.request("MKCOL", "/c")
    answers = {
        200: [romeo.get("/a"), romeo.get("/c"), romeo.request("HEAD", "/a"), romeo.request("HEAD", "/c"),
              requests.options(romeo.daemon.base, timeout=10)],
        206: [romeo.get("/a", headers={"Range": "bytes=1-2"}), romeo.get("/a", headers={"Range": "bytes=1-2,5-"})],
        304: [romeo.get("/a", headers={"If-None-Match": etag}), romeo.request("HEAD", "/c", headers={"If-None-Match": "*"})],
        207: [romeo.propfind("/a"), romeo.request("PROPPATCH", "/a", patch(("set", "<x:p/>")))],
        201: [romeo.put("/new", b"x")], 204: [romeo.put("/new", b"y", new=False)],
        401: [requests.get(romeo.daemon.base + "/a", timeout=10)], 403: [tybalt.get("/a"), romeo.propfind("/", depth="infinity")],
        404: [romeo.get("/none"), requests.get(romeo.daemon.base + "/-/none", timeout=10)],
        405: [romeo.request("DELETE", "/")], 409: [romeo.put("/none/x", b"x")], 412: [romeo.put("/a", b"x")],
        415: [romeo.put("/b", b"x", headers={"Content-Encoding": "gzip"})],
        416: [romeo.get("/a", headers={"Range": "bytes=99-"})], 501: [romeo.request("BREW", "/")],
        400: [romeo.get("/a?b"), romeo.get("/a", headers={"If": "x"})], 421: [romeo.get("/a", headers={"Host": "evil.example"})],
    }
    for status, some in answers.items():
        for answer in some:
            case = (status, answer.request.method, answer.request.url)
            assert answer.status_code == status, case
            assert answer.headers["X-Content-Type-Options"] == "nosniff", case
            assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'", case
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", case
            assert answer.headers["Cache-Control"] == "private, no-cache", case
            assert "Date" in answer.headers and "Server" not in answer.headers, case
    assert answers[304][0].headers["ETag"] == etag
    assert answers[304][0].content == b"" and "Content-Length" not in answers[304][0].headers


def test_head_says_what_get_says(romeo):
    """RFC 9110, 9.3.2: the same fields, whatever is there; a Range means nothing to it (14.2)."""
    romeo.put("/a", b"0123456789", headers={"Content-Type": "text/plain"})
    romeo.request("MKCOL", "/c")
    for path in ("/a", "/c", "/c/", "/", "/none"):
        said = []
        for method in ("GET", "HEAD"):
            answer = romeo.request(method, path, headers={"Range": "bytes=1-2"} if method == "HEAD" else {})
            said.append((answer.status_code, {k: v for k, v in answer.headers.items() if k != "Date"}))
        assert said[0] == said[1], path


def test_ranges(romeo):
    """
    Range: single and multiple (16 at most, not overlapping, else 200), If-Range with strong ETags, suffix and open forms, 416 with
    the length.
    """
    content = bytes(range(100))
    answer = romeo.put("/a", content, headers={"Content-Type": "text/plain; charset=utf-8"})
    etag, modified = answer.headers["ETag"], romeo.get("/a").headers["Last-Modified"]
    sixteen = ",".join(f"{i * 3}-{i * 3 + 1}" for i in range(16))
    for value, status, part in [
            ("0-0", 206, (0, 0)), ("99-", 206, (99, 99)), ("-1", 206, (99, 99)), ("-1000", 206, (0, 99)), ("90-1000", 206, (90, 99)),
            ("50-,200-", 206, (50, 99)), ("100-", 416, None), ("-0", 416, None), ("100-,200-300", 416, None),
            (f"{sixteen},90-", 200, None), ("0-1,1-2", 200, None), ("0-,-1", 200, None), ("5-4", 200, None), ("x", 200, None)]:
        answer = romeo.get("/a", headers={"Range": f"bytes={value}"})
        assert answer.status_code == status, value
        if part:
            assert answer.headers["Content-Range"] == f"bytes {part[0]}-{part[1]}/100", value
            assert answer.content == content[part[0]:part[1] + 1] and answer.headers["ETag"] == etag
        elif status == 416:
            assert answer.headers["Content-Range"] == "bytes */100", value
        else:
            assert answer.content == content, value
    answer = romeo.get("/a", headers={"Range": f"bytes={sixteen}"})
    assert answer.status_code == 206 and answer.headers["ETag"] == etag and "Content-Range" not in answer.headers
    assert answer.headers["Last-Modified"] == modified and answer.headers["Content-Disposition"].startswith("inline")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    message = email.message_from_bytes(b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n" + answer.content)
    parts = message.get_payload()
    assert [part["Content-Range"] for part in parts] == [f"bytes {i * 3}-{i * 3 + 1}/100" for i in range(16)]
    assert {part["Content-Type"] for part in parts} == {"text/plain; charset=utf-8"}
    assert b"".join(part.get_payload(decode=True) for part in parts) == b"".join(content[i * 3:i * 3 + 2] for i in range(16))
    for condition, status in ((etag, 206), (f"W/{etag}", 200), ('"x"', 200), (f'{etag}, "x"', 200), (modified, 200), ("", 200)):
        answer = romeo.get("/a", headers={"Range": "bytes=1-1", "If-Range": condition})
        assert answer.status_code == status, condition
    # What comes before it in RFC 9110, 13.2.2, is asked first.
    for headers, status in (({"If-Match": '"x"'}, 412), ({"If-None-Match": etag}, 304), ({"If-Modified-Since": modified}, 304),
                            ({"If-None-Match": '"x"', "If-Modified-Since": modified, "If-Range": etag}, 206),
                            ({"If-Match": etag, "If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 206)):
        assert romeo.get("/a", headers={"Range": "bytes=1-1", **headers}).status_code == status, headers
    romeo.put("/empty", b"")
    for value in ("0-", "0-0", "-1"):
        assert romeo.get("/empty", headers={"Range": f"bytes={value}"}).status_code == 416
