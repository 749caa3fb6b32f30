"""What a service manager hands over and is told: sockets that listen already, readiness, a watchdog."""

import glob
import os
import re
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing

import pytest
import requests

from daemon import MISSIVED, Daemon
from servers import free_port

# LISTEN_PID is the process that is to have them: sh becomes it.
INHERIT = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh"]


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path.replace("@", "\0", 1))
        self.environment = {"NOTIFY_SOCKET": path}

    def next(self, seconds=20):
        self.socket.settimeout(seconds)
        return self.socket.recv(4096).decode()

    def wait_for(self, text):
        while self.next() != text:
            pass

    def is_silent(self, seconds):
        """What was under way comes, and then nothing for so long."""
        for _ in range(5):
            try:
                self.next(seconds)
            except TimeoutError:
                return True
        return False


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    made = Manager(f"{tmp_path}/notify" if request.param == "path" else f"@missive-test-{os.getpid()}-{tmp_path.name}")
    yield made
    made.socket.close()


@pytest.fixture
def daemon(world, prosody):
    daemon = Daemon(world.tmp_path / "daemon", prosody.component)
    world.daemons.append(daemon)
    world.server = prosody
    return daemon


def test_what_it_tells(daemon, manager):
    daemon.start(environment=manager.environment)
    assert manager.next() == "READY=1"
    daemon.process.send_signal(signal.SIGHUP)
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", manager.next())
    assert manager.next() == "READY=1"
    daemon.stop()
    assert manager.next() == "STOPPING=1"


def test_what_it_was_not_handed_is_closed(daemon, tmp_path):
    """A file that root has opened would be readable behind every fence."""
    with open(f"{tmp_path}/shadow", "w") as f:
        daemon.start(pass_fds=[f.fileno()])
        files = glob.glob(f"/proc/{daemon.process.pid}/fd/*")
        assert len(files) > 10 and f"{tmp_path}/shadow" not in [os.path.realpath(path) for path in files]


def test_nothing_when_the_start_fails(daemon, manager):
    daemon.settings["http"]["listen"] = ["127.0.0.1:1", f"192.0.2.1:{free_port()}"]
    daemon.settings["http"]["allow-plain"] = "yes"
    result = subprocess.run([MISSIVED, "-c", daemon.write_config()], capture_output=True, timeout=20,
                            env={**os.environ, **manager.environment})
    assert result.returncode == 1
    with pytest.raises(TimeoutError):
        manager.next(0.1)


@pytest.mark.parametrize("path", ["relative", "@" + "x" * 200])
def test_address_that_is_none(daemon, path):
    """It is said, and nothing else is lost."""
    daemon.start(environment={"NOTIFY_SOCKET": path})
    assert "event=no-supervisor" in daemon.log()


@pytest.fixture
def watched(tmp_path):
    """A service manager that wants to hear something each second."""
    made = Manager(f"{tmp_path}/notify")
    made.environment["WATCHDOG_USEC"] = "1000000"
    yield made
    made.socket.close()


def test_watchdog(daemon, watched):
    daemon.start(environment=watched.environment)
    watched.wait_for("READY=1")
    for _ in range(3):
        assert watched.next(5) == "WATCHDOG=1"


def test_watchdog_of_another(daemon, watched):
    daemon.start(environment={**watched.environment, "WATCHDOG_PID": "1"})
    assert watched.next() == "READY=1"
    with pytest.raises(TimeoutError):
        watched.next(1.5)


