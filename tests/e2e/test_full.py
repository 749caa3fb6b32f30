"""
A disk that has no room, no inodes, or does not sync: each change is answered as it ended, what is refused left nothing, and when the
cause is gone all is well. The store is on a tmpfs of its own.
"""

import os
import re
import signal
import sqlite3
import subprocess
from contextlib import closing, contextmanager

import pytest

from daemon import Daemon
from passwords import device
from person import Later
from servers import wait_until

ROMEO = "romeo@localhost"


@pytest.fixture
def on_disk(disks, world, prosody):
    """Makes the daemon on a tmpfs, and whoever uses it."""
    def make(size, inodes=0, before=(), environment=None, **settings):
        daemon = Daemon(world.tmp_path / "missived", prosody.component, **settings)
        daemon.settings["store"]["path"] = daemon.store = disks.tmpfs(size, inodes) + "/store"
        world.daemons.append(daemon)
        world.server = prosody
        daemon.start(before=before, environment=environment)
        return daemon, device(world.person(ROMEO))
    yield make
    world.end()
    world.daemons.clear()
    world.people.clear()


@contextmanager
def broken(daemon, calls, how):
    """
    For a while these system calls of the daemon end so. With an error it has no fence: strace keeps a call from happening by making it
    number -1, which a fence takes for one that is forbidden.
    """
    assert "error=" not in how or daemon.settings["system"]["fence"] == "no"
    trace = subprocess.Popen(["strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:{how}", "-p",
                              str(daemon.process.pid)], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert b"attached" in trace.stderr.readline()
        wait_until(lambda: all_traced(daemon.process.pid), "strace has all threads")
        yield
    finally:
        trace.send_signal(signal.SIGTERM)
        trace.wait(20)
        trace.stderr.close()


def all_traced(pid):
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status") as f:
            if "TracerPid:\t0\n" in f.read():
                return False
    return True


@contextmanager
def ballast(daemon, left):
    """A file that leaves so many bytes of room."""
    room = os.statvfs(daemon.store)
    path = os.path.dirname(daemon.store) + "/ballast"
    subprocess.run(["fallocate", "-l", str(room.f_bavail * room.f_frsize - left), path], check=True)
    try:
        yield
    finally:
        os.unlink(path)


def check(daemon, romeo, contents):
    """contents: path -> bytes, or None where nothing may be; now, after kill -9, and the files are those of the rows."""
    for again in (False, True):
        if again:
            daemon.kill()
            daemon.start()
        for path, content in contents.items():
            assert seen(romeo, path) == content, path
    daemon.wait_for("event=orphans-swept")
    daemon.stop()
    daemon.check_store()
    daemon.start()


def seen(romeo, path):
    """Its content, or None."""
    answer = romeo.ask("GET", path)
    assert answer.status_code in (200, 404), (path, answer.status_code)
    return answer.content if answer.status_code == 200 else None


def put(romeo, path, content, contents):
    """The status; what is there afterwards is noted."""
    status = romeo.status("PUT", path, content)
    if status in (201, 204):
        contents[path] = content
    else:
        assert status in (503, 507), status
        contents.setdefault(path, None)
    return status


def test_full_disk(on_disk):
    """A small disk: changes until it is full, reads go on, and room makes them possible again."""
    daemon, romeo = on_disk("2M")
    contents = {}
    statuses = [put(romeo, f"/{i}", os.urandom(length), contents)
                for i, length in enumerate([100, 30000, 70000] * 40)]
    assert 507 in statuses and set(statuses) <= {201, 507}, statuses
    assert put(romeo, "/0", os.urandom(60000), contents) == 507, "over what is there"
    for path, content in contents.items():
        assert seen(romeo, path) == content, path
    subprocess.run(["mount", "-o", "remount,size=32M", os.path.dirname(daemon.store)], check=True)
    assert put(romeo, "/0", os.urandom(60000), contents) == 204
    check(daemon, romeo, contents)


def test_full_in_a_batch(on_disk):
    """
    Fifty changes become one transaction while the one before is synced, and there is not room for all of them: those of one
    transaction are refused together, and later ones are taken when there is room.
    """
    daemon, romeo = on_disk("32M")
    contents = {}
    assert put(romeo, "/first", b"1", contents) == 201
    with ballast(daemon, 1 << 20):
        with broken(daemon, "fdatasync,fsync", "delay_enter=1500000"):
            first = Later(lambda: put(romeo, "/first", b"2", contents))
            many = [Later(lambda i=i: put(romeo, f"/{i}", os.urandom(40000), contents)) for i in range(50)]
            statuses = [one.result(120) for one in many]
            first.result(60)
        assert 507 in statuses and set(statuses) <= {201, 507}, statuses
    assert put(romeo, "/after", os.urandom(40000), contents) == 201
    check(daemon, romeo, contents)


def test_start_on_a_full_disk(on_disk):
    """What is there is read, and nothing changes, until there is room to count this start; what ETags and sync tokens rest on stays so."""
    daemon, romeo = on_disk("32M")
    contents = {}
    assert put(romeo, "/kept", b"kept", contents) == 201
    daemon.kill()
    with ballast(daemon, 0):
        for _ in range(2):
            daemon.start()
            daemon.wait_for("event=store-full")
            assert seen(romeo, "/kept") == b"kept"
            assert put(romeo, "/new", b"new", contents) == 507
            assert romeo.status("DELETE", "/kept") == 507
            assert seen(romeo, "/kept") == b"kept"
            daemon.kill()
        daemon.start()
        daemon.wait_for("event=store-full")
    assert put(romeo, "/new", b"new", contents) == 201
    assert romeo.status("DELETE", "/kept") == 204
    contents["/kept"] = None
    check(daemon, romeo, contents)


def test_start_on_a_full_disk_after_a_stop(on_disk):
    """SQLite's files are there, though empty: it could make none."""
    daemon, romeo = on_disk("32M")
    contents = {}
    assert put(romeo, "/kept", b"kept", contents) == 201
    daemon.stop()
    assert os.path.getsize(f"{daemon.store}/missive.db-wal") == 0
    with ballast(daemon, 0):
        daemon.start()
        daemon.wait_for("event=store-full")
        assert seen(romeo, "/kept") == b"kept"
        assert put(romeo, "/new", b"new", contents) == 507
        daemon.stop()
        daemon.start()
        assert seen(romeo, "/kept") == b"kept"
    assert put(romeo, "/new", b"new", contents) == 201
    check(daemon, romeo, contents)


def test_what_was_deleted_goes_when_there_is_room(on_disk):
    """A tree that was deleted when the daemon was killed is taken apart once a start on a full disk is counted, and no later."""
    daemon, romeo = on_disk("32M")
    contents = {}
    assert romeo.status("MKCOL", "/c/") == 201
    assert put(romeo, "/c/f", os.urandom(70000), contents) == 201
    with closing(sqlite3.connect(f"{daemon.store}/missive.db", timeout=20)) as db:
        daemon.kill()
        with db:
            db.execute("UPDATE resource SET parent = 0, name = CAST(id AS TEXT) WHERE name = 'c'")
        with ballast(daemon, 0):
            daemon.start()
            daemon.wait_for("event=store-full")
            assert romeo.status("GET", "/c/f") == 404
            assert put(romeo, "/new", b"new", contents) == 507
            assert len(daemon.files()) == 1
        contents["/c/f"] = None
        assert put(romeo, "/new", b"new", contents) == 201
        wait_until(lambda: daemon.files() == [], "what it held is gone")
    check(daemon, romeo, contents)


def chunks(count):
    """A body whose length nobody knows before, so that it is not refused for that."""
    piece = os.urandom(256 << 10)
    for _ in range(count):
        yield piece


def test_full_in_an_upload(on_disk):
    """A piece that has no room is written while the next ones come: whoever sends them is told, and nothing stays."""
    daemon, romeo = on_disk("32M")
    contents = {"/large": None}
    with ballast(daemon, 4 << 20):
        assert romeo.status("PUT", "/large", chunks(40)) == 507
        assert daemon.blobs() == []
        assert put(romeo, "/small", b"small", contents) == 201
    assert put(romeo, "/large", b"".join(chunks(40)), contents) == 201
    check(daemon, romeo, contents)


def test_slow_disk_fills_no_memory(on_disk):
    """Each piece takes long on the pool: whoever sends must wait, and nobody else does."""
    # What ASan keeps of freed memory is not the daemon's.
    daemon, romeo = on_disk("64M", environment={"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"})
    assert romeo.status("PUT", "/small", b"small") == 201
    before = anonymous(daemon)
    with broken(daemon, "sync_file_range", "delay_enter=30000"):
        large = Later(lambda: romeo.status("PUT", "/large", chunks(160)))
        grown = []
        while large.thread.is_alive():
            assert romeo.ask("GET", "/small").content == b"small"
            grown.append(anonymous(daemon) - before)
        assert large.result() == 201
    assert len(grown) > 20 and max(grown) < 16 << 20, max(grown)
    assert len(romeo.ask("GET", "/large").content) == 160 * (256 << 10)


def anonymous(daemon):
    """Bytes of its memory that are no file's."""
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("RssAnon"))


