"""What the daemon cannot do once it runs: --selftest shows it, /proc says so, and what it needs goes on working."""

import glob
import os
import re
import shutil
import signal
import ssl
import subprocess

import pytest

from daemon import MISSIVED, Daemon, sanitizer
from servers import free_port, make_certificate, wait_until

ROMEO = "romeo@localhost"
# What a sanitizer needs it may do.
ALWAYS = ["execve", "/etc/passwd", "outside the store", "a socket that is not IP", "ptrace"]
UNSANITIZED = ["fork", "mmap"]
NO_LANDLOCK = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset", "-e"]


def selftest(daemon, before=()):
    result = subprocess.run([*before, MISSIVED, "--selftest", "-c", daemon.write_config()], capture_output=True, text=True, timeout=60,
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    return result.returncode, result.stdout.splitlines(), result.stderr


@pytest.fixture
def stopped(tmp_path):
    """A daemon that is not started."""
    return Daemon(tmp_path / "missived", 1)


def test_selftest(stopped):
    status, lines, error = selftest(stopped)
    assert status == 0, (lines, error)
    expected = ALWAYS + ([] if sanitizer() else UNSANITIZED)
    assert len(lines) == len(expected)
    for line, what in zip(lines, expected):
        assert what in line and ": refused: " in line, line


def test_selftest_without_a_fence(stopped):
    """Nothing of it is refused by itself: so it is the fence that refuses."""
    stopped.settings["system"]["fence"] = "no"
    status, lines, error = selftest(stopped)
    assert status == 1 and "the fence does not hold" in error
    assert len(lines) >= len(ALWAYS)
    assert all(line.endswith(": NOT REFUSED") for line in lines), lines


def test_selftest_without_landlock(stopped):
    """A kernel that has none: what seccomp refuses is refused, and the test fails for the rest."""
    status, lines, _ = selftest(stopped, before=[*NO_LANDLOCK, "inject=landlock_create_ruleset:error=ENOSYS"])
    assert status == 1
    held = {line.split(" (")[0]: line.endswith("NOT REFUSED") for line in lines}
    assert held["to read /etc/passwd"] and held["to write outside the store"]
    assert not held["to run a program"] and not held["a socket that is not IP"]


def test_kernel_without_landlock(world, prosody):
    """It is said, and the daemon goes on."""
    daemon = Daemon(world.tmp_path / "daemon", prosody.component)
    world.daemons.append(daemon)
    world.server = prosody
    daemon.start(before=[*NO_LANDLOCK[:1], "-D", *NO_LANDLOCK[1:], "inject=landlock_create_ruleset:error=EOPNOTSUPP"],
                 environment={"ASAN_OPTIONS": "detect_leaks=0"})
    assert daemon.wait_for("event=fenced").split()[0] == "level=warning"
    assert world.person(ROMEO).put("/a", b"x" * 100000).status_code == 201


def test_fence_that_cannot_stand(stopped):
    """An error that is not the kernel's lack of it stops the start."""
    result = subprocess.run([*NO_LANDLOCK, "inject=landlock_create_ruleset:error=ENOMEM", MISSIVED, "-c", stopped.write_config()],
                            capture_output=True, text=True, timeout=60, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert result.returncode == 1 and "the fence: landlock: " in result.stderr
    assert "event=started" not in result.stderr


def test_every_thread_is_fenced(world, prosody):
    daemon = world.daemon(prosody)
    assert re.search(r"level=info event=fenced landlock-abi=\d+ seccomp=yes", daemon.log())
    threads = glob.glob(f"/proc/{daemon.process.pid}/task/*/status")
    assert len(threads) > 16  # the pool's among them
    for path in threads:
        with open(path) as f:
            status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and status["Seccomp_filters"] == "2", path
    with open(f"/proc/{daemon.process.pid}/limits") as f:
        assert re.search(r"Max core file size\s+0\s+0\s", f.read())


def test_no_fence(world, prosody):
    """For debuggers: it works, and the log warns."""
    daemon = world.daemon(prosody, fence="no")
    assert "level=warning event=no-fence" in daemon.log() and "event=fenced" not in daemon.log()
    with open(f"/proc/{daemon.process.pid}/status") as f:
        assert re.search(r"^Seccomp:\t0$", f.read(), re.M)
    assert world.person(ROMEO).put("/a", b"x").status_code == 201


def test_server_by_name(world, prosody):
    """Names are looked up behind the fence, again each time that the link comes back."""
    daemon = Daemon(world.tmp_path / "daemon", prosody.component)
    daemon.settings["xmpp"]["server"] = f"localhost:{prosody.component}"
    world.daemons.append(daemon)
    daemon.start()


def test_name_that_is_unknown(world, prosody):
    """DNS is asked, over UDP and TCP, with what glibc opens for that; nothing of it ends the daemon."""
    daemon = Daemon(world.tmp_path / "daemon", prosody.component)
    daemon.settings["xmpp"]["server"] = f"no-such-host.invalid:{prosody.component}"
    world.daemons.append(daemon)
    daemon.start(link=False)
    daemon.wait_for("event=xmpp-lost .*no such host")
    assert daemon.health().status_code == 503


def test_name_server_behind_an_interface(world, prosody, tmp_path):
    """An address that is good on one link alone, as IPv6 networks announce it: glibc asks for the interface's number."""
    servers = tmp_path / "resolv.conf"
    servers.write_text("nameserver fe80::1%lo\nnameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    daemon = Daemon(world.tmp_path / "daemon", prosody.component)
    daemon.settings["xmpp"]["server"] = f"no-such-host.invalid:{prosody.component}"
    world.daemons.append(daemon)
    daemon.start(link=False, before=["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(servers)])
    daemon.wait_for("event=xmpp-lost")
    assert daemon.health().status_code == 503


def certificate(daemon):
    return ssl.get_server_certificate(("127.0.0.1", daemon.port))


@pytest.mark.parametrize("linked", [False, True], ids=["files", "links"])
def test_certificate_that_is_put_there_anew(world, prosody, tmp_path, linked):
    """Who renews certificates puts other files there, or other files behind a link in another directory, as certbot does."""
    live, archive = tmp_path / "live", tmp_path / "archive"
    for directory in (live, archive):
        directory.mkdir()

    def renew(number):
        make_certificate(tmp_path)
        for name in ("cert", "key"):
            target = archive / f"{name}{number}.pem"
            shutil.copy(tmp_path / f"{name}.pem", target)
            new = live / f"{name}.new"
            if linked:
                os.symlink(f"../archive/{target.name}", new)
            else:
                shutil.copy(target, new)
            os.replace(new, live / f"{name}.pem")

    renew(1)
    port = free_port()
    daemon = world.daemon(prosody, port=port, base_url=f"https://127.0.0.1:{port}", tls_cert=f"{live}/cert.pem",
                          tls_key=f"{live}/key.pem")
    old = certificate(daemon)
    renew(2)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("event=reloaded")
    wait_until(lambda: all(certificate(daemon) != old for _ in range(20)), "the new certificate")


def test_large_files_on_another_disk(world, prosody):
    """The directory of blobs may be a link."""
    daemon = world.daemon(prosody)
    daemon.stop()
    elsewhere = f"{daemon.directory}/elsewhere"
    os.rename(f"{daemon.store}/blobs", elsewhere)
    os.symlink(elsewhere, f"{daemon.store}/blobs")
    daemon.start()
    romeo = world.person(ROMEO)
    assert romeo.put("/a", b"x" * 100000).status_code == 201
    assert romeo.request("DELETE", "/a").status_code == 204
