"""missive send of large files: in parts, and on from where it broke off."""

import os
import re
import socket
import struct
import threading

import pytest

from missive import Missive
from servers import free_port, wait_until

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"
PART = 16 << 20


class Gate:
    """Forwards to a port until so many bytes have gone there, then cuts everything that goes through it."""

    def __init__(self, port):
        self.target = port
        self.left = None
        self.swallowed = None
        self.cut = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.left is not None and self.left <= 0:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source, sink, counted):
        try:
            while data := source.recv(1 << 16):
                if not counted and self.swallowed and data.startswith(self.swallowed):
                    self.swallowed = None
                    self.cut.set()
                    break
                sink.sendall(data)
                if counted and self.left is not None:
                    self.left -= len(data)
                    if self.left <= 0:
                        self.cut.set()
                        break
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if counted and self.cut.is_set():
            # A reset: what was on its way is lost, and the other side notices.
            for s in (source, sink):
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.close()

    def close(self):
        self.listener.close()


@pytest.fixture
def gate():
    gate = Gate(free_port())
    yield gate
    gate.close()


@pytest.fixture
def romeo(world, prosody, gate, monkeypatch):
    world.daemon(prosody, port=gate.target, base_url=f"http://127.0.0.1:{gate.port}")
    romeo = Missive(world.tmp_path / "romeo", prosody, ROMEO)
    monkeypatch.setenv("XDG_STATE_HOME", str(world.tmp_path / "state"))
    romeo.state = str(world.tmp_path / "state" / "missive")
    return romeo


def puts(daemon):
    """How many parts were answered with what."""
    return [int(status) for status in re.findall(r"method=PUT .*status=(\d+)", daemon.log())]


def expect_puts(daemon, *expected):
    """The log tells of an answer after it has gone out."""
    wait_until(lambda: len(puts(daemon)) >= len(expected), f"{expected} in the log")
    assert puts(daemon) == list(expected)


def check(world, romeo, url, content):
    juliet = Missive(world.tmp_path / "juliet", world.server, JULIET)
    juliet.run("get", url, "-o", "got")
    with open(f"{juliet.directory}/got", "rb") as f:
        assert f.read() == content
    assert os.listdir(romeo.state) == []


def test_in_parts(world, romeo):
    content = os.urandom(1 << 20) * 40
    romeo.file("big", content)
    url = romeo.run("send", "big", JULIET).strip()
    expect_puts(world.daemons[0], 202, 202, 201)
    check(world, romeo, url, content)
    romeo.file("small", b"x" * PART)
    romeo.run("send", "small", JULIET)
    expect_puts(world.daemons[0], 202, 202, 201, 201)


def test_goes_on_by_itself(world, romeo, gate):
    """A connection that is lost in the middle costs the part that was on its way."""
    content = os.urandom(1 << 20) * 40
    romeo.file("big", content)
    gate.left = PART + (5 << 20)
    process = romeo.start("send", "big", JULIET)
    assert gate.cut.wait(60)
    gate.left = None
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    expect_puts(world.daemons[0], 202, 416, 202, 201)
    check(world, romeo, out.strip(), content)


def test_goes_on_in_a_later_run(world, romeo, gate):
    """Ended in the middle, the same command goes on; meanwhile the server was killed, too."""
    content = os.urandom(1 << 20) * 40
    romeo.file("big", content)
    gate.left = 2 * PART + (5 << 20)
    process = romeo.start("send", "big", JULIET)
    assert gate.cut.wait(60)
    process.kill()
    process.communicate()
    daemon = world.daemons[0]
    daemon.wait_for("method=PUT .*status=202", count=2)
    expect_puts(daemon, 202, 202)
    assert len(os.listdir(romeo.state)) == 1
    daemon.kill()
    daemon.start()
    gate.left = None
    url = romeo.run("send", "big", JULIET).strip()
    expect_puts(daemon, 416, 201)
    check(world, romeo, url, content)


def test_another_file_begins_anew(world, romeo, gate):
    """What has changed since is no longer what was begun; what the server has forgotten neither."""
    content = os.urandom(1 << 20) * 20
    path = romeo.file("big", content)
    gate.left = PART + (1 << 20)
    process = romeo.start("send", "big", JULIET)
    assert gate.cut.wait(60)
    process.kill()
    process.communicate()
    gate.left = None
    other = content[:-1] + b"!"
    romeo.file("big", other)
    os.utime(path, (1, 1))
    daemon = world.daemons[0]
    daemon.wait_for("method=PUT .*status=202")
    url = romeo.run("send", "big", JULIET).strip()
    expect_puts(daemon, 202, 202, 201)
    assert len(os.listdir(romeo.state)) == 1
    os.unlink(os.path.join(romeo.state, os.listdir(romeo.state)[0]))
    check(world, romeo, url, other)


def test_changed_meanwhile(world, romeo, gate):
    """Parts of two versions of a file make no file."""
    content = os.urandom(1 << 20) * 40
    path = romeo.file("big", content)
    gate.left = PART + (5 << 20)
    process = romeo.start("send", "big", JULIET)
    assert gate.cut.wait(60)
    with open(path, "r+b") as f:
        f.write(b"another version")
    gate.left = None
    out, err = process.communicate(timeout=90)
    assert process.returncode == 1 and "has changed while it was sent" in err and not out
    assert 201 not in puts(world.daemons[0]) and romeo.run("ls") == ""
    url = romeo.run("send", "big", JULIET).strip()
    juliet = Missive(world.tmp_path / "juliet", world.server, JULIET)
    juliet.run("get", url, "-o", "got")
    with open(f"{juliet.directory}/got", "rb") as f:
        assert f.read() == b"another version" + content[15:]


def test_same_time_and_size(world, romeo, gate):
    """Whoever puts the time of the last modification back has changed the file all the same."""
    content = os.urandom(1 << 20) * 20
    path = romeo.file("big", content)
    before = os.stat(path)
    gate.left = PART + (1 << 20)
    process = romeo.start("send", "big", JULIET)
    assert gate.cut.wait(60)
    process.kill()
    process.communicate()
    gate.left = None
    world.daemons[0].wait_for("method=PUT .*status=202")
    with open(path, "r+b") as f:
        f.write(b"another version")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    url = romeo.run("send", "big", JULIET).strip()
    assert puts(world.daemons[0]) == [202, 202, 201] and url


def test_last_answer_is_lost(world, romeo, gate):
    """The file is there, only its sender does not know yet."""
    content = os.urandom(1 << 20) * 20
    romeo.file("big", content)
    gate.swallowed = b"HTTP/1.1 201"
    url = romeo.run("send", "big", JULIET).strip()
    assert gate.cut.is_set() and puts(world.daemons[0]) == [202, 201, 412]
    check(world, romeo, url, content)


def test_refused(world, romeo):
    """What the server refuses is said as it says it."""
    daemon = world.daemons[0]
    daemon.stop()
    daemon.settings["limits"]["quota"] = "1M"
    daemon.start()
    romeo.file("big", b"x" * (PART + 1))
    romeo.run("send", "big", JULIET, code=1)
    assert "507" in romeo.error and "Delete something first" in romeo.error
    romeo.file("small", b"x" * (2 << 20))
    romeo.run("send", "small", JULIET, code=1)
    assert "Delete something first" in romeo.error
    assert romeo.run("ls") == ""