def test_no_inodes(on_disk):
    """What needs a file is refused, what does not is taken; and an inode that is free again is used."""
    daemon, romeo = on_disk("32M", inodes=275)
    contents = {}
    statuses = [put(romeo, f"/{i}", os.urandom(70000), contents) for i in range(20)]
    assert statuses[0] == 201 and statuses[-1] == 507 and set(statuses) == {201, 507}, statuses
    assert put(romeo, "/small", b"small", contents) == 201
    assert romeo.status("DELETE", "/0") == 204
    contents["/0"] = None
    daemon.blobs()
    assert put(romeo, "/again", os.urandom(70000), contents) == 201
    check(daemon, romeo, contents)


def test_database_that_cannot_grow(on_disk):
    """RLIMIT_FSIZE is an error of a write and no signal that ends the daemon."""
    daemon, romeo = on_disk("32M", before=["prlimit", "--fsize=1500000:"])
    contents = {}
    statuses = [put(romeo, f"/{i}", os.urandom(60000), contents) for i in range(40)]
    assert statuses[0] == 201 and statuses[-1] in (503, 507), statuses
    assert daemon.process.poll() is None
    subprocess.run(["prlimit", f"--pid={daemon.process.pid}", "--fsize=unlimited:"], check=True)
    assert put(romeo, "/later", os.urandom(60000), contents) == 201
    check(daemon, romeo, contents)


