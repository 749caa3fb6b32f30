"""Strangers who take what they can: connections, heads and bodies that drip, answers that nobody reads, prompts that nobody answers."""

import contextlib
import os
import signal
import socket
import ssl
import threading
import time

import pytest

from daemon import Daemon, basic, new_id, sanitizer
from passwords import device
from servers import free_port, make_certificate, wait_until
from wire import Reader, head

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"
OPTIONS = "OPTIONS / HTTP/1.1"


def connect(daemon, source="127.0.0.1", buffer=None):
    s = socket.socket()
    s.settimeout(20)
    if buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    s.bind((source, 0))
    s.connect(("127.0.0.1", daemon.port))
    return s


def serves(daemon, s):
    """Whether a request is answered, or the connection was closed instead."""
    try:
        s.sendall(head(daemon, OPTIONS))
        return Reader(s).answer().status == 200
    except (EOFError, ConnectionError):
        return False


def close(sockets):
    for s in sockets:
        s.close()


# ---- how many may come ----

def test_of_one_address(world, prosody):
    daemon = world.daemon(prosody, connections_per_address="5", trusted_proxies="127.0.0.9", threads="2")
    mine = [connect(daemon, "127.0.0.2") for _ in range(5)]
    assert [serves(daemon, s) for s in mine] == [True] * 5
    refused = [connect(daemon, "127.0.0.2") for _ in range(20)]
    assert [serves(daemon, s) for s in refused] == [False] * 20
    daemon.wait_for("event=connections-limited address=127.0.0.2")
    assert daemon.log().count("event=connections-limited") == 1
    others = [connect(daemon, f"127.0.0.{n}") for n in (3, 4)] + [connect(daemon, "127.0.0.9") for _ in range(20)]
    assert all(serves(daemon, s) for s in others)
    assert [serves(daemon, s) for s in mine] == [True] * 5
    mine.pop().close()
    wait_until(lambda: came_in(daemon, mine), "there is room for one more when one has gone")
    assert not serves(daemon, connect(daemon, "127.0.0.2"))
    close(mine + others + refused)


def came_in(daemon, mine):
    s = connect(daemon, "127.0.0.2")
    if serves(daemon, s):
        mine.append(s)
        return True
    return False


def test_more_than_there_are_descriptors(world, prosody):
    """Idle ones make room before descriptors run out, and files can still be opened."""
    daemon = Daemon(world.tmp_path / "daemon", prosody.component, head_time="5min")
    world.daemons.append(daemon)
    world.server = prosody
    daemon.start(before=["prlimit", "--nofile=256:256"])
    daemon.wait_for("level=warning event=few-descriptors connections=132 ")
    phone = device(world.person(ROMEO))
    silent = [connect(daemon, "127.0.0.2") for _ in range(200)] + [connect(daemon, "127.0.0.3") for _ in range(200)]
    assert phone.status("PUT", "/large", b"x" * 100000) == 201
    assert phone.ask("GET", "/large").content == b"x" * 100000
    assert "event=accept-failed" not in daemon.log()
    close(silent)


def test_any_number(world, prosody):
    daemon = world.daemon(prosody, connections_per_address="0")
    many = [connect(daemon) for _ in range(400)]
    assert all(serves(daemon, s) for s in many)
    close(many)


def at_work(daemon, phone, path):
    """A connection whose upload is waited for."""
    s = connect(daemon)
    s.sendall(head(daemon, f"PUT {path} HTTP/1.1", "Content-Length: 10", "Expect: 100-continue",
                   "Authorization: " + basic(ROMEO, phone.password)["Authorization"]))
    assert Reader(s).answer().status == 100
    return s


def test_idle_ones_make_room(world, prosody):
    """Those that never asked go first; one at work never does."""
    daemon = world.daemon(prosody, connections="9", threads="1", connections_per_address="0")
    romeo = world.person(ROMEO)
    phone = device(romeo)
    busy = at_work(daemon, phone, "/a")
    kept = [connect(daemon) for _ in range(4)]
    assert all(serves(daemon, s) for s in kept)
    silent = [connect(daemon) for _ in range(20)]
    new = [connect(daemon) for _ in range(4)]
    assert all(serves(daemon, s) for s in new)
    assert all(serves(daemon, s) for s in kept)
    busy.sendall(b"0123456789")
    assert Reader(busy).answer().status == 201
    close([busy, *kept, *silent, *new])


