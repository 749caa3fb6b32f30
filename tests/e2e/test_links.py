"""What came through a slot: who has the URL reads it, until its owner changes it; and what web pages are told."""

import re

import pytest

from daemon import basic, new_id
from slots import Slot, crossing, fetch, filled, is_link, make_late

ROMEO, BENVOLIO, JULIET = "romeo@localhost", "benvolio@localhost", "juliet@capulet.localhost"


@pytest.fixture
def romeo(world, prosody):
    world.daemon(prosody)
    return world.person(ROMEO)


def test_whatever_the_credentials(romeo, world):
    """Who fetches a link is asked nothing, right or wrong."""
    juliet = world.person(JULIET)
    slot = filled(romeo)
    for headers in (basic(romeo.full, new_id()), basic(JULIET, new_id()), basic(ROMEO, "mv-" + "a" * 26), basic("@", "x"),
                    {"Authorization": slot.authorization}, {"Authorization": "Digest x"}, {"Authorization": "Other x"}):
        assert fetch(slot.url, **headers).content == b"hello"
        assert fetch(slot.url, "HEAD", **headers).status_code == 200
    assert romeo.prompts == juliet.prompts == []


def without(answer):
    """What is not different each time."""
    headers = [(name, re.sub('nonce="[^"]*"', "", value)) for name, value in answer.raw.headers.items() if name != "Date"]
    return answer.status_code, headers, answer.content


def test_nothing_else_is_open(romeo, world):
    """A link is fetched and nothing more; what is no link is the same 401, whether it is there or not."""
    juliet = world.person(JULIET)
    slot = filled(romeo)
    name = slot.path[1:]
    assert romeo.put("/file", b"x").status_code == 201
    assert romeo.request("MKCOL", "/c").status_code == 201
    assert romeo.put("/c/" + name, b"x").status_code == 201
    nothing = without(fetch(romeo.daemon.base + "/nothing"))
    assert nothing[0] == 401
    for path in ("/file", "/c", "/c/", f"/c/{name}", slot.path + "/", f"{slot.path}/x", "/"):
        for method in ("GET", "HEAD"):
            assert without(fetch(romeo.daemon.base + path, method))[:2] == nothing[:2], path
        assert without(fetch(romeo.daemon.base + path)) == nothing, path
    for method in ("PROPFIND", "PROPPATCH", "REPORT", "DELETE", "COPY", "MOVE", "LOCK", "UNLOCK", "PUT", "MKCOL"):
        answer = fetch(slot.url, method, Destination=romeo.daemon.base + "/stolen")
        assert answer.status_code == 401 and not crossing(answer), method
    assert fetch(slot.url, If="(<urn:uuid:1>)").status_code == 412
    assert juliet.propfind(slot.path).status_code == 404
    assert juliet.request("COPY", slot.path, headers={"Destination": romeo.daemon.base + "/stolen"}).status_code == 403
    benvolio = world.person(BENVOLIO)
    assert benvolio.request("COPY", slot.path, headers={"Destination": romeo.daemon.base + "/stolen"}).status_code == 403
    assert slot.path not in benvolio.hrefs("/")
    assert juliet.request("OPTIONS", slot.path).status_code == 200
    assert juliet.prompts == []


LINK = "<link xmlns='urn:missive:dav'/>"


def patch(person, path, inside, verb="set"):
    body = f"<D:propertyupdate xmlns:D='DAV:'><D:{verb}><D:prop>{inside}</D:prop></D:{verb}></D:propertyupdate>"
    answer = person.request("PROPPATCH", path, body.encode())
    assert answer.status_code == 207
    return answer.text


def move(person, path, to, method="MOVE"):
    answer = person.request(method, path, headers={"Destination": person.daemon.base + to})
    assert answer.status_code in (201, 204), answer.text


def move_and_back(romeo, slot):
    move(romeo, slot.path, "/away")
    move(romeo, "/away", slot.path)


def put_elsewhere(romeo):
    assert romeo.put("/other", b"other", new=False).status_code in (201, 204)


def move_onto(romeo, slot):
    put_elsewhere(romeo)
    move(romeo, "/other", slot.path)


def copy_onto(romeo, slot):
    put_elsewhere(romeo)
    move(romeo, "/other", slot.path, "COPY")


def link_onto(romeo, slot):
    """What is itself a link is none any more where it comes to."""
    move(romeo, filled(romeo, b"other").path, slot.path)