@pytest.mark.parametrize("calls", ["fsync", "fdatasync", "fsync,fdatasync"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_sync_that_fails(on_disk, calls, error):
    """Is a write that failed: large content by its own, a change by the database's. Nothing of it is there; the next ones are."""
    daemon, romeo = on_disk("32M", fence="no")
    contents, large = {}, os.urandom(70000)
    assert put(romeo, "/kept", b"kept", contents) == 201
    with broken(daemon, calls, f"error={error}"):
        statuses = [put(romeo, path, content, contents)
                    for path, content in (("/kept", b"not kept"), ("/small", b"small"), ("/large", large))]
        assert re.fullmatch("2..2..50." if calls == "fsync" else "50.50.50.", "".join(map(str, statuses))), statuses
        assert romeo.ask("GET", "/kept").content == contents["/kept"]
        assert romeo.status("GET", "/large") == 404
    assert put(romeo, "/large2", large, contents) == 201
    assert put(romeo, "/small2", b"small", contents) == 201
    check(daemon, romeo, contents)


@pytest.mark.parametrize("over", [False, True])
def test_killed_when_the_outcome_is_uncertain(on_disk, over):
    """
    A COMMIT that could not be synced is refused, and is not seen while the daemon runs. What a crash just then leaves is the change or
    none of it: a large file that is named has its bytes, and one that was replaced is whole or swept.
    """
    daemon, romeo = on_disk("32M", fence="no")
    contents = {"/large": os.urandom(70000) if over else None, "/small": b"1" if over else None}
    new = {"/large": os.urandom(90000), "/small": b"2"}
    for path, content in contents.items():
        assert not over or romeo.status("PUT", path, content) == 201
    for path, content in new.items():
        with broken(daemon, "fdatasync", "error=EIO"):
            assert romeo.status("PUT", path, content) == 503
            assert seen(romeo, path) == contents[path]
            daemon.kill()
        daemon.start()
        assert seen(romeo, path) in (contents[path], content), path
        daemon.wait_for("event=orphans-swept")
        contents[path] = seen(romeo, path)
    check(daemon, romeo, contents)
