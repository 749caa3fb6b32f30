"""COPY and MOVE: RFC 4918, 9.8 and 9.9, with the rights of DESIGN 2."""

import time

import pytest

from test_sync import Account


ROMEO, JULIET, BENVOLIO, TYBALT = ("romeo@localhost", "juliet@capulet.localhost", "benvolio@localhost",
                                   "tybalt@capulet.localhost")


@pytest.fixture
def romeo(world, prosody):
    world.daemon(prosody)
    return world.person(ROMEO)


def to(person, method, path, destination, **headers):
    if destination.startswith("/"):
        destination = person.daemon.base + destination
    return person.request(method, path, headers={"Destination": destination, **headers})


def test_copy_and_move_a_file(romeo):
    etag = romeo.put("/a", b"hello", headers={"Content-Type": "text/plain"}).headers["ETag"]
    romeo.request("PROPPATCH", "/a", b"<propertyupdate xmlns='DAV:'><set><prop><p xmlns='urn:x'>v</p></prop></set></propertyupdate>")
    answer = to(romeo, "COPY", "/a", "/b")
    assert answer.status_code == 201 and answer.headers["Location"] == romeo.daemon.base + "/b"
    copy = romeo.get("/b")
    assert copy.content == b"hello" and copy.headers["Content-Type"] == "text/plain" and copy.headers["ETag"] == etag
    assert "urn:x" in romeo.propfind("/b").text
    assert to(romeo, "COPY", "/a", "/b", Overwrite="F").status_code == 412
    assert to(romeo, "COPY", "/a", "/b", Overwrite="maybe").status_code == 400
    assert romeo.put("/a", b"changed", new=False).status_code == 204
    assert romeo.get("/b").content == b"hello"
    assert to(romeo, "COPY", "/a", "/b").status_code == 204
    assert romeo.get("/b").content == b"changed"
    assert to(romeo, "MOVE", "/a", "/c").status_code == 201
    assert romeo.get("/a").status_code == 404 and romeo.get("/c").content == b"changed"
    assert to(romeo, "MOVE", "/c", "/b", Overwrite="F").status_code == 412
    assert to(romeo, "MOVE", "/c", "/b").status_code == 204
    assert romeo.hrefs("/") == ["/", "/b"]
    for method in ("COPY", "MOVE"):
        for path in ("/x/", "/file/"):
            romeo.put("/file", b"")
            assert to(romeo, method, "/b", path).status_code == 409, "a file has no URL with a slash at its end"
    romeo.request("DELETE", "/file")
    romeo.request("MKCOL", "/x")
    assert to(romeo, "MOVE", "/b", "/x/").status_code == 204 and to(romeo, "MOVE", "/x", "/b").status_code == 201
    assert romeo.hrefs("/") == ["/", "/b"]
    assert to(romeo, "MOVE", "/none", "/x").status_code == 404
    assert to(romeo, "COPY", "/none", "/x").status_code == 404


def test_shared_content(romeo):
    """A copy of a large file writes no content; it goes with the last that names it."""
    romeo.put("/a", b"x" * 300000)
    for name in ("/b", "/c"):
        assert to(romeo, "COPY", "/a", name).status_code == 201
    assert len(romeo.daemon.blobs()) == 1
    for name in ("/a", "/b"):
        assert romeo.request("DELETE", name).status_code == 204
    assert romeo.get("/c").content == b"x" * 300000
    assert romeo.request("DELETE", "/c").status_code == 204
    assert romeo.daemon.blobs() == []


