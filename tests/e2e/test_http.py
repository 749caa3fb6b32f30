"""HTTP/1.1 on the wire: what is ambiguous is refused, what is right works."""

import os
import re
import socket
import subprocess
import time

import pytest
import requests

from daemon import MISSIVED, basic, new_id
from person import Later
from servers import listens, wait_until
from wire import Reader, ask, connect, head


@pytest.fixture
def daemon(world, prosody):
    return world.daemon(prosody)


SMUGGLED = b"DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("request_,status", [
    ("GET / HTTP/1.1\r\nHost: {h}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: {h}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 501),
    ("GET / HTTP/1.1\r\nHost: {h}\r\n: x\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost : {h}\r\n\r\n", 400),
    ("GET / HTTP/1.1\nHost: {h}\n\n", 400),
    ("GET / HTTP/1.1\r\nHost: {h}\r\nX: a\x00b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: {h}\r\nHost: {h}\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    ("GET http://evil.example/ HTTP/1.1\r\nHost: {h}\r\n\r\n", 421),
    ("GET /a?b HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    ("GET /%2e%2e/a HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    ("GET /a%2fb HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    ("GET /a%00 HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    ("GET * HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    ("GET / HTTP/3.0\r\nHost: {h}\r\n\r\n", 505),
    ("GET / HTTP/1.1\r\nHost: {h}\r\nExpect: magic\r\n\r\n", 417),
    ("GET /" + "a" * 9000 + " HTTP/1.1\r\nHost: {h}\r\n\r\n", 414),
    ("GET / HTTP/1.1\r\nHost: {h}\r\n" + "X: y\r\n" * 101 + "\r\n", 431),
    ("GET / HTTP/1.1\r\nHost: {h}\r\nX: " + "y" * 40000 + "\r\n\r\n", 431),
])
def test_refused_and_closed(daemon, request_, status):
    """What follows a refused request is never read as a request."""
    with connect(daemon) as s:
        s.sendall(request_.format(h=f"127.0.0.1:{daemon.port}").encode("latin-1") + SMUGGLED)
        reader = Reader(s)
        answer = reader.answer()
        assert answer.status == status and answer.fields["connection"] == "close"
        assert reader.at_end()
    assert "method=DELETE" not in daemon.log()


def test_nothing_said(world, prosody):
    """Who comes and goes without a word, while another's connection is idle, closes nothing but their own."""
    daemon = world.daemon(prosody, threads="1")
    stdin = f"/proc/{daemon.process.pid}/fd/0"
    before = os.readlink(stdin)
    with connect(daemon) as idle:
        reader = Reader(idle)
        for _ in range(3):
            with connect(daemon) as silent:
                for _ in range(2):  # what was accepted in the turn of the first is read in that of the second
                    idle.sendall(head(daemon, "OPTIONS / HTTP/1.1"))
                    assert reader.answer().status == 200
                silent.shutdown(socket.SHUT_WR)
                assert Reader(silent).at_end()
    assert os.readlink(stdin) == before


def test_unknown_method(daemon):
    with connect(daemon) as s:
        s.sendall(head(daemon, "BREW /a HTTP/1.1") + head(daemon, "get /a HTTP/1.1") + head(daemon, "OPTIONS /a HTTP/1.1"))
        reader = Reader(s)
        assert [reader.answer().status for _ in range(3)] == [501, 501, 200]


def test_options(daemon):
    for target in ("/", "*", "/not/there", f"http://127.0.0.1:{daemon.port}/"):
        answer = ask(daemon, head(daemon, f"OPTIONS {target} HTTP/1.1"))
        assert answer.status == 200 and answer.fields["dav"] == "1, 2, 3, extended-mkcol"
        assert "PROPFIND" in answer.fields["allow"] and answer.fields["ms-author-via"] == "DAV"


def test_fields_of_every_answer(world, daemon):
    romeo = world.person("romeo@localhost")
    romeo.put("/f", b"<script>alert(1)</script>", headers={"Content-Type": "text/html"})
    etag = romeo.request("HEAD", "/f").headers["ETag"]
    answers = [romeo.get("/f"), romeo.get("/f", headers={"Range": "bytes=0-3"}),
               romeo.get("/f", headers={"If-None-Match": etag}), romeo.get("/not"), romeo.propfind("/f"),
               requests.get(daemon.base + "/f", timeout=10), romeo.request("BREW", "/")]
    assert [answer.status_code for answer in answers] == [200, 206, 304, 404, 207, 401, 501]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "Date" in answer.headers
    assert answers[0].headers["Content-Disposition"].startswith("attachment")


def test_keep_alive_and_pipelining(world, daemon):
    romeo = world.person("romeo@localhost")
    with connect(daemon) as s:
        s.sendall(head(daemon, "PUT /a HTTP/1.1", "Content-Length: 5", person=romeo) + b"first"
                  + head(daemon, "PUT /b HTTP/1.1", "Transfer-Encoding: chunked", person=romeo)
                  + b"6;x=y\r\nsecond\r\n0\r\nTrailer: z\r\n\r\n"
                  + head(daemon, "GET /a HTTP/1.1", person=romeo) + b"\r\n" + head(daemon, "HEAD /b HTTP/1.1", person=romeo)
                  + head(daemon, "GET /b HTTP/1.1", "Connection: close", person=romeo))
        reader = Reader(s)
        answers = [reader.answer(method) for method in ("PUT", "PUT", "GET", "HEAD", "GET")]
        assert [answer.status for answer in answers] == [201, 201, 200, 200, 200]
        assert [answers[2].body, answers[4].body] == [b"first", b"second"]
        assert answers[3].fields["content-length"] == "6"
        assert reader.at_end()


def test_http_1_0(world, daemon):
    romeo = world.person("romeo@localhost")
    romeo.put("/a", b"hello")
    authorization = "Authorization: " + basic(romeo.full, new_id())["Authorization"]
    with connect(daemon) as s:
        s.sendall(f"GET /a HTTP/1.0\r\n{authorization}\r\n\r\n".encode())
        reader = Reader(s)
        answer = reader.answer()
        assert (answer.status, answer.body, answer.fields["connection"]) == (200, b"hello", "close")
        assert reader.at_end()
    with connect(daemon) as s:
        for _ in range(2):
            s.sendall(f"OPTIONS / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode())
            answer = Reader(s).answer()
            assert (answer.status, answer.fields["connection"]) == (200, "keep-alive")


def test_expect(world, daemon):
    """100 goes out only when the right is there and the person has said yes."""
    romeo = world.person("romeo@localhost")
    romeo.answers = "nothing"
    with connect(daemon) as s:
        s.sendall(head(daemon, "PUT /a HTTP/1.1", "Content-Length: 5", "Expect: 100-continue", person=romeo))
        prompt = romeo.wait_for_prompt()
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            s.recv(1)
        s.settimeout(20)
        prompt.yes()
        reader = Reader(s)
        assert reader.answer().status == 100
        s.sendall(b"hello")
        assert reader.answer().status == 201
    romeo.answers = "yes"
    for path in ("/none/a", "/a/b"):
        answer = ask(daemon, head(daemon, f"PUT {path} HTTP/1.1", "Content-Length: 5", "Expect: 100-continue", person=romeo))
        assert answer.status == 409 and answer.fields["connection"] == "close", "known before the content is sent"
    tybalt = world.person("tybalt@capulet.localhost", online=False)
    answer = ask(daemon, head(daemon, "PUT /b HTTP/1.1", "Content-Length: 5", "Expect: 100-continue", person=tybalt))
    assert answer.status == 403 and answer.fields["connection"] == "close"


def test_early_refusal_is_seen(world, daemon):
    """A client that sends a large body without asking sees the 401, not a reset."""
    body = b"x" * (4 << 20)
    answer = requests.put(daemon.base + "/a", data=body, timeout=20)
    assert answer.status_code == 401
    tybalt = world.person("tybalt@capulet.localhost", online=False)
    assert tybalt.put("/a", body).status_code == 403


@pytest.mark.parametrize("framing,begin,end", [
    ("Content-Length: 16777216", b"", b""),
    ("Transfer-Encoding: chunked", b"1000000\r\n", b"\r\n0\r\n\r\n"),
])
def test_early_refusal_lets_the_client_finish(daemon, framing, begin, end):
    """Nothing is reset before all was sent and the answer read: some systems throw away with a reset what they have not read yet."""
    with connect(daemon) as s:
        s.sendall(head(daemon, "PUT /a HTTP/1.1", framing) + begin)
        reader = Reader(s)
        assert reader.answer().status == 401
        for _ in range(256):
            s.sendall(b"x" * 65536)
        s.sendall(end)
        s.shutdown(socket.SHUT_WR)
        assert reader.at_end()


def test_early_refusal_does_not_wait_for_ever(daemon):
    """2 s after the answer it is over, whatever is sent."""
    with connect(daemon) as s:
        s.sendall(head(daemon, "PUT /a HTTP/1.1", "Content-Length: 1000000000000"))
        assert Reader(s).answer().status == 401
        began = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() < began + 15:
                s.sendall(b"x" * 65536)
        assert time.monotonic() < began + 10


def test_small_unwanted_bodies_keep_the_connection(world, daemon):
    romeo = world.person("romeo@localhost")
    with connect(daemon) as s:
        s.sendall(head(daemon, "PROPFIND / HTTP/1.1", "Content-Length: 7") + b"ignored"
                  + head(daemon, "GET /a HTTP/1.1", "Transfer-Encoding: chunked", person=romeo) + b"3\r\nabc\r\n0\r\n\r\n"
                  + head(daemon, "OPTIONS / HTTP/1.1"))
        reader = Reader(s)
        assert [reader.answer().status for _ in range(3)] == [401, 404, 200]


@pytest.mark.parametrize("body", [b"5\nhello\n0\n\n", b"-5\r\nhello", b"5\r\nhelloX\r\n0\r\n\r\n", b"fffffffffffffffff\r\n"])
def test_malformed_chunks(world, daemon, body):
    romeo = world.person("romeo@localhost")
    with connect(daemon) as s:
        s.sendall(head(daemon, "PUT /a HTTP/1.1", "Transfer-Encoding: chunked", person=romeo) + body)
        reader = Reader(s)
        answer = reader.answer()
        assert answer.status == 400 and answer.fields["connection"] == "close" and reader.at_end()
    assert romeo.get("/a").status_code == 404
    assert daemon.blobs() == []


@pytest.mark.parametrize("length", [100, 1 << 20])
def test_upload_cut_short(world, daemon, length):
    """An upload that ends early leaves the old content whole and no file behind."""
    romeo = world.person("romeo@localhost")
    assert romeo.put("/a", b"old").status_code == 201
    for cut in (0, 1, length // 2, length - 1):
        with connect(daemon) as s:
            s.sendall(head(daemon, "PUT /a HTTP/1.1", f"Content-Length: {length}", person=romeo) + b"n" * cut)
            romeo.wait_for_prompt(len(romeo.prompts))
            s.shutdown(socket.SHUT_WR)
            assert Reader(s).at_end()
        with connect(daemon) as s:
            s.sendall(head(daemon, "PUT /b HTTP/1.1", "Transfer-Encoding: chunked", person=romeo)
                      + f"{length:x}\r\n".encode() + b"n" * cut)
            s.shutdown(socket.SHUT_WR)
            assert Reader(s).at_end()
    assert romeo.get("/a").content == b"old"
    assert romeo.get("/b").status_code == 404
    daemon.stop()
    assert daemon.blobs() == []


def test_twenty_parallel_uploads(world, daemon):
    """If-None-Match: * and the row are one transaction: one 201, nineteen 412."""
    romeo = world.person("romeo@localhost")
    for size in (10, 200000):
        uploads = [Later(lambda i=i: romeo.put(f"/race{size}", bytes([65 + i]) * size)) for i in range(20)]
        answers = sorted(upload.result(60).status_code for upload in uploads)
        assert answers == [201] + [412] * 19
        content = romeo.get(f"/race{size}").content
        assert len(content) == size and len(set(content)) == 1
    daemon.stop()
    assert len(daemon.blobs()) == 1


def test_reader_holds_one_version(world, daemon):
    """From the first byte to the last, whatever is put there meanwhile."""
    romeo = world.person("romeo@localhost")
    size = 64 << 20
    assert romeo.put("/a", b"1" * size).status_code == 201
    with connect(daemon) as s:
        s.sendall(head(daemon, "GET /a HTTP/1.1", person=romeo))
        reader = Reader(s)
        reader.more()
        assert romeo.put("/a", b"2" * size, new=False).status_code == 204
        assert romeo.request("DELETE", "/a").status_code == 204
        assert set(reader.answer().body) == {ord("1")}


def test_large_files_in_constant_memory(world, prosody, tmp_path):
    """Both ways, with a length and in chunks; memory does not grow with the file."""
    daemon = world.daemon(prosody)
    romeo = world.person("romeo@localhost")
    block, count = bytes(range(256)) * 4096, 256
    before = peak_memory(daemon)

    def blocks():
        for _ in range(count):
            yield block
    assert romeo.put("/chunked", blocks(), timeout=120).status_code == 201
    got = 0
    with romeo.get("/chunked", stream=True, timeout=120) as answer:
        for piece in answer.iter_content(1 << 20):
            assert piece == block
            got += len(piece)
    assert got == count * len(block)
    assert peak_memory(daemon) - before < 48 << 20
    assert romeo.get("/chunked", headers={"Range": f"bytes={got - 4}-"}).content == block[-4:]


def peak_memory(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+) kB", f.read())[1]) << 10


def test_too_large(world, prosody):
    daemon = world.daemon(prosody, max_file_size="100K")
    romeo = world.person("romeo@localhost")
    assert romeo.put("/a", b"x" * 102400).status_code == 201
    before = len(romeo.prompts)
    assert romeo.put("/b", b"x" * 102401).status_code == 413
    assert len(romeo.prompts) == before, "known before anybody is asked"
    assert romeo.put("/b", iter([b"x" * 60000, b"x" * 60000])).status_code == 413
    assert romeo.request("PROPPATCH", "/a", b"<!--" + b"x" * 300000 + b"-->").status_code == 413
    assert romeo.get("/b").status_code == 404
    daemon.stop()
    assert len(daemon.blobs()) == 1


def test_hosts_and_proxies(world, prosody):
    """Names that http.host allows; what is put out is made from base-url; a trusted proxy's word on addresses."""
    daemon = world.daemon(prosody, base_url="https://files.example.org", host="files.localhost other.example:8443",
                          trusted_proxies="127.0.0.1")
    romeo = world.person("romeo@localhost")
    base = f"http://127.0.0.1:{daemon.port}"
    for host, status in (("files.example.org", 404), ("files.localhost", 404), ("files.localhost:1", 404),
                         ("other.example:8443", 404), ("other.example", 421), ("evil.example", 421),
                         ("files.example.org:8443", 421)):
        assert romeo.request("HEAD", base + "/a", headers={"Host": host}).status_code == status, host
    headers = {"Host": "files.localhost", "X-Forwarded-For": "10.9.9.9, 192.0.2.7"}
    answer = romeo.request("PUT", base + "/a", b"x", headers=headers, jid="romeo@localhost")
    assert answer.status_code == 201 and answer.headers["Location"] == "https://files.example.org/a"
    assert "192.0.2.7" in romeo.prompts[-1].body and "10.9.9.9" not in romeo.prompts[-1].body
    assert romeo.prompts[-1].url == "https://files.example.org/a"


def test_health(world, prosody):
    daemon = world.daemon(prosody, trusted_proxies="127.0.0.1")
    base = f"http://127.0.0.1:{daemon.port}"
    assert requests.get(base + "/-/health", headers={"Host": "whatever"}, timeout=10).text.splitlines()[0] == "ok"
    assert requests.get(base + "/-/health", headers={"X-Forwarded-For": "192.0.2.7"}, timeout=10).status_code == 404
    romeo = world.person("romeo@localhost")
    for method in ("GET", "PUT", "MKCOL", "PROPFIND", "DELETE"):
        assert romeo.request(method, "/-/x", b"x" if method == "PUT" else None).status_code == 404
        assert romeo.request(method, "/%2d", b"x" if method == "PUT" else None).status_code == 404
    assert romeo.prompts == []


@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
def test_health_through_a_proxy_on_loopback(world, prosody, trusted):
    """Whoever is behind it is not here, also when it is not trusted, or does not know for whom it asks."""
    daemon = world.daemon(prosody, trusted_proxies=trusted)
    assert daemon.health().status_code == 200
    for field in ({"X-Forwarded-For": "192.0.2.7"}, {"X-Forwarded-For": "unknown"}, {"X-Real-IP": "192.0.2.7"},
                  {"Forwarded": "for=unknown"}, {"Via": "1.1 proxy"}):
        assert requests.get(daemon.base + "/-/health", headers=field, timeout=10).status_code == 404, field


def test_deadlines_are_absolute(daemon):
    """A head that drips, byte by byte, is over after 15 s like one that stands still."""
    began = time.monotonic()
    dripping, silent, empty = (connect(daemon) for _ in range(3))
    dripping.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nX: ".encode())
    silent.sendall(b"GET / HT")
    dripping.settimeout(0.5)
    answer = b""
    while not answer and time.monotonic() - began < 25:
        try:
            answer = dripping.recv(1000)
        except TimeoutError:
            dripping.sendall(b"x")
    assert answer.startswith(b"HTTP/1.1 408 ") and 14 < time.monotonic() - began < 20
    assert Reader(silent).answer().status == 408
    assert Reader(empty).at_end()
    assert time.monotonic() - began < 20


def test_many_connections(world, prosody):
    """A few hundred idle ones cost nothing but a descriptor each."""
    daemon = world.daemon(prosody, connections_per_address="0")
    open_ones = [connect(daemon) for _ in range(300)]
    assert daemon.health().status_code == 200
    open_ones[-1].sendall(head(daemon, "OPTIONS / HTTP/1.1"))
    assert Reader(open_ones[-1]).answer().status == 200
    for s in open_ones:
        s.close()


def test_closed_standard_files(world, prosody):
    """Whatever is opened first is no log, and nothing is written into it."""
    daemon = world.daemon(prosody)
    daemon.stop()
    process = subprocess.Popen(["sh", "-c", 'exec "$0" "$@" 0<&- 1>&- 2>&-', MISSIVED, "-c", daemon.write_config()])
    try:
        wait_until(lambda: listens(daemon.port) and daemon.health().status_code == 200, "it serves without a log")
        assert [os.readlink(f"/proc/{process.pid}/fd/{n}") for n in range(3)] == ["/dev/null"] * 3
    finally:
        process.terminate()
        assert process.wait(20) == 0
