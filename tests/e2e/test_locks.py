"""LOCK, UNLOCK and If: RFC 4918, 6, 7, 9.10, 9.11 and 10.4."""

import re
import xml.etree.ElementTree as ET

import pytest

ROMEO, JULIET, BENVOLIO = "romeo@localhost", "juliet@capulet.localhost", "benvolio@localhost"


@pytest.fixture
def romeo(world, prosody):
    world.daemon(prosody)
    return world.person(ROMEO)


def lockinfo(scope="exclusive", note="<D:href>mailto:romeo</D:href>"):
    return (f"<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:{scope}/></D:lockscope><D:locktype><D:write/></D:locktype>"
            f"<D:owner>{note}</D:owner></D:lockinfo>").encode()


def lock(person, path, scope="exclusive", note="<D:href>mailto:romeo</D:href>", status=200, **headers):
    answer = person.request("LOCK", path, lockinfo(scope, note), headers={k.replace("_", "-"): v for k, v in headers.items()})
    assert answer.status_code == status, answer.text
    return answer.headers.get("Lock-Token", "")


def given(token):
    return {"If": f"({token})"}


def test_exclusive(romeo):
    romeo.put("/a", b"old")
    token = lock(romeo, "/a", Timeout="Second-100")
    assert re.fullmatch(r"<urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}>", token)
    for method in ("PUT", "DELETE", "PROPPATCH"):
        body = {"PUT": b"new", "PROPPATCH": b"<propertyupdate xmlns='DAV:'><set><prop><x/></prop></set></propertyupdate>"}.get(method)
        answer = romeo.request(method, "/a", body)
        assert answer.status_code == 423 and "lock-token-submitted" in answer.text, method
    assert romeo.request("MOVE", "/a", headers={"Destination": "/b"}).status_code == 423
    assert romeo.request("COPY", "/a", headers={"Destination": "/b"}).status_code == 201
    assert romeo.request("COPY", "/b", headers={"Destination": "/a"}).status_code == 423
    assert romeo.get("/a").content == b"old"
    lock(romeo, "/a", status=423)
    lock(romeo, "/a", scope="shared", status=423)
    assert romeo.put("/a", b"new", new=False, headers=given(token)).status_code == 204
    found = romeo.propfind("/a").text
    assert token[1:-1] in found and "<D:exclusive/>" in found and "mailto:romeo" in found and "/a</D:href></D:lockroot>" in found
    assert int(re.search(r"Second-(\d+)", found)[1]) <= 100
    assert romeo.request("UNLOCK", "/a", headers={"Lock-Token": "<urn:uuid:0>"}).status_code == 409
    assert romeo.request("UNLOCK", "/a").status_code == 400
    assert romeo.request("UNLOCK", "/a", headers={"Lock-Token": token}).status_code == 204
    assert romeo.put("/a", b"free", new=False).status_code == 204


def test_shared(romeo):
    romeo.put("/a", b"old")
    first, second = lock(romeo, "/a", scope="shared"), lock(romeo, "/a", scope="shared")
    assert first != second
    lock(romeo, "/a", status=423)
    assert romeo.put("/a", b"new", new=False).status_code == 423
    for token in (first, second):
        assert romeo.put("/a", b"new", new=False, headers=given(token)).status_code == 204
    for _ in range(14):
        lock(romeo, "/a", scope="shared")
    lock(romeo, "/a", scope="shared", status=403)


def test_collections(romeo):
    for path in ("/c/", "/c/d/"):
        romeo.request("MKCOL", path)
    romeo.put("/c/f", b"x")
    token = lock(romeo, "/c/", Depth="0")
    assert romeo.put("/c/new", b"x").status_code == 423
    assert romeo.request("MKCOL", "/c/new").status_code == 423
    assert romeo.request("DELETE", "/c/f").status_code == 423
    assert romeo.put("/c/f", b"y", new=False).status_code == 204
    tagged = {"If": f"<{romeo.daemon.base}/c/> ({token})"}
    assert romeo.put("/c/new", b"x", headers=tagged).status_code == 201
    assert romeo.request("UNLOCK", "/c/", headers={"Lock-Token": token}).status_code == 204
    token = lock(romeo, "/c/")
    assert romeo.put("/c/f", b"z", new=False).status_code == 423
    assert romeo.put("/c/d/deep", b"z").status_code == 423
    assert romeo.put("/c/d/deep", b"z", headers=given(token)).status_code == 201
    lock(romeo, "/c/f", status=423)
    assert "lockroot><D:href>/c/<" in romeo.propfind("/c/f").text
    assert romeo.request("DELETE", "/c/").status_code == 423
    assert romeo.request("DELETE", "/c/", headers=given(token)).status_code == 204
    assert romeo.put("/c", b"free").status_code == 201


def test_below(romeo):
    """A lock inside a tree stands against what touches the whole, and does not move with it."""
    for path in ("/c/", "/c/d/", "/e/"):
        romeo.request("MKCOL", path)
    romeo.put("/c/d/f", b"x")
    token = lock(romeo, "/c/d/f")
    for answer in (romeo.request("LOCK", "/c/", lockinfo()), romeo.request("DELETE", "/c/"),
                   romeo.request("MOVE", "/c/", headers={"Destination": "/k"}),
                   romeo.request("COPY", "/e/", headers={"Destination": "/c/"})):
        assert answer.status_code == 207
        refused = {response.find(f"{{DAV:}}href").text: response.find("{DAV:}status").text.split()[1]
                   for response in ET.fromstring(answer.content)}
        assert refused == {"/c/d/f": "423", **({"/c/": "424"} if answer.request.method == "LOCK" else {})}
    assert romeo.hrefs("/c/d/") == ["/c/d/", "/c/d/f"]
    tagged = {"If": f"</c/d/f> ({token})"}
    assert romeo.request("MOVE", "/c/", headers={"Destination": "/k", **tagged}).status_code == 201
    assert "activelock" not in romeo.propfind("/k/d/f").text
    assert romeo.put("/k/d/f", b"y", new=False).status_code == 204