def test_watchdog_bites_when_a_loop_is_stuck(daemon, watched):
    """One of two HTTP loops, for three seconds: nothing is told meanwhile."""
    daemon.start(environment={**watched.environment, "ASAN_OPTIONS": "detect_leaks=0"},
                 before=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4", "-e", "inject=accept4:delay_enter=3000000:when=1"])
    watched.wait_for("READY=1")
    assert watched.next(5) == "WATCHDOG=1"
    with socket.create_connection(("127.0.0.1", daemon.port)):
        assert watched.is_silent(1.5)
        assert watched.next() == "WATCHDOG=1"


def test_watchdog_bites_when_the_committer_is_stuck(daemon, watched):
    daemon.start(environment=watched.environment)
    watched.wait_for("READY=1")
    with closing(sqlite3.connect(f"{daemon.store}/missive.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert watched.is_silent(1.5)
        db.execute("ROLLBACK")
    assert watched.next() == "WATCHDOG=1"


def listener(family=socket.AF_INET, address="127.0.0.1", kind=socket.SOCK_STREAM):
    made = socket.socket(family, kind)
    made.bind((address, 0))
    if kind == socket.SOCK_STREAM:
        made.listen(100)
    return made


class Inherited:
    """Sockets as the descriptors from 3 on of whoever is started with them."""

    def __init__(self, *sockets):
        self.sockets = sockets
        first = 10  # none of which is where another one is to go
        self.copies = []
        for one in sockets:
            self.copies.append(os.dup(one.fileno()))
        moves = " ".join(f"{3 + i}<&{first + i}" for i in range(len(sockets)))
        assert len(sockets) < 7
        opens = " ".join(f"{first + i}<&{copy}" for i, copy in enumerate(self.copies))
        # sh knows descriptors of one digit only
        self.before = ["bash", "-c", f'exec {opens}; exec {moves}; export LISTEN_PID=$$ LISTEN_FDS={len(sockets)}; exec "$@"', "bash"]

    def start(self, daemon, **how):
        return daemon.start(before=self.before, pass_fds=self.copies, **how)

    def close(self):
        for copy in self.copies:
            os.close(copy)
        for one in self.sockets:
            one.close()


@pytest.fixture
def inherit():
    made = []

    def make(*sockets):
        made.append(Inherited(*sockets))
        return made[-1]
    yield make
    for one in made:
        one.close()


def get(port, host, address="127.0.0.1"):
    return requests.get(f"http://{address}:{port}/-/health", headers={"Host": host}, timeout=20).status_code


def test_inherited_listeners(daemon, inherit):
    """They take the place of `listen`; all loops share them, and one that wakes is enough."""
    four, six = listener(), listener(socket.AF_INET6, "::1")
    ports = [one.getsockname()[1] for one in (four, six)]
    inherit(four, six).start(daemon)
    assert f"event=listening address=127.0.0.1:{ports[0]} tls=no" in daemon.log()
    assert f"event=listening address=[::1]:{ports[1]} tls=no" in daemon.log()
    host = daemon.base.split("//")[1]
    for _ in range(50):
        assert get(ports[0], host) == 200
        assert get(ports[1], host, "[::1]") == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", daemon.port))
    # EPOLLEXCLUSIVE, EPOLLIN, and EPOLLERR and EPOLLHUP as always; once for each loop and listener.
    assert watched_so(daemon, "10000019") == int(daemon.settings["http"]["threads"]) * 2


def watched_so(daemon, events):
    """How many descriptors its loops watch for just these events. Connections may be closed meanwhile."""
    found = 0
    for path in glob.glob(f"/proc/{daemon.process.pid}/fdinfo/*"):
        try:
            with open(path) as f:
                found += len(re.findall(rf"^tfd:.*events: {events}", f.read(), re.M))
        except FileNotFoundError:
            pass
    return found


def test_nobody_is_lost_between_two_daemons(daemon, inherit):
    """The service manager keeps the socket: who comes while nobody runs waits."""
    four = listener()
    inherited = inherit(four)
    inherited.start(daemon)
    daemon.stop()
    with socket.create_connection(four.getsockname(), timeout=20) as waiting:
        waiting.sendall(f"GET /-/health HTTP/1.1\r\nHost: {daemon.base.split('//')[1]}\r\n\r\n".encode())
        inherited.start(daemon, link=False)
        assert waiting.recv(100).startswith(b"HTTP/1.1 ")


def test_many_at_once_on_one_listener(daemon, inherit):
    """Also when a loop had no descriptor left for a moment: it stops waiting for the listener, and begins again."""
    four = listener()
    inherited = inherit(four)
    inherited.start(daemon)
    room = len(os.listdir(f"/proc/{daemon.process.pid}/fd")) + 20
    subprocess.run(["prlimit", "--pid", str(daemon.process.pid), f"--nofile={room}:{room}"], check=True)
    many = [socket.create_connection(four.getsockname(), timeout=20) for _ in range(90)]
    daemon.wait_for("event=accept-failed")
    for one in many:
        one.close()
    daemon.wait_for("event=started")
    assert get(four.getsockname()[1], daemon.base.split("//")[1]) == 200


def test_listeners_of_another(daemon, inherit):
    """LISTEN_PID says whose they are."""
    four = listener()
    inherited = inherit(four)
    inherited.before = [word.replace("LISTEN_PID=$$", "LISTEN_PID=1") for word in inherited.before]
    inherited.start(daemon)
    assert daemon.health().status_code == 200
    assert f":{four.getsockname()[1]} " not in daemon.log()


def test_what_is_no_listener(daemon, inherit, tmp_path):
    everywhere, datagrams, silent = listener(address="0.0.0.0"), listener(kind=socket.SOCK_DGRAM), socket.socket()
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(f"{tmp_path}/unix")
    unix.listen()
    for one, reason in ((everywhere, "not loopback"), (datagrams, "no TCP socket"), (silent, "no TCP socket"), (unix, "no TCP socket")):
        inherited = inherit(one)
        result = subprocess.run([*inherited.before, MISSIVED, "-c", daemon.write_config()], capture_output=True, text=True, timeout=20,
                                pass_fds=inherited.copies)
        assert result.returncode == 1 and "descriptor 3" in result.stderr and reason in result.stderr, result.stderr
    daemon.settings["http"]["allow-plain"] = "yes"
    inherit(listener(address="0.0.0.0")).start(daemon)


def test_systemd_socket_activate(daemon):
    """systemd's own tool hands the socket over when the first client comes."""
    process = subprocess.Popen(["systemd-socket-activate", "-l", f"127.0.0.1:{daemon.port}", MISSIVED, "-c", daemon.write_config()],
                               stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    lines = []
    try:
        lines.append(process.stderr.readline())
        assert b"Listening" in lines[0]
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as client:
            client.sendall(f"GET /-/health HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n\r\n".encode())
            while b"event=started" not in lines[-1]:
                lines.append(process.stderr.readline())
                assert lines[-1], lines
            assert client.recv(100).startswith(b"HTTP/1.1 ")
    finally:
        process.terminate()
    lines.append(process.stderr.read())
    assert process.wait(20) == 0, lines
    assert any(b"event=listening" in line for line in lines), lines
