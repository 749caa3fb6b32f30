"""
Killed exactly before its Nth system call of a kind: what was acknowledged is there after a restart, the change under way is there
whole or not at all, and nobody reads who could not before or after. For every N when MISSIVE_EVERY_CRASH is set (script/torture);
else for the first and the last, those around the end of the start, and some between.
"""

import itertools
import os
import shutil
import struct
import subprocess

import pytest
import requests

from daemon import Daemon

HERE = os.path.dirname(__file__)
ROMEO, JULIET, TYBALT = "romeo@localhost", "juliet@capulet.localhost", "tybalt@capulet.localhost"
LARGE = bytes(range(256)) * 800
CUT = 100000  # where the first part ends
BETWEEN = 20  # crash points of the short form beside the first and last ones: about one in each transaction

KINDS = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "creat", "linkat", "unlink", "rename", "mkdir", "flock")
NEVER = {"rename"}
PATHS = ("/small", "/large", "/copy", "/parts", "/c/small", "/c/copy")


class Gone(Exception):
    pass


class Scenario:
    """
    `sure` is there, or `next` if the step under way has happened. A state: path -> (content, who may read) of what is there, and
    the offset of the upload in parts.
    """

    def __init__(self, romeo):
        self.romeo = romeo
        self.sure = self.next = {"offset": 0}

    def step(self, changes, action, *expected):
        """changes: what is so afterwards; None: not there."""
        state = {**self.sure, **changes}
        self.next = {path: value for path, value in state.items() if value is not None}
        try:
            answer = action()
        except requests.RequestException as error:
            raise Gone from error
        assert answer.status_code in expected, (answer.status_code, answer.text)
        self.sure = self.next

    def part(self, first, last):
        return self.romeo.put("/parts", LARGE[first:last + 1], timeout=10,
                              headers={"Content-Range": f"bytes {first}-{last}/{len(LARGE)}"})

    def to(self, method, path, destination):
        return self.romeo.request(method, path, timeout=10, headers={"Destination": self.romeo.daemon.base + destination})

    def run(self):
        romeo = self.romeo

        def put(path, content, new=True):
            return lambda: romeo.put(path, content, new=new, timeout=10)

        def share(path, *jids):
            return lambda: romeo.share(path, jids, timeout=10)
        self.step({"offset": CUT}, lambda: self.part(0, CUT - 1), 202)
        self.step({"/small": (b"1", ())}, put("/small", b"1"), 201)
        self.step({"/large": (LARGE, ())}, put("/large", LARGE), 201)
        self.step({"/large": (LARGE, (JULIET, TYBALT))}, share("/large", JULIET, TYBALT), 207)
        self.step({"/large": (LARGE, (JULIET,))}, share("/large", JULIET), 207)
        self.step({"/small": (b"2", ())}, put("/small", b"2", new=False), 204)
        large = LARGE + b"2", (JULIET,)
        self.step({"/large": large}, put("/large", large[0], new=False), 204)
        self.step({"/copy": (LARGE, ())}, put("/copy", LARGE), 201)
        self.step({"/copy": (large[0], ())}, lambda: self.to("COPY", "/large", "/copy"), 204)
        self.step({}, lambda: romeo.request("MKCOL", "/c", timeout=10), 201)
        self.step({}, share("/c", TYBALT), 207)
        self.step({"/small": None, "/c/small": (b"2", (TYBALT,))}, lambda: self.to("MOVE", "/small", "/c/small"), 201)
        self.step({"/c/copy": (large[0], (TYBALT,))}, lambda: self.to("COPY", "/large", "/c/copy"), 201)
        self.step({"/large": None, "/copy": large}, lambda: self.to("MOVE", "/large", "/copy"), 204)
        self.step({"/parts": (LARGE, ()), "offset": 0}, lambda: self.part(CUT, len(LARGE) - 1), 201)
        self.step({"/parts": None}, lambda: romeo.request("DELETE", "/parts", timeout=10), 204)
        self.step({"/c/small": None, "/c/copy": None}, lambda: romeo.request("DELETE", "/c", timeout=10), 204)

    def offset(self):
        answer = self.romeo.put("/parts", b"", new=False, headers={"Content-Range": f"bytes */{len(LARGE)}"})
        return int(answer.headers["Upload-Offset"])

    def check(self, readers):
        found = {"offset": self.offset()}
        for path in PATHS:
            answer = self.romeo.get(path)
            assert answer.status_code in (200, 404), (path, answer.status_code)
            may = tuple(reader.bare for reader in readers if reader.get(path).status_code == 200)
            if answer.status_code == 200:
                found[path] = answer.content, may
            assert path in found or not may, f"{path} is there for {may} only"
        assert found in (self.sure, self.next), f"{shown(found)} is neither {shown(self.sure)} nor {shown(self.next)}"
        if found["offset"]:  # what was acknowledged of it are the right bytes
            assert self.part(found["offset"], len(LARGE) - 1).status_code == 201
            assert self.romeo.get("/parts").content == LARGE


