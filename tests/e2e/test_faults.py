"""What happens when something breaks: the process, the disk, the link, the settings."""

import os
import signal
import socket
import subprocess
import time

import pytest
import requests

from daemon import MISSIVED, Daemon, new_id
from servers import SECRET, Prosody, wait_until
from wire import Reader, connect, head

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"


def test_killed_in_the_middle(world, prosody):
    """kill -9 during uploads: within 5 s it is back, with all that was acknowledged and nothing of the rest."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    large = os.urandom(1 << 20)
    for i in range(5):
        assert romeo.put(f"/small{i}", b"%d" % i).status_code == 201
        assert romeo.put(f"/large{i}", large + b"%d" % i).status_code == 201
    romeo.share("/large0", [JULIET])
    open_ones = []
    for i, sent in enumerate((0, 1000, 1 << 19)):
        s = connect(daemon)
        s.sendall(head(daemon, f"PUT /half{i} HTTP/1.1", f"Content-Length: {len(large)}", person=romeo) + large[:sent])
        open_ones.append(s)
    s = connect(daemon)
    s.sendall(head(daemon, "PUT /small0 HTTP/1.1", f"Content-Length: {len(large)}", person=romeo) + large[:1 << 19])
    romeo.wait_for_prompt(len(romeo.prompts))
    daemon.kill()
    began = time.monotonic()
    daemon.start()
    assert time.monotonic() - began < 5
    for i in range(5):
        assert romeo.get(f"/small{i}").content == b"%d" % i
        assert romeo.get(f"/large{i}").content == large + b"%d" % i
    for i in range(3):
        assert romeo.get(f"/half{i}").status_code == 404
    juliet = world.person(JULIET)
    assert juliet.get("/large0").status_code == 200
    assert juliet.get("/large1").status_code == 403
    daemon.wait_for("event=orphans-swept")
    daemon.stop()
    assert len(daemon.blobs()) == 5
    for s in open_ones:
        s.close()


def test_killed_while_many_commit(world, prosody):
    """Whatever was answered with 201 is there after kill -9."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    from person import Later
    acknowledged = []

    def upload(worker):
        for i in range(1000):
            name = f"/{worker}-{i}"
            try:
                if romeo.put(name, name.encode() * (1 + 20000 * (i % 2)), timeout=10).status_code == 201:
                    acknowledged.append((name, 1 + 20000 * (i % 2)))
            except requests.RequestException:
                return
    workers = [Later(lambda w=w: upload(w)) for w in range(4)]
    wait_until(lambda: len(acknowledged) > 60, "uploads")
    daemon.kill()
    for worker in workers:
        worker.result(60)
    daemon.start()
    for name, times in acknowledged:
        assert romeo.get(name).content == name.encode() * times
    daemon.stop()


def test_orphans_are_swept(world, prosody):
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    assert romeo.put("/a", b"x" * 100000).status_code == 201
    orphan = f"{daemon.store}/blobs/ab/1-ab00000000000000000000000000000000"
    with open(orphan, "w") as f:
        f.write("left over")
    daemon.stop()
    daemon.start()
    daemon.wait_for("event=orphans-swept count=1")
    assert not os.path.exists(orphan)
    assert romeo.get("/a").status_code == 200


