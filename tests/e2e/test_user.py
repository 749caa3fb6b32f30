"""A daemon that root has started becomes somebody else, for good, before it reads anything from outside."""

import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from daemon import MISSIVED, Daemon, sanitizer
from passwords import Device
from servers import make_certificate, open_directory, wait_until
from test_passwords import mint

USER = "daemon"  # every Debian has one
ROMEO = "romeo@localhost"


@pytest.fixture
def place():
    """A directory that others than root can reach."""
    assert os.geteuid() == 0, "root alone can become somebody"
    directory = open_directory()
    yield directory
    shutil.rmtree(directory)


def someone(place, server, **settings):
    daemon = Daemon(place, server.component if server else 1, **{"user": USER, **settings})
    os.chmod(place, 0o711)
    return daemon


def status_of(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return {name: value.split() for name, value in re.findall(r"^(\w+):[ \t]*(.*)$", f.read(), re.M)}


def refused(daemon):
    """Its error, which ends the start."""
    result = subprocess.run([MISSIVED, "-c", daemon.write_config()], capture_output=True, text=True, timeout=30)
    assert result.returncode == 1 and "event=started" not in result.stderr, result.stderr
    return result.stderr


def low_port():
    """One that root alone may listen on, and nobody does."""
    for port in range(900, 1024):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no low port is free")


def test_root_becomes_somebody(world, prosody, place):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as f:
        assert int(f.read()) >= 1024
    daemon = someone(place, prosody, port=low_port())
    world.daemons.append(daemon)
    world.server = prosody
    daemon.start()
    entry, status = pwd.getpwnam(USER), status_of(daemon)
    assert status["Uid"] == [str(entry.pw_uid)] * 4 and status["Gid"] == [str(entry.pw_gid)] * 4
    assert status["Groups"] == []
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name][0], 16) == 0, name
    # Nobody of that user looks into its memory.
    assert os.stat(f"/proc/{daemon.process.pid}/environ").st_uid == 0 or sanitizer()
    romeo = world.person(ROMEO)
    assert romeo.put("/large", b"x" * 100000).status_code == 201
    assert romeo.get("/large").content == b"x" * 100000
    made = [daemon.store, *(os.path.join(root, name) for root, folders, names in os.walk(daemon.store) for name in folders + names)]
    assert len(made) > 5 and {os.stat(path).st_uid for path in made} == {entry.pw_uid}
    assert os.stat(daemon.store).st_gid == entry.pw_gid and os.stat(daemon.store).st_mode & 0o777 == 0o700
    # What root does meanwhile leaves it that way; and once more.
    assert subprocess.run([MISSIVED, "-c", f"{place}/missived.conf", "password", ROMEO], timeout=30).returncode == 0
    daemon.stop()
    daemon.start()
    assert romeo.put("/small", b"x").status_code == 201


def test_root_stays_root(world, prosody):
    """Only when it is told to, and with a warning."""
    daemon = world.daemon(prosody, user="root")
    assert "level=warning event=stays-root" in daemon.log()


def test_user_that_is_not_there(place):
    daemon = someone(place, None, user="no-such-user")
    error = refused(daemon)
    assert "there is no user no-such-user" in error and "adduser --system" in error and "user = root" in error
    assert not os.path.exists(daemon.store)


def test_store_of_somebody_else(place):
    daemon = someone(place, None)
    os.mkdir(daemon.store, 0o700)
    error = refused(daemon)
    assert daemon.store in error and "chown -R" in error
    assert os.listdir(daemon.store) == []


