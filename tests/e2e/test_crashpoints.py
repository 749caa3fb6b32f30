"""Killed exactly before its Nth system call, for N = 1, 2, ... until a run makes fewer: what was acknowledged is there after a
restart, everything else is whole or absent, and nobody reads who could not before or after."""

import pytest
import requests

ROMEO, JULIET, TYBALT = "romeo@localhost", "juliet@capulet.localhost", "tybalt@capulet.localhost"
LARGE = bytes(range(256)) * 800
CUT = 100000  # where the first part ends


class Gone(Exception):
    pass


class Scenario:
    """What is sure of each thing, step by step: its state if the step under way happened, and if it did not."""

    def __init__(self, romeo):
        self.romeo = romeo
        self.may_be = {"/small": {None}, "/large": {None}, "/new": {None}, "/parts": {None}, "list": {None},
                       "offset": {0}}

    def step(self, key, value, action, *expected):
        self.may_be[key] = self.may_be[key] | {value}
        try:
            answer = action()
        except (requests.RequestException, AssertionError) as error:
            raise Gone from error
        if answer.status_code not in expected:
            raise Gone
        self.may_be[key] = {value}

    def part(self, first, last):
        return self.romeo.put("/parts", LARGE[first:last + 1], timeout=10,
                              headers={"Content-Range": f"bytes {first}-{last}/{len(LARGE)}"})

    def run(self):
        romeo = self.romeo
        self.step("offset", CUT, lambda: self.part(0, CUT - 1), 202)
        self.step("/small", b"1", lambda: romeo.put("/small", b"1", timeout=10), 201)
        self.step("/large", LARGE, lambda: romeo.put("/large", LARGE, timeout=10), 201)
        self.step("list", "both", lambda: romeo.share("/large", [JULIET, TYBALT], timeout=10), 207)
        self.step("list", "juliet", lambda: romeo.share("/large", [JULIET], timeout=10), 207)
        self.step("/small", b"2", lambda: romeo.put("/small", b"2", new=False, timeout=10), 204)
        self.step("/large", LARGE + b"2", lambda: romeo.put("/large", LARGE + b"2", new=False, timeout=10), 204)
        self.step("/new", LARGE, lambda: romeo.put("/new", LARGE, timeout=10), 201)
        self.step("/new", None, lambda: romeo.request("DELETE", "/new", timeout=10), 204)
        self.may_be["offset"].add(0)
        self.step("/parts", LARGE, lambda: self.part(CUT, len(LARGE) - 1), 201)
        self.may_be["offset"] = {0}

    def check(self, juliet, tybalt):
        """The number of large files that are there, whole or in parts."""
        large = 0
        for path in ("/small", "/large", "/new", "/parts"):
            answer = self.romeo.get(path)
            content = answer.content if answer.status_code == 200 else None
            assert answer.status_code in (200, 404) and content in self.may_be[path], path
            large += content is not None and len(content) >= len(LARGE)
        offset = int(self.romeo.put("/parts", b"", new=False, headers={"Content-Range": f"bytes */{len(LARGE)}"}).headers["Upload-Offset"])
        assert offset in self.may_be["offset"]
        assert offset == 0 or self.romeo.get("/parts").status_code == 404, "either the parts or the whole"
        large += offset > 0
        lists = self.may_be["list"]
        readers = {None: (403, 403), "both": (200, 200), "juliet": (200, 403)}
        seen = juliet.get("/large").status_code, tybalt.get("/large").status_code
        assert seen in {readers[one] for one in lists}, (seen, lists)
        return large


@pytest.mark.parametrize("call", ["fsync", "fdatasync", "linkat", "unlinkat", "flock", "openat", "pwrite64"])
def test_killed_before(world, prosody, call):
    """openat and pwrite64 in steps of seven: there are many, most of them of the start."""
    killed = 0
    for n in range(1, 400, 7 if call in ("openat", "pwrite64") else 1):
        daemon = fresh(world, prosody)
        people = [world.person(jid) for jid in (ROMEO, JULIET, TYBALT)]
        scenario = Scenario(people[0])
        try:
            daemon.start(before=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                 f"inject={call}:signal=KILL:when={n}"], environment={"ASAN_OPTIONS": "detect_leaks=0"})
            scenario.run()
            daemon.stop()
            lived = True
        except (Gone, AssertionError):
            lived = False
            killed += 1
        if daemon.process:
            daemon.kill()
        daemon.start()
        large = scenario.check(people[1], people[2])
        daemon.wait_for("event=orphans-swept")
        daemon.stop()
        assert len(daemon.blobs()) == large, daemon.blobs()
        for person in people:
            person.disconnect()
        world.people.clear()
        if lived:
            break
    assert lived and killed > 0, f"{killed} crash points at {call}"


def fresh(world, server):
    from daemon import Daemon
    daemon = Daemon(world.tmp_path / f"missived{len(world.daemons)}", server.component)
    world.daemons.append(daemon)
    world.server = server
    return daemon