def test_stops_well(world, prosody):
    """SIGTERM finishes what runs, at most 10 s, and ends with 0."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    romeo.answers = "nothing"
    idle = connect(daemon)
    waiting = romeo.later("PUT", "/a", body=b"x" * 200000)
    prompt = romeo.wait_for_prompt()
    daemon.process.send_signal(signal.SIGTERM)
    daemon.wait_for("event=stopping")
    assert Reader(idle).at_end()
    prompt.yes()
    assert waiting.result().status_code == 201
    assert daemon.process.wait(10) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(daemon.base + "/-/health", timeout=5)


def test_server_restarts(world, tmp_path):
    """The link is lost while somebody is asked: 503 at once; it comes back by itself."""
    server = Prosody(tmp_path / "own-prosody")
    server.start()
    try:
        daemon = world.daemon(server, confirm_timeout="50s")
        romeo = world.person(ROMEO)
        romeo.answers = "nothing"
        waiting = romeo.later("GET", "/a")
        romeo.wait_for_prompt()
        server.stop()
        began = time.monotonic()
        answer = waiting.result(10)
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
        assert time.monotonic() - began < 5
        assert romeo.request("GET", "/a").status_code == 503
        assert daemon.health().status_code == 503 and "XMPP" in daemon.health().text
        server.start()
        daemon.wait_for("event=xmpp-up", 2, 60)
        assert daemon.health().status_code == 200
        romeo.client = None
        romeo.connect()
        romeo.answers = "yes"
        assert romeo.put("/a", b"x").status_code == 201
    finally:
        server.stop()


def test_wrong_secret(world, prosody):
    daemon = Daemon(world.tmp_path / "wrong", prosody.component)
    daemon.settings["xmpp"]["secret"] = "another"
    daemon.start(link=False)
    try:
        daemon.wait_for("event=xmpp-lost .*secret")
        assert daemon.health().status_code == 503
        assert "another" not in daemon.log()
    finally:
        daemon.stop()


def test_second_daemon(world, prosody):
    """One store, one daemon; one address, one daemon."""
    daemon = world.daemon(prosody)
    second = Daemon(world.tmp_path / "second", prosody.component)
    second.settings["store"]["path"] = daemon.store
    result = subprocess.run([MISSIVED, "-c", second.write_config()], capture_output=True, text=True, timeout=20)
    assert result.returncode == 1 and "another missived has this store" in result.stderr
    third = Daemon(world.tmp_path / "third", prosody.component, port=daemon.port)
    result = subprocess.run([MISSIVED, "-c", third.write_config()], capture_output=True, text=True, timeout=20)
    assert result.returncode == 1 and "in use" in result.stderr


@pytest.mark.parametrize("change,line,reason", [
    ({"secret": ""}, "secret = ", "the secret is empty"),
    ({"secret": SECRET, "colour": "red"}, "colour = red", "there is no setting colour"),
    ({"secret": SECRET, "confirm-timeout": "soon"}, "confirm-timeout = soon", "this is no time"),
])
def test_settings(world, tmp_path, change, line, reason):
    """-t names file, line and reason; and such a file starts nothing."""
    daemon = Daemon(tmp_path / "wrong", 1)
    daemon.settings["xmpp"] = change
    path = daemon.write_config()
    with open(path) as f:
        number = f.read().split("\n").index(line) + 1
    for arguments in (["-t", "-c", path], ["-c", path]):
        result = subprocess.run([MISSIVED, *arguments], capture_output=True, text=True, timeout=20)
        assert result.returncode == 1
        assert result.stderr.startswith(f"{path}:{number}: {reason}"), result.stderr
    assert not os.path.exists(daemon.store)
    daemon.settings["xmpp"] = {"secret": SECRET}
    result = subprocess.run([MISSIVED, "-t", "-c", daemon.write_config()], capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stderr) == (0, "")


def test_no_settings(tmp_path):
    result = subprocess.run([MISSIVED, "-t", "-c", f"{tmp_path}/absent"], capture_output=True, text=True, timeout=20)
    assert result.returncode == 1 and result.stderr == f"{tmp_path}/absent:1: No such file or directory\n"
    assert subprocess.run([MISSIVED, "--wrong"], capture_output=True, timeout=20).returncode == 2


def test_nobody_waits_for_the_disk_to_forget(world, prosody):
    """Freeing the blocks of a large file takes seconds: neither who deletes it nor who changes something else waits for that."""
    daemon = Daemon(world.tmp_path / "daemon", prosody.component)
    world.daemons.append(daemon)
    world.server = prosody
    daemon.start(before=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=unlinkat", "-e",
                         "inject=unlinkat:delay_enter=2000000"], environment={"ASAN_OPTIONS": "detect_leaks=0"})
    romeo = world.person(ROMEO)
    assert romeo.put("/large", b"x" * 100000).status_code == 201
    assert romeo.request("DELETE", "/large").status_code == 204
    assert romeo.put("/small", b"x").status_code == 201
    assert len(daemon.files()) == 1
    assert daemon.blobs() == []


def test_disk_that_must_stay_free(world, prosody):
    """507, nothing left behind, reads go on."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    assert romeo.put("/a", b"x" * 100000).status_code == 201
    daemon.stop()
    daemon.settings["limits"]["keep-free"] = "9000000G"
    daemon.start()
    assert romeo.put("/b", b"x" * 100000).status_code == 507
    assert romeo.put("/c", b"x").status_code == 507
    assert romeo.get("/a").status_code == 200
    assert romeo.request("DELETE", "/a").status_code == 204
    assert daemon.blobs() == []


def test_file_that_cannot_grow(world, prosody):
    """A write that fails is an answer, not a signal; the daemon goes on."""
    daemon = Daemon(world.tmp_path / "limited", prosody.component)
    world.daemons.append(daemon)
    world.server = prosody
    daemon.start(before=["prlimit", "--fsize=3000000"])
    romeo = world.person(ROMEO)
    assert romeo.put("/big", b"x" * 4000000).status_code in (413, 507, 503)
    assert romeo.get("/big").status_code == 404
    assert romeo.put("/small", b"x" * 100000).status_code == 201
    daemon.stop()
    assert len(daemon.blobs()) == 1