def test_trees(romeo):
    for path in ("/c/", "/c/d/", "/c/d/e/"):
        assert romeo.request("MKCOL", path).status_code == 201
    for path in ("/c/1", "/c/d/2", "/c/d/e/%C3%A9"):
        assert romeo.put(path, path.encode()).status_code == 201
    assert to(romeo, "COPY", "/c/", "/k/").status_code == 201
    assert romeo.hrefs("/k/d/") == ["/k/d/", "/k/d/2", "/k/d/e/"]
    assert romeo.get("/k/d/e/%C3%A9").content == b"/c/d/e/%C3%A9"
    assert to(romeo, "COPY", "/c", "/flat", Depth="0").status_code == 201
    assert romeo.hrefs("/flat/") == ["/flat/"]
    assert to(romeo, "COPY", "/c", "/x", Depth="1").status_code == 400
    assert to(romeo, "MOVE", "/c", "/x", Depth="0").status_code == 400
    assert to(romeo, "MOVE", "/c/d", "/moved").status_code == 201
    assert romeo.get("/moved/e/%C3%A9").status_code == 200
    assert romeo.get("/c/d/2").status_code == 404
    assert to(romeo, "MOVE", "/moved", "/k").status_code == 204
    assert romeo.hrefs("/k/") == ["/k/", "/k/2", "/k/e/"]
    assert romeo.get("/c/1").content == b"/c/1"


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_within_each_other(romeo, method):
    """Onto itself, into its own child, over its own ancestor: 403 before anything is touched."""
    for path in ("/c/", "/c/d/"):
        romeo.request("MKCOL", path)
    romeo.put("/c/d/f", b"x")
    for source, destination in (("/c", "/c"), ("/c/", "/c/d/new"), ("/c", "/c/d"), ("/c/d", "/c"), ("/c/d/f", "/c"),
                                ("/c/d/f", "/c/d/f"), ("/c/d/f", "/c/d")):
        assert to(romeo, method, source, destination).status_code == 403, (source, destination)
    assert to(romeo, method, "/c/d/f", "/").status_code == 403
    assert to(romeo, method, "/c/d/f", "/-/f").status_code == 403
    assert to(romeo, method, "/c/d/f", "/none/f").status_code == 409
    assert to(romeo, method, "/c/d/f", "http://elsewhere.example/f").status_code == 502
    assert romeo.request(method, "/c/d/f").status_code == 400
    assert romeo.hrefs("/c/d/") == ["/c/d/", "/c/d/f"]


def test_rights(world, prosody):
    """Copying asks for the right to read, member by member; moving is the owner's; both ask at the destination too."""
    world.daemon(prosody)
    romeo, benvolio, juliet = (world.person(jid) for jid in (ROMEO, BENVOLIO, JULIET))
    romeo.request("MKCOL", "/c")
    for name in ("/c/open", "/c/closed"):
        romeo.put(name, name.encode())
    romeo.share("/c", [BENVOLIO, JULIET])
    romeo.share("/c/closed", [])
    romeo.put("/mine", b"romeo's")
    before = len(benvolio.prompts)
    assert to(benvolio, "MOVE", "/c/open", "/taken").status_code == 403
    assert to(benvolio, "COPY", "/c/closed", "/taken").status_code == 403
    assert to(benvolio, "COPY", "/c/open", "/mine").status_code == 403
    assert to(benvolio, "COPY", "/c/open", "/c/new").status_code == 403
    assert to(juliet, "COPY", "/c/open", "/hers").status_code == 403
    assert len(benvolio.prompts) == before, "nobody is asked for what may not be"
    answer = to(benvolio, "COPY", "/c", "/his")
    assert answer.status_code == 207 and "/c/closed" in answer.text and "403" in answer.text
    assert benvolio.hrefs("/his/") == ["/his/", "/his/open"]
    assert romeo.get("/his/open").status_code == 403, "a copy is the copier's, without the lists"
    assert juliet.get("/his/open").status_code == 403
    assert benvolio.request("DELETE", "/his").status_code == 204
    assert romeo.get("/mine").content == b"romeo's"