def test_all_at_work(world, prosody):
    """Then whoever comes is turned away, until one has ended."""
    daemon = world.daemon(prosody, connections="4", threads="1", connections_per_address="0")
    phone = device(world.person(ROMEO))
    begun = [at_work(daemon, phone, f"/{n}") for n in range(5)]
    wait_until(lambda: not serves(daemon, connect(daemon)), "it is full")
    begun.pop().close()
    wait_until(lambda: serves(daemon, connect(daemon)), "there is room again")
    close(begun)


# ---- what they may do meanwhile ----

class Drips:
    """Sends a byte on each connection every so often, in a thread of its own, until it is stopped."""

    def __init__(self, sockets, every=0.2):
        self.sockets, self.every, self.ending = list(sockets), every, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ending.wait(self.every):
            for s in list(self.sockets):
                try:
                    s.sendall(b"x")
                except OSError:
                    self.sockets.remove(s)

    def end(self):
        self.ending.set()
        self.thread.join()


def test_heap_of_requests_lets_others_go_first(world, prosody):
    """What lies behind each other in one connection is no turn of the loop: who asks once is answered between them."""
    daemon = world.daemon(prosody, threads="1")
    phone = device(world.person(ROMEO))
    assert phone.status("MKCOL", "/many") == 201
    for n in range(200):
        assert phone.status("PUT", f"/many/{n}", b"x") == 201
    proof = "Authorization: " + basic(ROMEO, phone.password)["Authorization"]
    listing = head(daemon, "PROPFIND /many/ HTTP/1.1", "Depth: 1", "Accept-Encoding: gzip", proof)
    greedy, modest = connect(daemon), connect(daemon)
    assert serves(daemon, greedy) and serves(daemon, modest)
    os.kill(daemon.process.pid, signal.SIGSTOP)
    count = 30000 // len(listing)
    greedy.sendall(listing * count)
    modest.sendall(head(daemon, "GET /many/1 HTTP/1.1", proof))
    os.kill(daemon.process.pid, signal.SIGCONT)
    assert Reader(modest).answer().body == b"x"
    answers = Reader(greedy)
    assert {answers.answer().status for _ in range(count)} == {207}
    daemon.wait_for("event=request method=PROPFIND", count)
    lines = daemon.log().split("event=request method=GET")[0]
    assert lines.count("event=request method=PROPFIND") < count // 4
    close([greedy, modest])


def test_heap_of_requests_of_who_reads_later(world, prosody):
    """Whose next turn waits for room in its own socket has it all the same, before the time for a head is over."""
    daemon = world.daemon(prosody, threads="1", head_time="1s")
    heap = connect(daemon)
    count, again = 30000, head(daemon, OPTIONS)
    sending = threading.Thread(target=heap.sendall, args=(again * count,), daemon=True)
    sending.start()
    # As long as heads may take, from when it surely waits on.
    for _ in range(2):
        late = connect(daemon)
        late.sendall(b"GET / HTTP/1.1\r\n")
        assert Reader(late).answer().status == 408
        late.close()
    answers = Reader(heap)
    assert all(answers.answer().status == 200 for _ in range(count))
    sending.join()
    heap.close()


class User:
    """Somebody with an app password, on one kept connection: how long the slowest hundredth of the answers took."""

    def __init__(self, daemon, jid, password):
        self.daemon, self.fields = daemon, "Authorization: " + basic(jid, password)["Authorization"]
        self.times = []

    def ask(self, line, body=b""):
        with connect(self.daemon) as s:
            began = time.monotonic()
            length = [f"Content-Length: {len(body)}"] if body else []
            s.sendall(head(self.daemon, line, self.fields, *length) + body)
            answer = Reader(s).answer()
            self.times.append(time.monotonic() - began)
        return answer.status

    def p99(self):
        return sorted(self.times)[int(len(self.times) * 0.99)]


def state(daemon):
    """(descriptors, KiB of memory that is the daemon's own)"""
    process = f"/proc/{daemon.process.pid}"
    with open(f"{process}/status") as f:
        memory = next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))
    return len(os.listdir(f"{process}/fd")), memory


