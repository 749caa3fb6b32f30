"""Content that must come from a slow disk makes nobody wait but who reads it."""

import hashlib
import itertools
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest
import requests

from daemon import Daemon, basic
from servers import free_port, make_certificate, wait_until
from test_passwords import mint
from wire import Reader, connect

HERE = os.path.dirname(__file__)
ROMEO = "romeo@localhost"
WINDOW = 1 << 20
LARGE = hashlib.shake_128(b"cold").digest(3 * WINDOW + 12345)
SLOW = 1500  # milliseconds that the disk takes
QUICK = 0.7  # seconds that nobody else may wait


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("slow") / "slowdisk.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-D_FILE_OFFSET_BITS=64", "-o", path, f"{HERE}/slowdisk.c"],
                   check=True)
    return path


@pytest.fixture
def slow(library, disks, world, prosody):
    """Makes the daemon, with one loop and its blobs on a disk, and puts /large and /small there."""
    def make(milliseconds=SLOW, error=False, **settings):
        daemon = Daemon(world.tmp_path / "missived", prosody.component, threads="1", fence="no", **settings)
        daemon.settings["store"]["path"] = daemon.store = disks.ext4() + "/store"
        world.daemons.append(daemon)
        environment = {"LD_PRELOAD": library, "SLOW_DISK": str(milliseconds), "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0"}
        if error:
            environment["SLOW_DISK_ERROR"] = "yes"
        daemon.start(environment=environment)
        daemon.credentials = basic(ROMEO, mint(daemon, ROMEO))
        daemon.session = session_of(daemon)
        for path, content in (("/large", LARGE), ("/small", b"small")):
            assert daemon.session.put(daemon.base + path, content, timeout=20).status_code == 201
        forget(daemon)
        return daemon
    yield make
    world.end()
    world.daemons.clear()


def session_of(daemon):
    session = requests.Session()
    session.headers.update(daemon.credentials)
    session.trust_env, session.verify = False, daemon.settings["http"].get("tls-cert")
    return session


def in_memory(path):
    return int(subprocess.run(["fincore", "-n", "-b", "-o", "PAGES", path], check=True, capture_output=True).stdout)


def forget(daemon):
    """What the page cache has of large content."""
    blob, = daemon.blobs()

    def gone():
        fd = os.open(blob, os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)
        return in_memory(blob) == 0
    wait_until(gone, "nothing of it is in memory")


def get(daemon, path, **headers):
    """A connection on which the request has been sent."""
    s = connect(daemon, 60)
    if daemon.base.startswith("https"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        s = context.wrap_socket(s)
    fields = {"Host": f"127.0.0.1:{daemon.port}", **daemon.credentials, **headers}
    s.sendall((f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n").encode())
    return s


class Reading(threading.Thread):
    def __init__(self, daemon, **headers):
        super().__init__(daemon=True)
        self.socket = get(daemon, "/large", **headers)
        self.start()

    def run(self):
        with self.socket as s:
            self.answer = Reader(s).answer()


def slowest(daemon, times=100):
    """Seconds that the slowest of so many GETs took, of ten connections."""
    sessions, worst = [session_of(daemon) for _ in range(10)], 0
    for n in range(times):
        session = sessions[n % len(sessions)]
        began = time.monotonic()
        assert session.get(daemon.base + "/small", timeout=20).content == b"small"
        worst = max(worst, time.monotonic() - began)
    return worst


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_nobody_else_waits(slow, world, tls):
    settings = {}
    if tls:
        make_certificate(world.tmp_path)
        port = free_port()
        settings = {"port": port, "base_url": f"https://127.0.0.1:{port}", "tls_cert": f"{world.tmp_path}/cert.pem",
                    "tls_key": f"{world.tmp_path}/key.pem"}
    daemon = slow(**settings)
    reading = Reading(daemon)
    for window in range(1, 3):
        daemon.wait_for("event=slow-disk", window)
        assert slowest(daemon, 50) < QUICK
        assert reading.is_alive(), "it still waits for its disk"
    reading.join(60)
    assert reading.answer.status == 200 and reading.answer.body == LARGE

    def without_disk():
        before = daemon.log().count("slow-disk")
        assert daemon.session.get(daemon.base + "/large", timeout=20).content == LARGE
        daemon.wait_for("url=.*/large ", next(served))
        return daemon.log().count("slow-disk") == before
    # What is in memory stays there, unless somebody else on this machine has it dropped.
    served = itertools.count(3)
    wait_until(without_disk, "it is read from memory")


def test_ranges(slow):
    """One and several, which begin and end anywhere."""
    daemon = slow(milliseconds=100)
    for first, last in ((1, 1), (WINDOW - 1, WINDOW), (4097, 2 * WINDOW + 4095), (len(LARGE) - 1, len(LARGE) - 1)):
        forget(daemon)
        answer = daemon.session.get(daemon.base + "/large", headers={"Range": f"bytes={first}-{last}"}, timeout=20)
        assert answer.status_code == 206 and answer.content == LARGE[first:last + 1]
    forget(daemon)
    answer = daemon.session.get(daemon.base + "/large", headers={"Range": f"bytes=5-9,{2 * WINDOW}-{2 * WINDOW + 9}"}, timeout=20)
    assert answer.status_code == 206 and answer.content.count(b"Content-Range") == 2
    assert LARGE[5:10] in answer.content and LARGE[2 * WINDOW:2 * WINDOW + 10] in answer.content


def test_who_goes_meanwhile(slow):
    """A connection that ends while the pool reads for it, in whichever way, and the daemon that stops."""
    daemon = slow(milliseconds=300)
    for n in range(1, 6):
        forget(daemon)
        count = daemon.log().count("slow-disk")
        s = get(daemon, "/large")
        daemon.wait_for("event=slow-disk", count + 1)
        if n % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
        assert slowest(daemon, 10) < QUICK
    forget(daemon)
    assert daemon.session.get(daemon.base + "/large", timeout=20).content == LARGE
    forget(daemon)
    count = daemon.log().count("slow-disk")
    reading = Reading(daemon)
    daemon.wait_for("event=slow-disk", count + 1)
    daemon.stop()
    reading.join(60)
    assert reading.answer.body == LARGE, "what had begun is finished"


def test_disk_error(slow):
    """The answer ends in the middle, at once and in nobody else's way."""
    daemon = slow(milliseconds=100, error=True)
    for _ in range(2):
        with get(daemon, "/large") as s:
            reader = Reader(s)
            with pytest.raises((EOFError, ConnectionResetError)):
                reader.answer()
            assert len(reader.data) < len(LARGE)
        assert slowest(daemon, 10) < QUICK