def test_unmapped(romeo):
    """LOCK where nothing is makes an empty resource: Explorer and Office save so."""
    token = lock(romeo, "/new.docx", status=201)
    assert romeo.get("/new.docx").content == b""
    assert romeo.put("/new.docx", b"text", new=False).status_code == 423
    assert romeo.put("/new.docx", b"text", new=False, headers=given(token)).status_code == 204
    assert romeo.get("/new.docx").content == b"text"
    lock(romeo, "/none/new", status=409)
    assert romeo.request("LOCK", "/", b"<x/>").status_code == 405


def test_refresh(romeo):
    romeo.put("/a", b"x")
    token = lock(romeo, "/a", Timeout="Second-10")
    answer = romeo.request("LOCK", "/a", headers={**given(token), "Timeout": "Second-500"})
    assert answer.status_code == 200 and token[1:-1] in answer.text and "Lock-Token" not in answer.headers
    assert 400 < int(re.search(r"Second-(\d+)", answer.text)[1]) <= 500
    answer = romeo.request("LOCK", "/a", headers={**given(token), "Timeout": "Infinite, Second-4100000000"})
    assert 3500 < int(re.search(r"Second-(\d+)", answer.text)[1]) <= 3600
    assert romeo.request("LOCK", "/a", headers=given("<urn:uuid:0>")).status_code == 412
    assert romeo.request("LOCK", "/a").status_code == 412


def test_outlive_a_restart(romeo):
    romeo.put("/a", b"x")
    token = lock(romeo, "/a")
    romeo.daemon.kill()
    romeo.daemon.start()
    assert romeo.put("/a", b"y", new=False).status_code == 423
    assert romeo.put("/a", b"y", new=False, headers=given(token)).status_code == 204


def test_of_others(world, prosody):
    """Readers neither lock nor see a token; one that leaked is of no use to them."""
    world.daemon(prosody)
    romeo, juliet, benvolio = (world.person(jid) for jid in (ROMEO, JULIET, BENVOLIO))
    romeo.put("/a", b"x")
    romeo.share("/a", [JULIET, BENVOLIO])
    token = lock(romeo, "/a")
    for other in (juliet, benvolio):
        lock(other, "/a", status=403)
        assert token[1:-1] not in other.propfind("/a").text
        assert other.request("UNLOCK", "/a", headers={"Lock-Token": token}).status_code == 403
        assert other.put("/a", b"y", new=False, headers=given(token)).status_code == 403
        assert other.get("/a", headers=given(token)).status_code == 412
        assert other.get("/a").status_code == 200
    assert romeo.get("/a").content == b"x"


@pytest.mark.parametrize("field,status", [
    ("({token})", 204),
    ("({token} [{etag}])", 204),
    ("({token} [\"wrong\"])", 412),
    ("([\"wrong\"]) ({token})", 204),
    ("(<urn:uuid:0>) ({token} [{etag}])", 204),
    ("(Not <DAV:no-lock> {token})", 204),
    ("(<DAV:no-lock> {token})", 412),
    ("(Not {token})", 412),
    ("(Not <DAV:no-lock>)", 423),
    ("([{etag}])", 423),
    ("</a> ({token})", 204),
    ("<{base}/a> ({token} [{etag}])", 204),
    ("</b> ({token})", 412),
    ("<http://elsewhere.example/a> ({token})", 412),
    ("</b> (Not <urn:uuid:0>) </a> ({token})", 204),
    ("(NOT <DAV:no-lock> {token})", 204),
    ("(Not[\"a]b\"] {token})", 204),
    ("([\"{token}\"]) (Not <DAV:no-lock>)", 423),
    ("([\"a]({token})\"]) (Not <DAV:no-lock>)", 423),
    ("([W/{etag}] {token})", 412),
    ("( {token}\t[{etag}] ) \t", 204),
    ("</a> (Not <DAV:no-lock>) ([\"x\"]) </b> ({token})", 204),
    ("", 400),
    ("()", 400),
    ("</a> </a> ({token})", 400),
    ("</a> ({token}) </b>", 400),
    ("({token}) </a> ({token})", 400),
    ("({token}[\"x)", 400),
    ("([{etag})", 400),
    ("({token}", 400),
    ("{token}", 400),
    ("(token)", 400),
    ("([etag])", 400),
    ("(Not)", 400),
    ("({token}) x", 400),
    ("</a/../b> ({token})", 400),
    ("(" + "{token}" * 65 + ")", 400),
])
def test_if(romeo, field, status):
    etag = romeo.put("/a", b"x").headers["ETag"]
    token = lock(romeo, "/a")
    value = field.format(token=token, etag=etag, base=romeo.daemon.base)
    assert romeo.put("/a", b"y", new=False, headers={"If": value}).status_code == status


@pytest.mark.parametrize("body", ["<lockinfo xmlns='DAV:'/>", "<x/>", "not xml",
                                  "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope></lockinfo>",
                                  "<lockinfo xmlns='DAV:'><lockscope/><locktype><write/></locktype></lockinfo>"])
def test_wrong_bodies(romeo, body):
    romeo.put("/a", b"x")
    assert romeo.request("LOCK", "/a", body.encode()).status_code == 400
    assert romeo.request("LOCK", "/new", body.encode()).status_code == 400
    assert romeo.get("/new").status_code == 404