def test_rights_in_pages(world, prosody):
    """More members than are looked at at once; what may not be read lies at the edges of pages, alone and together."""
    daemon = world.daemon(prosody)
    romeo, benvolio = Account(daemon, ROMEO), Account(daemon, BENVOLIO)
    names = [f"{i:03}" for i in range(520)]
    closed = {"000", "001", "100", "254", "255", "256", "257", "511", "519", "300"}

    def patch(path, what):
        body = f"<propertyupdate xmlns='DAV:'><set><prop>{what}</prop></set></propertyupdate>"
        assert "200 OK" in romeo.request("PROPPATCH", path, body.encode()).text

    def share(path, jids):
        patch(path, f"<jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>{jids}</jidlist>")

    romeo.request("MKCOL", "/c/")
    for name in names:
        if name.endswith("00"):
            assert romeo.request("MKCOL", f"/c/{name}/").status_code == 201
            assert romeo.request("PUT", f"/c/{name}/in", b"in").status_code == 201
        else:
            assert romeo.request("PUT", f"/c/{name}", name.encode()).status_code == 201
    share("/c/", f"<jid>{BENVOLIO}</jid>")
    for name in closed:
        share(f"/c/{name}", "")
    share("/c/200/in", "")
    patch("/c/002", "<p xmlns='urn:x'>v</p>")
    answer = benvolio.request("COPY", "/c/", Destination=daemon.base + "/k/")
    assert answer.status_code == 207
    refused = [href.split("</")[0] for href in answer.text.split("href>")[1::2]]
    assert sorted(refused) == sorted([f"/c/{name}/" if name.endswith("00") else f"/c/{name}" for name in closed]
                                     + ["/c/200/in"])
    listed = benvolio.request("PROPFIND", "/k/", Depth="1").text
    there = {href.split("</")[0].strip("/").split("/")[-1] for href in listed.split("href>")[1::2]} - {"k"}
    assert there == set(names) - closed
    assert benvolio.request("GET", "/k/002").content == b"002" and benvolio.request("GET", "/k/510").content == b"510"
    assert "urn:x" in benvolio.request("PROPFIND", "/k/002", Depth="0").text
    assert benvolio.request("GET", "/k/400/in").content == b"in"
    assert benvolio.request("GET", "/k/200/in").status_code == 404
    # Its owner copies all of it.
    assert romeo.request("COPY", "/c/", Destination=daemon.base + "/all/").status_code == 201
    listed = romeo.request("PROPFIND", "/all/", Depth="1").text
    assert listed.count("<D:href>/all/") == 521
    assert romeo.request("GET", "/all/519").content == b"519" and romeo.request("GET", "/all/300/in").content == b"in"


def test_lists(world, prosody):
    """MOVE carries own lists along; what has none follows its new parent."""
    world.daemon(prosody)
    romeo, juliet, tybalt = (world.person(jid) for jid in (ROMEO, JULIET, TYBALT))
    romeo.request("MKCOL", "/c")
    romeo.request("MKCOL", "/t")
    romeo.share("/t", [TYBALT])
    romeo.put("/own", b"x")
    romeo.share("/own", [JULIET])
    romeo.put("/none", b"x")
    assert juliet.hrefs("/") == ["/", "/own"]
    assert to(romeo, "MOVE", "/own", "/t/own").status_code == 201
    assert to(romeo, "MOVE", "/none", "/t/none").status_code == 201
    assert juliet.get("/t/own").status_code == 200 and tybalt.get("/t/own").status_code == 403
    assert tybalt.get("/t/none").status_code == 200 and juliet.get("/t/none").status_code == 403
    assert juliet.propfind("/", depth="1").status_code == 404
    assert to(romeo, "MOVE", "/t/own", "/back").status_code == 201
    assert juliet.hrefs("/") == ["/", "/back"]
    assert to(romeo, "COPY", "/back", "/copy").status_code == 201
    assert juliet.get("/copy").status_code == 403


def test_behind_a_proxy(world, prosody):
    """The URL that a client sends through a TLS proxy is base-url's, whatever reaches us."""
    daemon = world.daemon(prosody, base_url="https://files.example.org", trusted_proxies="127.0.0.1")
    romeo = world.person(ROMEO)
    here = f"http://127.0.0.1:{daemon.port}"
    host = {"Host": "files.example.org", "X-Forwarded-For": "192.0.2.1"}
    assert romeo.request("PUT", here + "/a", b"x", headers=host).status_code == 201
    for destination in ("https://files.example.org/b", "http://files.example.org/c", "/d"):
        answer = romeo.request("COPY", here + "/a", headers={**host, "Destination": destination})
        assert answer.status_code == 201, destination
    answer = romeo.request("COPY", here + "/a", headers={**host, "Destination": "https://files.example.com/b"})
    assert answer.status_code == 502


def test_moving_a_tree_is_one_row(romeo):
    """Its time does not grow with the members: 600 move as fast as 6."""
    times = {}
    for count in (6, 600):
        romeo.request("MKCOL", f"/c{count}")
        for i in range(count):
            romeo.put(f"/c{count}/{i}", b"x")
        rounds = []
        for i in range(5):
            began = time.monotonic()
            assert to(romeo, "MOVE", f"/c{count}" if i % 2 == 0 else f"/m{count}",
                      f"/m{count}" if i % 2 == 0 else f"/c{count}").status_code == 201
            rounds.append(time.monotonic() - began)
        times[count] = min(rounds)
    assert times[600] < times[6] * 3 + 0.02, times