def flood(daemon, romeo, tybalt_password):
    """300 heads, 100 bodies, 100 readers, 200 prompts, from 35 addresses."""
    sources = [f"127.0.1.{n}" for n in range(1, 36)]
    heads = [connect(daemon, sources[n % 35]) for n in range(300)]
    for s in heads:
        s.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nX: ".encode())
    proof = "Authorization: " + basic(ROMEO, tybalt_password)["Authorization"]
    bodies = [connect(daemon, sources[n % 35]) for n in range(100)]
    for n, s in enumerate(bodies):
        s.sendall(head(daemon, f"PUT /drip{n} HTTP/1.1", "Content-Length: 1000000", proof))
    readers = [connect(daemon, sources[n % 35], buffer=4096) for n in range(100)]
    for s in readers:
        s.sendall(head(daemon, "GET /large HTTP/1.1", proof))
    prompts = [connect(daemon, sources[n % 35]) for n in range(200)]
    for s in prompts:
        s.sendall(head(daemon, "GET /large HTTP/1.1", "Authorization: " + basic(ROMEO, new_id())["Authorization"]))
    return heads, bodies, readers, prompts


@pytest.fixture
def frugal(monkeypatch):
    """What ASan keeps of freed memory does not count as the daemon's."""
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64")


def test_flood(world, prosody, frugal):
    daemon = world.daemon(prosody, prompts_per_pair="1000", prompts_per_address="1000", prompts_per_known_pair="1000")
    romeo = world.person(ROMEO)
    phone = device(romeo)
    user = User(daemon, ROMEO, phone.password)
    assert user.ask("PUT /small HTTP/1.1", b"content") == 201
    assert user.ask("PUT /large HTTP/1.1", b"x" * (8 << 20)) == 201
    for _ in range(50):
        assert user.ask("GET /small HTTP/1.1") == 200
    before = state(daemon)
    user.times.clear()
    romeo.answers = "nothing"
    heads, bodies, readers, prompts = flood(daemon, romeo, phone.password)
    wait_until(lambda: len(romeo.prompts) >= 200, "all prompts have been asked", seconds=60)
    drips = Drips([*heads, *bodies])
    for n in range(150):
        assert user.ask("GET /small HTTP/1.1") == 200
        assert user.ask(f"PUT /new{n} HTTP/1.1", b"content") == 201
    assert state(daemon)[0] >= before[0] + 400, "the flood stands"
    drips.end()
    assert user.p99() < 1, f"{user.p99():.3f} s"
    close([*heads, *bodies, *readers, *prompts])
    wait_until(lambda: state(daemon)[0] <= before[0] + 4, "descriptors are back", seconds=70)
    wait_until(lambda: state(daemon)[1] <= before[1] + (12 << 10) or sanitizer() == "thread", "memory is back", seconds=30)
    assert daemon.blobs() and len(daemon.blobs()) == 1, "of what dripped nothing is left"


def test_handshakes_by_half(world, prosody, frugal, tmp_path):
    """Each takes some 50 KiB of OpenSSL's; the allocator gives them back, also while others stay."""
    make_certificate(tmp_path)
    port = free_port()
    daemon = world.daemon(prosody, port=port, base_url=f"https://127.0.0.1:{port}", tls_cert=f"{tmp_path}/cert.pem",
                          tls_key=f"{tmp_path}/key.pem", head_time="5min")
    said, alone = ssl.MemoryBIO(), state(daemon)[0]
    others = [connect(daemon, "127.0.0.2") for _ in range(200)]
    wait_until(lambda: state(daemon)[0] >= alone + len(others), "the others are there")
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost").do_handshake()
    hello, before = said.read(), state(daemon)

    def greet(number):
        s = connect(daemon, f"127.0.1.{number % 35 + 1}")
        s.sendall(hello)
        assert s.recv(1) == b"\x16"
        return s
    greeted = [greet(number) for number in range(1000)]
    assert state(daemon)[0] >= before[0] + 1000
    close(greeted)
    wait_until(lambda: state(daemon)[0] <= before[0] + 4, "descriptors are back", seconds=30)
    # A sanitizer's allocator keeps what it has.
    if not sanitizer():
        wait_until(lambda: state(daemon)[1] <= before[1] + (12 << 10), "memory is back", seconds=30)
    close(others)