def delete_and_put(romeo, slot):
    assert romeo.request("DELETE", slot.path).status_code == 204
    assert romeo.put(slot.path, b"secret").status_code == 201


def delete_and_lock(romeo, slot):
    lock = ("<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>"
            "</D:lockinfo>")
    assert romeo.request("DELETE", slot.path).status_code == 204
    answer = romeo.request("LOCK", slot.path, lock.encode())
    assert answer.status_code == 201
    token = answer.headers["Lock-Token"]
    assert fetch(slot.url).status_code == 401
    assert romeo.put(slot.path, b"secret", new=False, headers={"If": f"({token})"}).status_code == 204
    assert romeo.request("UNLOCK", slot.path, headers={"Lock-Token": token}).status_code == 204


def put_in_parts(romeo, slot):
    for first, last, status in ((0, 3, 202), (4, 9, 204)):
        answer = romeo.put(slot.path, b"0123456789"[first:last + 1], new=False,
                           headers={"Content-Range": f"bytes {first}-{last}/10"})
        assert answer.status_code == status


def replace_collection(romeo, slot):
    """A collection is there for a while."""
    assert romeo.request("DELETE", slot.path).status_code == 204
    assert romeo.request("MKCOL", slot.path).status_code == 201
    assert romeo.put(slot.path + "/x", b"x").status_code == 201
    assert fetch(slot.url + "/x").status_code == 401


ENDS = {
    "list": lambda romeo, slot: romeo.share(slot.path, [JULIET]),
    "empty list": lambda romeo, slot: romeo.share(slot.path, []),
    "list removed": lambda romeo, slot: romeo.share(slot.path, None),
    "put": lambda romeo, slot: romeo.put(slot.path, b"secret", new=False),
    "the same put": lambda romeo, slot: romeo.put(slot.path, b"hello", new=False),
    "put in parts": put_in_parts,
    "move": lambda romeo, slot: move(romeo, slot.path, "/away"),
    "move and back": move_and_back,
    "move onto it": move_onto,
    "copy onto it": copy_onto,
    "link onto it": link_onto,
    "delete": lambda romeo, slot: romeo.request("DELETE", slot.path),
    "delete and put": delete_and_put,
    "delete and lock": delete_and_lock,
    "collection": replace_collection,
    "link removed": lambda romeo, slot: patch(romeo, slot.path, LINK, "remove"),
}


@pytest.mark.parametrize("end", ENDS)
def test_link_ends(romeo, end):
    """With the first change of what it is or of who may read it, and for ever."""
    slot = filled(romeo)
    ENDS[end](romeo, slot)
    assert not is_link(slot)
    if romeo.get(slot.path).status_code == 200:
        romeo.share(slot.path, [JULIET])
        romeo.share(slot.path, None)
    assert not is_link(slot)
    for path in ("/away", "/other"):
        assert fetch(romeo.daemon.base + path).status_code == 401
    assert slot.put().status_code == 401


def test_link_stays(romeo, world):
    """Other changes, and changes that fail, leave it."""
    slot = filled(romeo)
    patch(romeo, slot.path, "<D:displayname>other.jpg</D:displayname>")
    patch(romeo, slot.path, "<x xmlns='urn:other'>y</x>")
    assert is_link(slot) and "other.jpg" in fetch(slot.url).headers["Content-Disposition"]
    failed = patch(romeo, slot.path, "<jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'/><D:getetag>x</D:getetag>")
    assert " 424 " in failed and is_link(slot)
    assert " 403 " in patch(romeo, slot.path, LINK) and is_link(slot)
    assert romeo.put(slot.path, b"secret", headers={"If-None-Match": "*"}).status_code == 412 and is_link(slot)
    assert world.person(BENVOLIO).put(slot.path, b"evil", new=False).status_code == 403 and is_link(slot)
    move(romeo, slot.path, "/copy", "COPY")
    assert is_link(slot) and fetch(romeo.daemon.base + "/copy").status_code == 401
    assert romeo.get("/copy").content == b"hello"


