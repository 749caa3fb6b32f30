"""What is in dist: the unit leaves little to do, and forbids nothing that the daemon needs; users and directories are made as it expects."""

import os
import re
import shutil
import stat
import subprocess

import pytest

from daemon import MISSIVED, BUILD, Daemon
from servers import open_directory

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
UNIT = f"{ROOT}/dist/missived.service"
MOST = 1.5
ROMEO = "romeo@localhost"


def run(*command, **how):
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, **how)
    assert result.returncode == 0, (command, result.stdout, result.stderr)
    return result.stdout + result.stderr


def exposure(unit):
    return float(re.search(r"Overall exposure level for \S+: ([\d.]+)", run("systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)))[1])


def test_exposure():
    assert exposure(UNIT) <= MOST


@pytest.mark.parametrize("line", ["SystemCallFilter=~@privileged @resources", "CapabilityBoundingSet=", "ProtectSystem=strict", "PrivateUsers=yes"])
def test_exposure_without(tmp_path, line):
    """Each of these counts: what is measured is this file."""
    with open(UNIT) as f:
        lines = f.read().splitlines()
    assert line in lines
    lines.remove(line)
    (tmp_path / "missived.service").write_text("\n".join(lines) + "\n")
    assert exposure(tmp_path / "missived.service") > exposure(UNIT)


def test_units_are_right(tmp_path):
    """systemd reads them without a complaint."""
    with open(UNIT) as f:
        (tmp_path / "missived.service").write_text(f.read().replace("/usr/local/bin/missived", MISSIVED))
    shutil.copy(f"{ROOT}/dist/missived.socket", tmp_path)
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "missived.service", "missived.socket"],
                            capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert result.returncode == 0 and "missived" not in result.stderr, result.stderr


def test_wrong_unit_is_seen(tmp_path):
    with open(UNIT) as f:
        (tmp_path / "missived.service").write_text(f.read().replace("/usr/local/bin/missived", MISSIVED) + "\n[Service]\nColour=red\n")
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", "missived.service"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert "Colour" in result.stderr


def members(group):
    """The system calls of a group of systemd's, with those of the groups in it."""
    found = set()
    for line in run("systemd-analyze", "syscall-filter", group).splitlines()[1:]:
        name = line.strip()
        if name.startswith("@"):
            found |= members(name)
        elif name and not name.startswith("#"):
            found.add(name)
    return found


def allowed():
    """By the lines of the unit, one after the other."""
    calls = set()
    with open(UNIT) as f:
        lines = re.findall(r"^SystemCallFilter=(~?)(.*)$", f.read(), re.M)
    for without, names in lines:
        for name in names.split():
            named = members(name) if name.startswith("@") else {name}
            calls = calls - named if without else calls | named
    return calls


def test_unit_allows_what_is_needed(world, prosody):
    """From the first call to the last, as the user that it is under systemd: all that strace sees."""
    directory = open_directory()
    shutil.chown(directory, "daemon")
    daemon = Daemon(directory, prosody.component)
    daemon.program = shutil.copy(MISSIVED, directory)  # it was perhaps built where that user sees nothing
    world.daemons.append(daemon)
    world.server = prosody
    trace = f"{directory}/trace"
    assert os.geteuid() == 0
    # execve() is how systemd starts it, and has happened then.
    daemon.start(before=["setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
                         "strace", "-f", "-qq", "-o", trace], environment={"ASAN_OPTIONS": "detect_leaks=0"})
    romeo = world.person(ROMEO)
    assert romeo.put("/large", b"x" * 200000).status_code == 201
    assert romeo.get("/large").status_code == 200
    assert romeo.request("DELETE", "/large").status_code == 204
    # strace holds back the signal that ends it: the daemon is its child.
    with open(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children") as f:
        os.kill(int(f.read().split()[0]), 15)
    assert daemon.process.wait(20) == 0
    with open(trace) as f:
        seen = set(re.findall(r"^\d+ +([a-z]\w+)\(", f.read(), re.M))
    shutil.rmtree(directory)
    assert {"landlock_restrict_self", "seccomp", "linkat", "sendfile"} <= seen
    forbidden = seen - allowed() - {"execve"}
    # Without any capability there is none to give up; that there is no way back to root is asked for, and may be refused.
    assert forbidden <= {"setuid", "setrlimit"}, forbidden


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What meson puts where."""
    place = str(tmp_path_factory.mktemp("installed"))
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", place)
    prefix = [path for path in ("/usr/local", "/usr") if os.path.isdir(f"{place}{path}/lib/systemd")][0]
    return place, prefix


def test_what_is_installed(installed):
    place, prefix = installed
    with open(f"{place}{prefix}/lib/systemd/system/missived.service") as f:
        unit = f.read()
    assert f"\nExecStart={prefix}/bin/missived\n" in unit and f"\nExecStartPre={prefix}/bin/missived -t\n" in unit
    assert os.access(f"{place}{prefix}/bin/missived", os.X_OK)
    assert os.path.exists(f"{place}{prefix}/lib/systemd/system/missived.socket")


def test_user_and_directories(installed, tmp_path):
    """As on a new system: the user is made, then the directories, which are its or not for others."""
    place, prefix = installed
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", f"{place}{prefix}/lib/sysusers.d/missive.conf")
    entry = [line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith("missive:")][0]
    run("systemd-tmpfiles", f"--root={tmp_path}", "--create", f"{place}{prefix}/lib/tmpfiles.d/missive.conf")
    store, settings = os.stat(tmp_path / "var/lib/missive"), os.stat(tmp_path / "etc/missive")
    assert (store.st_uid, stat.S_IMODE(store.st_mode)) == (int(entry[2]), 0o700)
    assert (settings.st_uid, settings.st_gid, stat.S_IMODE(settings.st_mode)) == (0, int(entry[3]), 0o750)
