"""missived backup, restore and fsck: what was acknowledged before a backup began is in it byte for byte, and damage is found."""

import fcntl
import os
import random
import re
import resource
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing

import pytest

from daemon import MISSIVED, Daemon
from passwords import Device, device
from servers import free_port, wait_until
from test_passwords import mint
from test_powercut import shown
from writers import Writers

ROMEO, BENVOLIO, MERCUTIO = "romeo@localhost", "benvolio@localhost", "mercutio@localhost"
LARGE = 200 << 10


def command(daemon, *arguments, status=0):
    done = subprocess.run([MISSIVED, "-c", f"{daemon.directory}/missived.conf", *arguments], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stdout + done.stderr


def restored(tmp_path, backup, name="elsewhere"):
    """A daemon on what the backup gives back; it needs no XMPP server."""
    daemon = Daemon(tmp_path / name, free_port())
    daemon.write_config()
    assert f"restored to {daemon.store}" in command(daemon, "restore", str(backup))
    assert "all is well" in command(daemon, "fsck")
    return daemon.start(link=False)


def test_under_writers(world, prosody, tmp_path):
    """Backups one into the other while eight write; each, restored elsewhere, is what was there at a moment after it began."""
    daemon = world.daemon(prosody)
    owner = device(world.person(ROMEO))
    readers = {jid: device(world.person(jid)) for jid in (BENVOLIO, MERCUTIO)}
    seed = random.SystemRandom().randrange(1 << 32)
    writers = Writers(owner, readers, seed)
    backup = tmp_path / "backup"
    try:
        for turn in range(3):
            writers.work(100)
            # What was acknowledged when it begins, or comes while it is made, and nothing older.
            for writer in writers.all:
                writer.history = []
                writer.history += [writer.sure, writer.next]
            assert f"backed up to {backup}" in command(daemon, "backup", str(backup))
            histories = [list(writer.history) for writer in writers.all]
            writers.work(50)
            assert "all is well" in command(daemon, "fsck", str(backup))
            after = restored(tmp_path, backup, f"elsewhere{turn}")
            try:
                romeo = Device(after, owner.jid, owner.password)
                others = {jid: Device(after, jid, one.password) for jid, one in readers.items()}
                for writer, states in zip(writers.all, histories):
                    found = writer.seen(romeo, others)
                    assert found in states, f"seed {seed}: {shown(found)} is none of {[shown(one) for one in states]}"
            finally:
                after.stop()
            after.check_store()
    finally:
        writers.end()
    world.end()
    world.daemons.clear(), world.people.clear()
    daemon.check_store()
    assert "all is well" in command(daemon, "fsck")


@pytest.fixture
def stored(world, prosody):
    """Large and small files, one with a known digest, and an upload in parts."""
    daemon = world.daemon(prosody)
    romeo = Device(daemon, ROMEO, mint(daemon, ROMEO))
    for name in "abc":
        assert romeo.status("PUT", f"/{name}", name.encode() * LARGE) == 201
    assert romeo.status("PUT", "/small", b"s" * 100) == 201
    assert romeo.status("PUT", "/part", b"p" * LARGE, Content_Range=f"bytes 0-{LARGE - 1}/{2 * LARGE}") == 202
    for name in ("/a", "/small"):
        assert romeo.ask("HEAD", name, Want_Repr_Digest="sha-256=1").headers.get("Repr-Digest")
    daemon.romeo = romeo
    return daemon


def blob(daemon, content):
    """The path of a large file's bytes, by what stands in them."""
    for path in daemon.files():
        with open(path, "rb") as f:
            if f.read(1) == content.encode():
                return path


def test_again_and_back(stored, tmp_path, world):
    """What is there already is not copied again, what is named no more goes; a restored store goes on."""
    backup = str(tmp_path / "backup")
    assert "4 files" in command(stored, "backup", backup) and os.stat(backup).st_mode & 0o77 == 0
    first = {name: os.stat(os.path.join(root, name)).st_ino for root, _, names in os.walk(backup + "/blobs") for name in names}
    assert stored.romeo.status("DELETE", "/a") == 204
    assert stored.romeo.status("PUT", "/d", b"d" * LARGE) == 201
    # Only what is new, and the part, which may have grown.
    assert "4 files" in (told := command(stored, "backup", backup)) and ", 2 of them new" in told
    second = {name: os.stat(os.path.join(root, name)).st_ino for root, _, names in os.walk(backup + "/blobs") for name in names}
    assert len(second) == 4 and len(set(first.items()) & set(second.items())) >= 2
    assert "all is well" in command(stored, "fsck", backup)
    after = restored(tmp_path, backup)
    try:
        romeo = Device(after, ROMEO, stored.romeo.password)
        assert romeo.ask("GET", "/d").content == b"d" * LARGE and romeo.status("GET", "/a") == 404
        assert romeo.status("PUT", "/part", b"q" * LARGE, Content_Range=f"bytes {LARGE}-{2 * LARGE - 1}/{2 * LARGE}") == 201
        assert romeo.ask("GET", "/part").content == b"p" * LARGE + b"q" * LARGE
        assert romeo.status("PUT", "/b", b"n" * LARGE) == 204
    finally:
        after.stop()
    after.check_store()
    assert "all is well" in command(stored, "fsck", backup), "the backup is not the store's"


def test_refused(stored, tmp_path):
    """Nothing is written where something else is, or where a daemon runs; half a restore is not taken for a store."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine").write_text("x")
    assert "it is not empty, and no backup is in it" in command(stored, "backup", str(other), status=1)
    assert os.listdir(other) == ["mine"]
    backup = str(tmp_path / "backup")
    command(stored, "backup", backup)
    assert "somebody else has it" in command(stored, "restore", backup, status=1)
    stored.stop()
    assert "it is not empty" in command(stored, "restore", backup, status=1)
    assert "no backup is in it" in command(stored, "restore", stored.store, status=1)
    assert "No such file" in command(stored, "restore", str(tmp_path / "none"), status=1)
    assert "No such file" in command(stored, "backup", "/proc/none/x", status=1)
    shutil.rmtree(stored.store)
    assert "No such file" in command(stored, "backup", str(tmp_path / "another"), status=1)
    assert "No such file" in command(stored, "fsck", status=1)
    os.makedirs(stored.store)
    open(f"{stored.store}/restoring", "w").close()
    done = subprocess.run([MISSIVED, "-c", f"{stored.directory}/missived.conf"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "a restore into it was not finished" in done.stderr
    shutil.rmtree(stored.store)
    os.makedirs(stored.store)  # as systemd makes it
    command(stored, "restore", backup)
    assert sorted(os.listdir(stored.store)) == ["blobs", "lock", "missive.db"]
    assert stored.start().romeo.status("GET", "/b") == 200


def test_blobs_on_a_disk_of_their_own(stored):
    """What the file system keeps there for itself is nothing wrong, and stays."""
    os.mkdir(f"{stored.store}/blobs/lost+found")
    assert "all is well" in command(stored, "fsck")
    stored.stop()
    assert "all is well" in command(stored, "fsck", "--repair") and os.path.isdir(f"{stored.store}/blobs/lost+found")


def test_no_room(stored):
    """A backup that finds no room says so, and the earlier one in its place stays whole, an upload in parts included."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:  # another file system: nothing is shared
        backup, size = f"{place}/backup", 300 << 10 | 1
        assert os.stat(place).st_dev != os.stat(stored.store).st_dev
        command(stored, "backup", backup)
        assert stored.romeo.status("PUT", "/part", b"p" * LARGE, Content_Range=f"bytes {LARGE}-{2 * LARGE - 1}/{2 * LARGE}") == 201
        done = subprocess.run([MISSIVED, "-c", f"{stored.directory}/missived.conf", "backup", backup], capture_output=True, text=True,
                              timeout=120, restore_signals=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        assert done.returncode == 1 and "File too large" in done.stderr, done.stderr
        assert "all is well" in command(stored, "fsck", backup)
        command(stored, "backup", backup)
        assert "all is well" in command(stored, "fsck", backup)


def test_not_into_a_store(stored, tmp_path):
    """A backup that somebody has made their store without restoring it: what a daemon writes in is never replaced under it."""
    backup = str(tmp_path / "backup")
    command(stored, "backup", backup)
    stored.stop()
    shutil.rmtree(stored.store)
    shutil.copytree(backup, stored.store)
    stored.start()
    before = os.stat(f"{stored.store}/missive.db").st_ino
    assert "this is the store itself" in command(stored, "backup", f"{stored.store}/../store", status=1)
    other = Daemon(tmp_path / "other", free_port())
    other.write_config()
    shutil.copytree(backup, other.store)
    assert "somebody else has it" in command(other, "backup", stored.store, status=1)
    assert os.stat(f"{stored.store}/missive.db").st_ino == before
    command(other, "backup", backup)


def test_missing_is_told(stored, tmp_path):
    """A store that has lost a blob is backed up all the same, and it is said."""
    stored.stop()
    os.unlink(blob(stored, "b"))
    told = command(stored, "backup", str(tmp_path / "backup"), status=1)
    assert "1 files that the database names are not there" in told and "3 files beside" in told
    stored.start()


def sql(daemon, *statements):
    with closing(sqlite3.connect(f"{daemon.store}/missive.db")) as db, db:
        for statement in statements:
            db.execute(statement)


def cut(path):
    os.truncate(path, 100)


def spoil(path):
    with open(path, "r+b") as f:
        f.seek(LARGE // 2)
        f.write(b"?")


def spoil_page(daemon):
    with closing(sqlite3.connect(f"{daemon.store}/missive.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'resource_root_owner'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with open(f"{daemon.store}/missive.db", "r+b") as f:
        f.seek(page * size - 60)
        f.write(b"\0" * 60)


DAMAGES = {
    "missing": (lambda d: os.unlink(blob(d, "b")), r"blob \S+: it is not there"),
    "short": (lambda d: cut(blob(d, "b")), r"blob \S+: it has 100 bytes and not 204800"),
    "short part": (lambda d: cut(blob(d, "p")), r"blob \S+: it has 100 bytes and not 204800"),
    "other bytes": (lambda d: spoil(blob(d, "a")), r"blob \S+: its bytes are others"),
    "other small bytes": (lambda d: sql(d, "UPDATE content SET inline = zeroblob(100), sha256 = zeroblob(32) WHERE length = 100"),
                          r"content \d+: its bytes are others"),
    "small length": (lambda d: sql(d, "UPDATE content SET inline = zeroblob(99), sha256 = NULL WHERE length = 100"),
                     r"content \d+: it has not its length"),
    "orphan": (lambda d: shutil.copy(blob(d, "b"), os.path.dirname(blob(d, "b")) + "/1-zzz"), r"file blobs/\S+/1-zzz: nothing names it"),
    "stray": (lambda d: open(f"{d.store}/blobs/stray", "w").close(), r"file blobs/stray: nothing names it"),
    "content gone": (lambda d: sql(d, "DELETE FROM content WHERE length = 100"), r"resource \d+ of romeo@localhost \(small\): its content"),
    "content unused": (lambda d: sql(d, "INSERT INTO content (length, inline) VALUES (1, x'00')"), r"content \d+: no resource has it"),
    "resource length": (lambda d: sql(d, "UPDATE resource SET length = 7 WHERE name = 'b'"), r"\(b\): it has not the length"),
    "parent": (lambda d: sql(d, "UPDATE resource SET parent = 4711 WHERE name = 'b'"), r"\(b\): what it lies in is not there"),
    "list": (lambda d: sql(d, "INSERT INTO list VALUES (4711, 'a@b', '', 0, NULL)"), r"list: it is of no resource: 4711"),
    "usage": (lambda d: sql(d, "UPDATE usage SET bytes = bytes + 1"), r"account romeo@localhost: what it uses"),
    "page": (spoil_page, r"database: "),
}


ORPHANS = ("orphan", "stray")


@pytest.mark.parametrize("kind", DAMAGES)
def test_fsck_finds(stored, kind):
    damage, pattern = DAMAGES[kind]
    stored.stop()
    assert "all is well" in command(stored, "fsck")
    damage(stored)
    told = command(stored, "fsck", status=1)
    assert re.search(pattern, told, re.M), told
    before = sorted(stored.files())
    told = command(stored, "fsck", "--repair", status=0 if kind in ORPHANS else 1)
    if kind in ORPHANS:
        assert "1 removed, all is well" in told
        assert len(stored.files()) == len(before) - 1 and "all is well" in command(stored, "fsck")
        assert stored.start().romeo.status("GET", "/b") == 200
    else:
        assert sorted(stored.files()) == before, "only orphans are removed"


def test_fsck_while_it_runs(stored):
    assert "5 resources, 4 files" in command(stored, "fsck")
    assert "stop it to repair" in command(stored, "fsck", "--repair", status=1)
    assert stored.romeo.status("PUT", "/e", b"e" * LARGE) == 201
    assert "[--repair] [DIR]" in command(stored, "fsck", "--mend", status=2)


@pytest.mark.parametrize("ends", ["backup", "daemon"])
def test_nothing_goes_meanwhile(stored, ends):
    """What is deleted while a backup holds the gate stays until that is done; a daemon that is told to stop does not wait for it."""
    path = blob(stored, "b")
    with open(f"{stored.store}/gate") as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
        assert stored.romeo.status("DELETE", "/b") == 204
        assert stored.romeo.status("PUT", "/c", b"n" * LARGE) == 204
        assert len(stored.files()) == 5 and os.path.exists(path)
        if ends == "daemon":
            stored.stop()
            assert os.path.exists(path)
    if ends == "daemon":
        stored.start()
    wait_until(lambda: len(stored.files()) == 3, "both are gone")
    assert "all is well" in command(stored, "fsck")
