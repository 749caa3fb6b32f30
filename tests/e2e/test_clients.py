"""Clients that mount: gio (gvfs, as in GNOME's Files) and davfs2, with an app password; the same bytes on both sides."""

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import unicodedata
from urllib.parse import quote

import pytest
import requests

from daemon import basic
from passwords import made
from servers import open_directory, wait_until
from test_passwords import mint

ROMEO = "romeo@localhost"
NFC = unicodedata.normalize("NFC", "Übergrößen & #%+.txt")
NFD = unicodedata.normalize("NFD", NFC)


@pytest.fixture
def account(world, prosody):
    return Account(world.daemon(prosody))


class Account:
    """romeo's files, seen from beside the client under test."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.base = daemon.base
        self.password = self.everything = mint(daemon, ROMEO)

    def narrow(self, person, path, **fields):
        """From now on the client knows no more than a collection of that name, which is made."""
        assert self.ask("MKCOL", path).status_code == 201
        self.password = made(person, collection=path, **fields)["password"]
        self.base = self.daemon.base + path.rstrip("/")

    def ask(self, method, path, body=None, **headers):
        return requests.request(method, self.daemon.base + quote(path), data=body, timeout=30,
                                headers={**basic(ROMEO, self.everything), **headers})

    def content(self, path):
        answer = self.ask("GET", path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content

    def missing(self, path):
        return self.ask("HEAD", path).status_code == 404


# ---- gio ----

class Session:
    """A D-Bus session of its own, in which gvfs runs and with which it ends."""

    def __init__(self, directory):
        directory.mkdir(mode=0o700)
        self.environment = {
            **os.environ, "HOME": str(directory), "XDG_RUNTIME_DIR": str(directory), "XDG_DATA_HOME": str(directory),
            "GVFS_DISABLE_FUSE": "1", "GIO_USE_VOLUME_MONITOR": "unix", "LC_ALL": "C.UTF-8"}
        self.log = open(directory / "bus.log", "wb")
        self.bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1", f"--address=unix:dir={directory}"],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, env=self.environment, text=True,
            start_new_session=True)
        self.address = self.bus.stdout.readline().strip()
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = self.address

    def gio(self, *arguments, **how):
        result = subprocess.run(["gio", *arguments], capture_output=True, timeout=60, env=self.environment, **how)
        assert result.returncode == 0, (arguments, result.stderr)
        return result.stdout

    def members(self):
        """The processes that were started in it and run."""
        found = []
        for path in glob.glob("/proc/[0-9]*/environ"):
            try:
                with open(path, "rb") as f:
                    if self.address.encode() in f.read():
                        found.append(int(path.split("/")[2]))
            except OSError:  # has ended
                pass
        return found

    def end(self):
        os.killpg(self.bus.pid, signal.SIGTERM)
        self.bus.wait(10)
        self.bus.stdout.close()
        self.log.close()
        wait_until(lambda: not self.members(), "gvfs ends with its session")


@pytest.fixture
def session(tmp_path):
    made = Session(tmp_path / "session")
    assert made.address.startswith("unix:")
    yield made
    made.end()


def test_gio(account, session, tmp_path):
    """Mounts with the password asked for, copies up, lists, reads, renames, moves, makes and removes."""
    port = account.daemon.port
    root = f"dav://{quote(ROMEO, safe='')}@127.0.0.1:{port}/"
    big, small = os.urandom(5 << 20), b"hello"
    (tmp_path / "big").write_bytes(big)
    (tmp_path / NFD).write_bytes(small)

    session.gio("mount", root, input=f"{account.password}\n".encode())
    assert root.encode() in session.gio("mount", "-l")
    session.gio("copy", str(tmp_path / "big"), root + "big")
    session.gio("copy", str(tmp_path / NFD), root + quote(NFD))
    assert account.content("/big") == big and account.content("/" + NFC) == small
    assert sorted(session.gio("list", root).decode().split("\n")) == sorted(["", "big", NFD])
    assert session.gio("cat", root + "big") == big
    session.gio("save", root + "saved", input=b"once")
    session.gio("save", root + "saved", input=b"twice")
    assert account.content("/saved") == b"twice"

    session.gio("mkdir", root + "sub%20dir")
    session.gio("rename", root + "big", "grand nom é")
    assert account.missing("/big") and account.content("/grand nom é") == big
    session.gio("move", root + quote("grand nom é"), root + "sub%20dir/big")
    session.gio("move", root + quote(NFD), root + "sub%20dir/" + quote(NFD))
    assert sorted(session.gio("list", root + "sub%20dir").decode().split("\n")) == sorted(["", "big", NFD])
    session.gio("rename", root + "sub%20dir", "other")
    assert account.content("/other/big") == big and account.content("/other/" + NFC) == small
    session.gio("copy", root + "other/big", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == big
    assert b"standard::size: 5242880" in session.gio("info", root + "other/big")

    account.ask("PUT", "/from-elsewhere", b"seen")
    assert session.gio("cat", root + "from-elsewhere") == b"seen"
    session.gio("remove", root + "other/big")
    assert account.missing("/other/big")
    session.gio("mount", "-u", root)
    assert root.encode() not in session.gio("mount", "-l")
    assert account.password not in account.daemon.log()


def test_gio_one_collection(world, account, session, tmp_path):
    """With a password for one collection its URL is mounted; what is above it is not there for gvfs."""
    account.narrow(world.person(ROMEO), "/photos/")
    account.ask("PUT", "/beside", b"not yours")
    root = f"dav://{quote(ROMEO, safe='')}@127.0.0.1:{account.daemon.port}/photos/"
    (tmp_path / "a").write_bytes(b"hello")
    session.gio("mount", root, input=f"{account.password}\n".encode())
    session.gio("copy", str(tmp_path / "a"), root + "a")
    session.gio("mkdir", root + "sub")
    session.gio("move", root + "a", root + "sub/b")
    assert session.gio("list", root).decode().split() == ["sub"]
    assert session.gio("cat", root + "sub/b") == b"hello" == account.content("/photos/sub/b")
    session.gio("remove", root + "sub/b")
    session.gio("mount", "-u", root)
    assert account.missing("/photos/sub/b") and account.content("/beside") == b"not yours"


def test_gio_wrong_password(account, session):
    """It is refused, and asked for again; nothing is mounted."""
    root = f"dav://{quote(ROMEO, safe='')}@127.0.0.1:{account.daemon.port}/"
    wrong = "mv-" + "a" * 26
    result = subprocess.run(["gio", "mount", root], input=f"{wrong}\n".encode(), capture_output=True, timeout=60,
                            env=session.environment)
    assert result.returncode != 0
    assert root.encode() not in session.gio("mount", "-l")
    assert " status=207 " not in account.daemon.log()


# ---- davfs2 ----

@pytest.fixture
def mounted(account):
    """Mounts with a cache of its own each time; nothing stays mounted."""
    mounts, directory = [], pathlib.Path(open_directory())

    def mount():
        mounts.append(Mount(account, directory / f"davfs{len(mounts)}"))
        return mounts[-1]
    yield mount
    for one in mounts:
        one.end()
    shutil.rmtree(directory)


class Mount:
    def __init__(self, account, directory):
        cache = directory / "cache"
        self.path = directory / "files"
        self.path.mkdir(parents=True)
        directory.chmod(0o711)
        cache.mkdir()
        # mount.davfs gives root away, to an account of its own.
        shutil.chown(cache, "root", "davfs2")
        cache.chmod(0o770)
        secrets = directory / "secrets"
        secrets.touch(0o600)
        secrets.write_text(f"{account.base}/ {ROMEO} {account.password}\n")
        # Kernels since 6.16 read directories in larger pieces than davfs2's buffer has room for as it comes.
        (directory / "conf").write_text(f"secrets {secrets}\ncache_dir {cache}\nask_auth 0\ndelay_upload 0\nbuf_size 256\n")
        self.mounted = False
        result = subprocess.run(["mount.davfs", "-o", f"conf={directory}/conf,uid=0,gid=0", account.base + "/", self.path],
                                capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        assert result.returncode == 0, result.stderr
        self.mounted = True

    def __truediv__(self, name):
        return self.path / name

    def end(self):
        """Everything is with the server when it returns."""
        if not self.mounted:
            return
        self.mounted = False
        result = subprocess.run(["umount", self.path], capture_output=True, text=True, timeout=60)
        if result.returncode != 0:
            subprocess.run(["umount", "-l", self.path], timeout=60)
            raise AssertionError(result.stderr)


def test_davfs2(account, mounted):
    """A file system as any other: write, read, rename, make, overwrite, append, remove."""
    big, small = os.urandom(5 << 20), b"hello"
    files = mounted()
    (files / "big").write_bytes(big)
    (files / NFD).write_bytes(small)
    (files / "sub dir").mkdir()
    (files / "gone").write_bytes(b"x")
    (files / "grows").write_bytes(b"one")
    os.rename(files / "big", files / "sub dir/grand nom é")
    os.rename(files / NFD, files / "sub dir" / NFD)
    os.rename(files / "sub dir", files / "other")
    with open(files / "grows", "ab") as f:
        f.write(b" two")
    os.remove(files / "gone")
    assert (files / "other/grand nom é").read_bytes() == big
    files.end()
    assert account.content("/other/grand nom é") == big
    assert account.content("/other/" + NFC) == small
    assert account.content("/grows") == b"one two"
    assert account.missing("/gone") and account.missing("/big") and account.missing("/sub dir/")

    account.ask("PUT", "/from-elsewhere", b"seen")
    files = mounted()
    assert sorted(set(os.listdir(files.path)) - {"lost+found"}) == ["from-elsewhere", "grows", "other"]
    assert sorted(os.listdir(files / "other")) == sorted(["grand nom é", NFD])
    assert (files / "other/grand nom é").read_bytes() == big and (files / "other" / NFD).read_bytes() == small
    assert (files / "from-elsewhere").read_bytes() == b"seen"
    assert os.stat(files / "other/grand nom é").st_size == len(big)
    (files / "grows").write_bytes(b"new")
    os.remove(files / "from-elsewhere")
    os.remove(files / "other/grand nom é")
    os.remove(files / "other" / NFD)
    os.rmdir(files / "other")
    files.end()
    assert account.content("/grows") == b"new"
    assert account.missing("/other/") and account.missing("/from-elsewhere")


def test_davfs2_one_collection(world, account, mounted):
    """The collection's URL is mounted like a whole server."""
    account.narrow(world.person(ROMEO), "/photos/")
    files = mounted()
    (files / "a").write_bytes(b"hello")
    (files / "sub").mkdir()
    os.rename(files / "a", files / "sub/b")
    assert set(os.listdir(files.path)) - {"lost+found"} == {"sub"}
    files.end()
    assert account.content("/photos/sub/b") == b"hello" and account.missing("/photos/a")


def test_davfs2_read_only(world, account, mounted):
    """What is there is read; a change does not come through, and is told."""
    account.narrow(world.person(ROMEO), "/photos/", right="read-only")
    account.ask("PUT", "/photos/a", b"hello")
    files = mounted()
    assert os.listdir(files / "") != [] and (files / "a").read_bytes() == b"hello"
    with pytest.raises(OSError):
        (files / "sub").mkdir()
    with pytest.raises(OSError):
        os.remove(files / "a")
    files.end()
    assert account.content("/photos/a") == b"hello" and account.missing("/photos/sub/")


def test_davfs2_many_files(account, mounted):
    """Unmounting waits for the last byte of the last file."""
    files = mounted()
    contents = {f"file {i}": os.urandom(1 + i * 3000) for i in range(30)}
    for name, content in contents.items():
        (files / name).write_bytes(content)
    files.end()
    for name, content in contents.items():
        assert account.content("/" + name) == content
    assert "activelock" not in account.ask("PROPFIND", "/", Depth="1").text