def test_root_backs_up_and_restores(world, place):
    """Root's backup, and what is restored from it into the directory that systemd makes, are the daemon's own."""
    daemon = someone(place, None)
    world.daemons.append(daemon)
    daemon.start(link=False)
    owner, backup = pwd.getpwnam(USER).pw_uid, f"{place}/backup"
    romeo = Device(daemon, ROMEO, mint(daemon, ROMEO))
    assert romeo.status("PUT", "/large", b"x" * 100000) == 201

    def command(*arguments):
        return subprocess.run([MISSIVED, "-c", f"{place}/missived.conf", *arguments], capture_output=True, text=True, timeout=60)

    roots = f"{place}/roots"
    os.mkdir(roots, 0o700)
    refused = command("backup", roots)
    assert refused.returncode == 1 and "chown -R" in refused.stderr and os.listdir(roots) == []
    for arguments in (["backup", backup], ["fsck", backup], ["fsck"]):
        done = command(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), (arguments, done.stderr)
    daemon.stop()
    shutil.rmtree(daemon.store)
    os.mkdir(daemon.store, 0o700)
    os.chown(daemon.store, owner, -1)
    assert command("restore", backup).returncode == 0
    for made in (backup, daemon.store):
        assert {os.stat(os.path.join(root, name)).st_uid for root, folders, names in os.walk(made) for name in folders + names} == {owner}
        assert os.stat(made).st_uid == owner
    daemon.start(link=False)
    assert romeo.ask("GET", "/large").content == b"x" * 100000


def test_what_root_has_made_is_what_it_gives_away(place):
    """Who may write beside it puts a link into its place; the file system's slowness leaves them the time."""
    daemon = someone(place, None)
    daemon.write_config()
    theirs, victim = f"{place}/theirs", f"{place}/victim"
    os.mkdir(theirs), os.mkdir(victim)
    os.chown(theirs, pwd.getpwnam(USER).pw_uid, -1)
    for name in (f"{theirs}/backup", f"{theirs}/backup/"):
        made = subprocess.Popen(["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=2000000:when=1",
                                 MISSIVED, "-c", f"{place}/missived.conf", "backup", name], stderr=subprocess.PIPE, text=True)
        wait_until(lambda: os.path.exists(f"{theirs}/backup"), "a directory of root's")
        os.rmdir(f"{theirs}/backup")
        os.symlink(victim, f"{theirs}/backup")
        error = made.communicate(timeout=60)[1]
        assert os.stat(victim).st_uid == 0 and os.listdir(victim) == []
        assert made.returncode == 1 and f"{name}: Not a directory" in error, error
        os.unlink(f"{theirs}/backup")


def test_selftest_as_somebody(place):
    daemon = someone(place, None)
    result = subprocess.run([MISSIVED, "--selftest", "-c", daemon.write_config()], capture_output=True, text=True, timeout=60,
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert result.returncode == 0, result.stdout
    assert os.stat(daemon.store).st_uid == pwd.getpwnam(USER).pw_uid


def own(directory, user):
    for name in ("cert.pem", "key.pem"):
        shutil.chown(f"{directory}/{name}", user)


def test_certificate_after_the_drop(world, prosody, place):
    """The user reads the key, at the start and at a reload; one that it cannot read changes nothing, and is said."""
    make_certificate(place)
    own(place, USER)
    daemon = someone(place, prosody, tls_cert=f"{place}/cert.pem", tls_key=f"{place}/key.pem")
    daemon.base = daemon.settings["http"]["base-url"] = daemon.base.replace("http:", "https:")
    world.daemons.append(daemon)
    daemon.start()

    def shown():
        return ssl.get_server_certificate(("127.0.0.1", daemon.port))
    first = shown()
    make_certificate(place)
    own(place, "root")
    os.chmod(f"{place}/key.pem", 0o600)
    daemon.process.send_signal(signal.SIGHUP)
    assert f"{place}/key.pem" in daemon.wait_for("level=error event=reload-failed")
    assert shown() == first
    own(place, USER)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("event=reloaded")
    wait_until(lambda: all(shown() != first for _ in range(20)), "the new certificate")


def test_key_that_the_user_cannot_read(place):
    make_certificate(place)
    os.chmod(f"{place}/cert.pem", 0o644)
    os.chmod(f"{place}/key.pem", 0o600)
    daemon = someone(place, None, tls_cert=f"{place}/cert.pem", tls_key=f"{place}/key.pem")
    error = refused(daemon)
    assert f"{place}/key.pem" in error and "Permission denied" in error