def test_property(romeo, world):
    """The owner sees whether it is one, and ends it."""
    asked = f"<D:propfind xmlns:D='DAV:'><D:prop>{LINK}<D:acl/></D:prop></D:propfind>"
    slot = filled(romeo)
    assert "<D:principal><D:all/></D:principal>" in romeo.propfind(slot.path, asked).text
    assert '<link xmlns="urn:missive:dav">1</link>' in romeo.propfind(slot.path, asked).text
    assert "urn:missive:dav" not in romeo.propfind(slot.path).text
    assert " 200 " in patch(romeo, slot.path, LINK, "remove")
    answer = romeo.propfind(slot.path, asked).text
    assert " 404 " in answer and "<D:principal><D:all/>" not in answer and not is_link(slot)
    romeo.share(slot.path, [JULIET])
    assert " 403 " in world.person(JULIET).propfind(slot.path, asked).text


def test_not_public(world, prosody):
    """The operator may have it that only lists count, for what comes and for what is there."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    earlier = filled(romeo)
    daemon.stop()
    daemon.settings.setdefault("slots", {})["public"] = "no"
    daemon.start()
    slot = Slot(romeo)
    assert slot.put().status_code == 201
    assert not is_link(slot) and not is_link(earlier)
    assert romeo.get(slot.path).content == romeo.get(earlier.path).content == b"hello"
    juliet = world.person(JULIET)
    assert juliet.get(slot.path).status_code == 403
    romeo.share(slot.path, [JULIET])
    assert juliet.get(slot.path).content == b"hello"
    daemon.stop()
    daemon.settings["slots"]["public"] = "yes"
    daemon.start()
    assert not is_link(slot) and is_link(earlier)


# ---- web clients ----


def preflight(url, method, **headers):
    return fetch(url, "OPTIONS", **{"Origin": "https://web.example.org", "Access-Control-Request-Method": method, **headers})


def test_preflight(romeo):
    daemon = romeo.daemon
    slot, link = Slot(romeo), filled(romeo)
    assert romeo.put("/file", b"x").status_code == 201
    answer = preflight(slot.url, "PUT", **{"Access-Control-Request-Headers": "authorization,content-type"})
    assert answer.status_code == 200
    crossed = crossing(answer)
    assert crossed["access-control-allow-origin"] == "*" and crossed["access-control-allow-methods"] == "PUT"
    assert {"Authorization", "Content-Type"} <= set(crossed["access-control-allow-headers"].split(", "))
    assert "access-control-max-age" in crossed and "access-control-allow-credentials" not in crossed
    for method in ("GET", "HEAD"):
        crossed = crossing(preflight(link.url, method))
        assert crossed["access-control-allow-methods"] == "GET, HEAD"
        assert "Range" in crossed["access-control-allow-headers"].split(", ")
    nowhere = [(slot.url, "GET"), (slot.url, "DELETE"), (slot.url, "put"), (link.url, "PUT"), (link.url, "PROPFIND"),
               (slot.url + "/", "PUT"), (link.url + "/", "GET"), (daemon.base + "/file", "GET"), (daemon.base + "/file", "PUT"),
               (daemon.base + "/new", "PUT"), (daemon.base + "/", "GET"), (daemon.base + "/-/health", "GET")]
    for url, method in nowhere:
        answer = preflight(url, method)
        assert answer.status_code == 200 and not crossing(answer), (url, method)
    assert not crossing(fetch(slot.url, "OPTIONS", Origin="https://web.example.org"))
    assert not crossing(preflight(slot.url, "PUT", **basic(ROMEO, new_id())))
    make_late(daemon)
    assert not crossing(preflight(slot.url, "PUT"))


def test_crossing(romeo):
    """Web pages see what becomes of an upload and of a link, and of nothing else."""
    origin = {"Origin": "https://web.example.org"}
    slot = Slot(romeo)
    for answer in (slot.put(b"hello!", **origin), slot.put(b"hello", **origin), fetch(slot.url, **origin),
                   fetch(slot.url, "HEAD", **origin), fetch(slot.url, Range="bytes=9-", **origin)):
        crossed = crossing(answer)
        assert crossed["access-control-allow-origin"] == "*" and "access-control-allow-credentials" not in crossed
        assert "ETag" in crossed["access-control-expose-headers"]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    romeo.share(slot.path, [JULIET])
    for answer in (fetch(slot.url, **origin), romeo.get(slot.path, headers=origin), romeo.put("/a", headers=origin),
                   slot.put(**origin), romeo.propfind("/", headers=origin), fetch(romeo.daemon.base + "/-/health", **origin)):
        assert not crossing(answer)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