def shown(state):
    return {key: value if key == "offset" else (len(value[0]), value[1]) for key, value in state.items()}


class Killer:
    """A store, new each time, and a daemon that is killed before a call."""

    def __init__(self, library, directory, world, server, kind):
        self.library, self.directory, self.world, self.server, self.kind = library, directory, world, server, kind
        self.people = []
        self.runs = itertools.count()

    def run(self, at):
        """(whether it was killed, its calls when it had started, all its calls)"""
        directory = self.directory / f"missived{next(self.runs)}"
        daemon = Daemon(directory, self.server.component)
        self.world.daemons[:] = [daemon]
        self.world.server = self.server
        self.people = self.people or [self.world.person(jid) for jid in (ROMEO, JULIET, TYBALT)]
        for person in self.people:
            person.daemon = daemon
        counter = directory / "count"
        counter.write_bytes(bytes(8))
        scenario = Scenario(self.people[0])
        started = killed = 0
        try:
            start(daemon, {"LD_PRELOAD": self.library, "KILL_BEFORE": self.kind, "KILL_COUNT": str(counter), "KILL_AT": str(at),
                           "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0"})
            started = count(counter)
            scenario.run()
            stop(daemon)
        except Gone:
            killed = 1
        if daemon.process:
            assert daemon.process.wait(20) == -9, daemon.log()
            daemon.kill()
        daemon.start()
        scenario.check(self.people[1:])
        daemon.wait_for("event=orphans-swept")
        daemon.stop()
        daemon.check_store()
        made = count(counter)
        shutil.rmtree(directory)  # hundreds of stores with their directories take long to remove when they are cold
        return killed, started, made


def start(daemon, environment):
    try:
        daemon.start(environment=environment)
    except AssertionError as error:
        if daemon.process.wait(20) == -9:
            raise Gone from error
        raise


def stop(daemon):
    """Some of the calls are those of the end."""
    try:
        daemon.stop()
    except AssertionError as error:
        if "ended with -9" not in str(error):
            raise
        raise Gone from error


def count(path):
    return struct.unpack("=Q", path.read_bytes())[0]


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("killer") / "killer.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", path, f"{HERE}/killer.c"], check=True)
    return path


def points(started, total):
    """Every one and a few more, for a run may make some more calls than another; or a sample."""
    if os.environ.get("MISSIVE_EVERY_CRASH"):
        return range(1, total + 5)
    between = {started + 1 + (total - started) * i // (BETWEEN + 1) for i in range(1, BETWEEN + 1)}
    return sorted(n for n in {1, started, started + 1, total} | between if 1 <= n <= total)


@pytest.mark.parametrize("kind", KINDS)
def test_killed_before(library, tmp_path, world, prosody, kind):
    killer = Killer(library, tmp_path, world, prosody, kind)
    killed, started, total = killer.run(0)
    assert not killed and (total == 0) == (kind in NEVER), total
    chosen = points(started, total)
    done = sum(killer.run(n)[0] for n in chosen)
    print(f"{kind}: killed {done} times, {started} calls of the start, {total} in all")
    assert done >= min(total, len(chosen)) - 2, f"killed {done} times before {list(chosen)} of {total}"
