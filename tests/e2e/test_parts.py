"""Uploads in parts: PUT with Content-Range."""

import os
import resource
import sqlite3
import subprocess
import threading
import time

import pytest
import requests

from daemon import basic
from servers import wait_until
from test_passwords import mint
from wire import connect

ROMEO, BENVOLIO = "romeo@localhost", "benvolio@localhost"


class Uploader:
    def __init__(self, daemon, jid=ROMEO):
        self.daemon, self.jid = daemon, jid
        self.password = mint(daemon, jid)

    def request(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(method, self.daemon.base + path, data=body, timeout=30,
                                headers={**basic(self.jid, self.password), **headers})

    def part(self, path, content, first, last, **headers):
        return self.request("PUT", path, content[first:last + 1], Content_Range=f"bytes {first}-{last}/{len(content)}", **headers)

    def offset(self, path, total):
        answer = self.request("PUT", path, b"", Content_Range=f"bytes */{total}")
        assert answer.status_code == 416 and answer.headers["Content-Range"] == f"bytes */{answer.headers['Upload-Offset']}"
        return int(answer.headers["Upload-Offset"])


@pytest.fixture
def romeo(world, prosody):
    return Uploader(world.daemon(prosody))


@pytest.mark.parametrize("size", [300, 3000000])
def test_parts(romeo, size):
    content = bytes(i * 7 % 251 for i in range(size))
    a, b = size // 3, size // 2
    assert romeo.offset("/a", size) == 0
    answer = romeo.part("/a", content, 0, a - 1)
    assert answer.status_code == 202 and answer.headers["Upload-Offset"] == str(a)
    assert romeo.request("GET", "/a").status_code == 404, "nothing is seen before it is whole"
    assert romeo.request("PROPFIND", "/", Depth="1").text.count("<D:response>") == 1
    for first, last in ((0, a - 1), (a - 1, b - 1), (a + 1, b - 1), (b, size - 1)):
        answer = romeo.part("/a", content, first, last)
        assert answer.status_code == 416 and answer.headers["Upload-Offset"] == str(a), (first, last)
    assert romeo.part("/a", content, a, b - 1).status_code == 202
    assert romeo.offset("/a", size) == b and romeo.offset("/a", size + 1) == 0 and romeo.offset("/b", size) == 0
    answer = romeo.part("/a", content, b, size - 1, Content_Type="text/plain")
    assert answer.status_code == 201 and answer.headers["Location"] == romeo.daemon.base + "/a"
    got = romeo.request("GET", "/a")
    assert got.content == content and got.headers["Content-Type"] == "text/plain" and got.headers["ETag"] == answer.headers["ETag"]
    assert romeo.offset("/a", size) == 0
    assert len(romeo.daemon.blobs()) == 1


def test_over_an_old_version(romeo):
    """The resource shows the old version until then; the last part says 204."""
    new = b"n" * 1000
    romeo.request("PUT", "/a", b"old")
    assert romeo.part("/a", new, 0, 499).status_code == 202
    assert romeo.request("GET", "/a").content == b"old"
    assert romeo.part("/a", new, 500, 999).status_code == 204
    assert romeo.request("GET", "/a").content == new


def test_conditions(romeo):
    content = b"x" * 10
    assert romeo.part("/a", content, 0, 4, If_None_Match="*").status_code == 202
    romeo.request("PUT", "/b", b"there")
    assert romeo.part("/b", content, 0, 4, If_None_Match="*").status_code == 412
    assert romeo.part("/none/b", content, 0, 9).status_code == 409
    assert romeo.part("/a", content, 5, 9, If_None_Match="*").status_code == 201


def test_one_part(romeo):
    assert romeo.part("/a", b"whole", 0, 4).status_code == 201
    assert romeo.request("GET", "/a").content == b"whole"


@pytest.mark.parametrize("field,length", [
    ("bytes 0-4", 5), ("bytes 0-4/*", 5), ("bytes 4-0/10", 5), ("bytes 0-10/10", 11), ("bytes 0-3/10", 5), ("bytes 0-5/10", 5),
    ("lines 0-4/10", 5), ("bytes=0-4/10", 5), ("bytes 0-4/10 ", 4), ("bytes -4/10", 5), ("bytes 0-4/18446744073709551616", 5),
    ("bytes */10", 5), ("bytes */0", 0), ("", 5)])
def test_malformed(romeo, field, length):
    """PUT with a Content-Range that says nothing clear: 400, and nothing is stored."""
    assert romeo.request("PUT", "/a", b"x" * length, Content_Range=field).status_code == 400
    assert romeo.request("GET", "/a").status_code == 404


def test_shorter_than_said(romeo):
    """Chunked, the length is known at the end only."""
    for size, status in ((4, 400), (6, 400), (5, 202)):
        answer = romeo.request("PUT", "/a", iter([b"x" * size]), Content_Range="bytes 0-4/10")
        assert answer.status_code == status, size
    assert romeo.offset("/a", 10) == 5


def test_too_large(world, prosody):
    romeo = Uploader(world.daemon(prosody, max_file_size="1000"))
    assert romeo.request("PUT", "/a", b"x", Content_Range="bytes 0-0/1001").status_code == 413
    assert romeo.request("PUT", "/a", b"x", Content_Range="bytes 0-0/1000").status_code == 202


def test_broken_off(romeo):
    """A part that broke off counts for nothing, also when it was longer than the one that comes instead."""
    content = bytes(i % 251 for i in range(2000000))
    assert romeo.part("/a", content, 0, 99).status_code == 202
    with connect(romeo.daemon) as s:
        credentials = basic(ROMEO, romeo.password)["Authorization"]
        s.sendall((f"PUT /a HTTP/1.1\r\nHost: 127.0.0.1:{romeo.daemon.port}\r\nAuthorization: {credentials}\r\n"
                   "Content-Range: bytes 100-1999999/2000000\r\nContent-Length: 1999900\r\n\r\n").encode() + b"wrong" * 200000)
        s.shutdown(1)
        while s.recv(1 << 16):
            pass
    assert romeo.offset("/a", len(content)) == 100
    assert romeo.part("/a", content, 100, 199).status_code == 202
    assert romeo.part("/a", content, 200, 1999999).status_code == 201
    assert romeo.request("GET", "/a").content == content


def sized(path, size):
    """Waits until the pool has done what it was given."""
    for _ in range(500):
        if os.path.getsize(path) == size:
            return True
        time.sleep(0.01)
    return False


def test_leaves_nothing_behind_the_end(romeo):
    """What broke off, was longer than said, or has another digest takes no room that no quota counts."""
    size = 3000000
    assert romeo.part("/a", b"x" * size, 0, 99).status_code == 202
    blob, = romeo.daemon.blobs()
    with connect(romeo.daemon) as s:
        s.sendall((f"PUT /a HTTP/1.1\r\nHost: 127.0.0.1:{romeo.daemon.port}\r\n"
                   f"Authorization: {basic(ROMEO, romeo.password)['Authorization']}\r\n"
                   f"Content-Range: bytes 100-{size - 1}/{size}\r\nContent-Length: {size - 100}\r\n\r\n").encode() + b"x" * (size - 200))
        s.shutdown(1)
        while s.recv(1 << 16):
            pass
    assert sized(blob, 100)
    answer = romeo.request("PUT", "/a", iter([b"x" * 1000000] * 2), Content_Range=f"bytes 100-199/{size}")
    assert answer.status_code == 400 and sized(blob, 100)
    def again():
        """Not before the part that was refused has let go of the file: until then the next is told to wait."""
        status = romeo.part("/a", b"x" * size, 100, size - 1, OC_Checksum="SHA1:" + "0" * 40).status_code
        return status if status != 409 else None
    assert wait_until(again, "the part before has ended") == 400 and romeo.daemon.blobs() == [], "which part is wrong nobody knows"
    assert romeo.part("/a", b"x" * size, 0, size - 1).status_code == 201
    assert romeo.request("GET", "/a").content == b"x" * size


def test_file_that_cannot_grow(romeo):
    """A part for which the disk has no room leaves what was there before it, and no more."""
    resource.prlimit(romeo.daemon.process.pid, resource.RLIMIT_FSIZE, (2000000, resource.RLIM_INFINITY))
    content = bytes(i % 251 for i in range(3000000))
    assert romeo.part("/a", content, 0, 99).status_code == 202
    blob, = romeo.daemon.blobs()
    assert romeo.part("/a", content, 100, 2999999).status_code == 413
    assert sized(blob, 100)
    resource.prlimit(romeo.daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert romeo.part("/a", content, 100, 2999999).status_code == 201
    assert romeo.request("GET", "/a").content == content


def test_file_that_was_cut(romeo):
    """What another hand has taken away from the file is not made up for with zeros."""
    assert romeo.part("/a", b"x" * 1000, 0, 499).status_code == 202
    os.truncate(romeo.daemon.blobs()[0], 400)
    assert romeo.part("/a", b"x" * 1000, 500, 999).status_code == 503
    assert romeo.request("GET", "/a").status_code == 404
    assert romeo.request("PUT", "/a", b"whole").status_code == 201


def test_next_at_once(romeo):
    """Who was told that a part is there may send the next, on whatever connection."""
    content = bytes(i % 251 for i in range(300))
    sessions = [requests.Session() for _ in range(4)]
    for i in range(300):
        answer = sessions[i % 4].put(romeo.daemon.base + "/a", content[i:i + 1], timeout=30, headers={
            **basic(ROMEO, romeo.password), "Content-Range": f"bytes {i}-{i}/300"})
        assert answer.status_code == (201 if i == 299 else 202), (i, answer.text)
    assert romeo.request("GET", "/a").content == content


def test_too_many(romeo):
    """An account cannot fill the disk with files of one byte."""
    assert romeo.part("/a", b"x" * 10, 0, 0).status_code == 202
    romeo.daemon.stop()
    with sqlite3.connect(f"{romeo.daemon.store}/missive.db") as db:
        db.executemany("INSERT INTO partial SELECT owner, '/' || ?, total, received, '1-' || ?, modified FROM partial WHERE path = '/a'",
                       ((i, i) for i in range(998)))
    db.close()
    romeo.daemon.start()
    assert romeo.part("/b", b"x" * 10, 0, 0).status_code == 202
    answer = romeo.part("/c", b"x" * 10, 0, 0)
    assert answer.status_code == 507 and len(romeo.daemon.blobs()) == 2
    assert romeo.part("/a", b"x" * 10, 1, 9).status_code == 201
    assert romeo.part("/c", b"x" * 10, 0, 0).status_code == 202


def test_two_at_once(romeo):
    """Of parts that race one is taken; whoever was told 202 finds his bytes in the file."""
    size, rounds = 400000, 6
    expected, at = b"", 0
    for i in range(rounds):
        answers = {}

        def send(byte):
            body = byte * (size // rounds)
            field = f"bytes {at}-{at + len(body) - 1}/{size}"
            answers[byte] = romeo.request("PUT", "/a", body, Content_Range=field).status_code
        threads = [threading.Thread(target=send, args=(bytes([byte]),)) for byte in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [byte for byte, status in answers.items() if status == 202]
        assert len(won) == 1 and set(answers.values()) <= {202, 416, 409}, answers
        expected += won[0] * (size // rounds)
        at = len(expected)
    rest = size - at
    assert romeo.request("PUT", "/a", b"e" * rest, Content_Range=f"bytes {at}-{size - 1}/{size}").status_code == 201
    assert romeo.request("GET", "/a").content == expected + b"e" * rest


def test_survives_a_kill(romeo):
    content = bytes(i % 251 for i in range(500000))
    assert romeo.part("/a", content, 0, 199999).status_code == 202
    romeo.daemon.kill()
    romeo.daemon.start()
    romeo.daemon.wait_for("event=orphans-swept")
    assert romeo.offset("/a", len(content)) == 200000
    assert romeo.part("/a", content, 200000, 499999).status_code == 201
    assert romeo.request("GET", "/a").content == content


def test_a_day(romeo):
    """What nobody has gone on with for 24 hours goes, with its file."""
    content = b"x" * 100
    for name in ("/old", "/new"):
        assert romeo.part(name, content, 0, 9).status_code == 202
    romeo.daemon.stop()
    with sqlite3.connect(f"{romeo.daemon.store}/missive.db") as db:
        db.execute("UPDATE partial SET modified = modified - 24 * 3600 * 1000 WHERE path = '/old'")
        db.executemany("INSERT INTO partial SELECT owner, '/' || ?, total, 0, '1-' || ?, modified FROM partial WHERE path = '/old'",
                       ((i, i) for i in range(350)))
    db.close()
    romeo.daemon.start()
    assert romeo.request("MKCOL", "/behind-what-was-queued").status_code == 201
    while len(romeo.daemon.blobs()) > 1:
        time.sleep(0.01)
    assert romeo.offset("/old", 100) == 0 and romeo.offset("/new", 100) == 10
    assert len(romeo.daemon.blobs()) == 1
    with sqlite3.connect(f"file:{romeo.daemon.store}/missive.db?mode=ro", uri=True) as db:
        while db.execute("SELECT count(*) FROM partial").fetchone() != (1,):
            time.sleep(0.01)
    db.close()


def test_in_the_quota(world, prosody):
    romeo = Uploader(world.daemon(prosody, quota="1000"))
    content = b"x" * 900
    assert romeo.part("/a", content, 0, 599).status_code == 202
    answer = romeo.request("PUT", "/b", b"x" * 401)
    assert answer.status_code == 507
    assert romeo.part("/a", content, 600, 899).status_code == 201
    assert romeo.request("PUT", "/b", b"x" * 100).status_code == 201
    assert romeo.request("PUT", "/b", b"x", Content_Range="bytes 0-0/10").status_code == 507


def test_ended_by_a_whole_one(romeo):
    assert romeo.part("/a", b"x" * 100, 0, 9).status_code == 202
    assert romeo.request("PUT", "/a", b"whole").status_code == 201
    assert romeo.offset("/a", 100) == 0
    assert romeo.daemon.blobs() == []


def test_each_their_own(world, prosody):
    """Nobody goes on with another's upload, or learns of it."""
    daemon = world.daemon(prosody)
    romeo, benvolio = Uploader(daemon), Uploader(daemon, BENVOLIO)
    content = b"x" * 100
    assert romeo.part("/a", content, 0, 9).status_code == 202
    assert benvolio.offset("/a", 100) == 0
    assert benvolio.part("/a", content, 10, 19).status_code == 416
    assert benvolio.part("/a", b"b" * 100, 0, 9).status_code == 202
    assert romeo.part("/a", content, 10, 99).status_code == 201
    assert benvolio.part("/a", b"b" * 100, 10, 99).status_code == 403
    assert romeo.request("GET", "/a").content == content


def test_curl(romeo, tmp_path):
    """curl -C OFFSET -T sends what is missing."""
    content = bytes(i % 251 for i in range(300000))
    (tmp_path / "file").write_bytes(content)
    assert romeo.part("/file", content, 0, 99999).status_code == 202
    result = subprocess.run(["curl", "-sS", "-u", f"{ROMEO}:{romeo.password}", "-C", "100000", "-T", "file", "-w", "%{http_code}",
                             romeo.daemon.base + "/file"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.stdout == "201", result
    assert romeo.request("GET", "/file").content == content


def test_with_confirms(world, prosody):
    """Each part is a request that is asked for."""
    world.daemon(prosody)
    romeo = world.person(ROMEO)
    assert romeo.put("/a", b"x" * 5, headers={"Content-Range": "bytes 0-4/10"}).status_code == 202
    romeo.answers = "no"
    assert romeo.put("/a", b"y" * 5, headers={"Content-Range": "bytes 5-9/10"}).status_code == 403
    romeo.answers = "yes"
    assert romeo.put("/a", b"z" * 5, headers={"Content-Range": "bytes 5-9/10"}).status_code == 201
    assert romeo.get("/a").content == b"xxxxxzzzzz"
