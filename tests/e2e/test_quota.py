"""What an account may use: limits.quota, limits.resources, RFC 4331."""

import re
import subprocess

import pytest

from test_copymove import to
from test_passwords import mint

ROMEO, BENVOLIO, JULIET = "romeo@localhost", "benvolio@localhost", "juliet@capulet.localhost"
QUOTA = b"<propfind xmlns='DAV:'><prop><quota-available-bytes/><quota-used-bytes/></prop></propfind>"


def figures(person, path):
    """(available, used), None for what is not told."""
    text = person.propfind(path, QUOTA).text
    found = [re.search(rf"<D:{name}>(\d+)</D:{name}>", text) for name in ("quota-available-bytes", "quota-used-bytes")]
    return tuple(int(one[1]) if one else None for one in found)


@pytest.fixture
def romeo(world, prosody):
    world.daemon(prosody, quota="1000", resources="6")
    return world.person(ROMEO)


def test_bytes(romeo):
    assert figures(romeo, "/") == (1000, 0)
    assert romeo.put("/a", b"x" * 600).status_code == 201
    assert figures(romeo, "/") == (400, 600) and figures(romeo, "/a") == (400, 600)
    answer = romeo.put("/b", b"x" * 401)
    assert answer.status_code == 507 and "quota-not-exceeded" in answer.text and "Delete something" in answer.text
    assert romeo.get("/b").status_code == 404
    assert to(romeo, "COPY", "/a", "/b").status_code == 507
    assert romeo.get("/b").status_code == 404
    assert romeo.put("/a", b"x" * 1001, new=False).status_code == 507
    assert romeo.get("/a").content == b"x" * 600
    assert romeo.put("/a", b"x" * 1000, new=False).status_code == 204, "what it takes the place of makes room"
    assert figures(romeo, "/") == (0, 1000)
    assert to(romeo, "MOVE", "/a", "/c").status_code == 201
    assert romeo.put("/c", b"less", new=False).status_code == 204, "what needs less always goes"
    assert figures(romeo, "/") == (996, 4)
    assert romeo.request("DELETE", "/c").status_code == 204
    assert figures(romeo, "/") == (1000, 0)


def test_resources(romeo):
    assert romeo.request("MKCOL", "/c").status_code == 201
    for i in range(5):
        assert romeo.put(f"/c/{i}", b"").status_code == 201
    for method, path in (("PUT", "/more"), ("MKCOL", "/more"), ("LOCK", "/more")):
        body = b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>"
        answer = romeo.request(method, path, body if method == "LOCK" else None)
        assert answer.status_code == 507, method
    assert to(romeo, "COPY", "/c", "/d").status_code == 507
    assert romeo.hrefs("/") == ["/", "/c/"]
    assert romeo.request("DELETE", "/c/0").status_code == 204
    assert romeo.put("/more", b"x").status_code == 201


def test_early(world, prosody, tmp_path):
    """What cannot fit is refused before it is sent; what does not say how long it is, as soon as it is too long."""
    daemon = world.daemon(prosody, quota="1M")
    password = mint(daemon, ROMEO)
    size = 256 << 20  # more than sockets hold before curl has read the answer
    with open(tmp_path / "big", "wb") as f:
        f.truncate(size)
    (tmp_path / "fits").write_bytes(b"x" * (1 << 20))

    def curl(name, *arguments):
        """Status, bytes that were sent."""
        result = subprocess.run(["curl", "-s", "-u", f"{ROMEO}:{password}", "-T", name, *arguments, "-o", "answer",
                                 "-w", "%{http_code} %{size_upload}", daemon.base + "/a"], cwd=tmp_path, capture_output=True,
                                text=True, timeout=60)
        return tuple(int(word) for word in result.stdout.split())
    assert curl("big", "-H", "Expect: 100-continue") == (507, 0)
    assert "quota-not-exceeded" in (tmp_path / "answer").read_text()
    status, sent = curl("big", "-H", "Transfer-Encoding: chunked", "-H", "Expect:")
    assert status == 507 and sent < size
    chunked = ("-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "-H")
    assert curl("big", *chunked, f"X-Expected-Entity-Length: {size}") == (507, 0), "as Finder says it"
    assert daemon.blobs() == []
    assert curl("fits", *chunked, "X-Expected-Entity-Length: nonsense")[0] == 201
    assert curl("fits", *chunked, "X-Expected-Entity-Length: 1")[0] == 204, "it is a hint, no promise"
    assert curl("fits")[0] == 204


def test_trees_and_accounts(world, prosody):
    """Each account has its own; a tree that was deleted counts no more when it has been reaped; a restart forgets nothing."""
    daemon = world.daemon(prosody, quota="1000")
    romeo, benvolio, juliet = (world.person(jid) for jid in (ROMEO, BENVOLIO, JULIET))
    romeo.request("MKCOL", "/c")
    for i in range(4):
        romeo.put(f"/c/{i}", b"x" * 100)
    romeo.share("/c", [BENVOLIO, JULIET])
    assert to(benvolio, "COPY", "/c", "/mine").status_code == 201
    assert figures(romeo, "/c/") == (600, 400) and figures(benvolio, "/") == (600, 400)
    assert figures(benvolio, "/c/") == (None, None), "another's figures are not told"
    assert figures(juliet, "/") == (None, None), "who may not upload has none"
    romeo.request("DELETE", "/c")
    daemon.stop()
    daemon.start()
    assert figures(romeo, "/") == (1000, 0) and figures(benvolio, "/") == (600, 400)


def test_no_quota(world, prosody):
    """Then it is the disk: what is free above keep-free."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    romeo.put("/a", b"hello")
    available, used = figures(romeo, "/")
    assert used == 5 and available > 1 << 20
    daemon.stop()
    daemon.settings["limits"]["keep-free"] = str(available // 2)
    daemon.start()
    assert figures(romeo, "/")[0] < available * 3 // 4
    assert "quota" not in romeo.propfind("/", b"<propfind xmlns='DAV:'><allprop/></propfind>").text
