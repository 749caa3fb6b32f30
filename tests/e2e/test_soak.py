"""
Everything at once for as long as MISSIVE_SOAK says (seconds): eight writers, litmus, confirms, a reader of a large file, while Prosody is
restarted and the daemon hung up on every minute. Nothing that was acknowledged is lost, memory and descriptors stay what they were.
"""

import os
import random
import re
import statistics
import subprocess
import threading
import time

import pytest

from daemon import basic, new_id
from passwords import device
from person import Person
from servers import Prosody, open_directory, wait_until
from test_passwords import mint
from writers import Writers

ROMEO, BENVOLIO, MERCUTIO, JULIET = "romeo@localhost", "benvolio@localhost", "mercutio@localhost", "juliet@capulet.localhost"
SOAK = int(os.environ.get("MISSIVE_SOAK", "20"))
ROUND = min(60, SOAK / 4)
LARGE = b"0123456789abcdef" * (1 << 16)
THREADS = 16 + 2 + 3  # of the pool, HTTP's, and the rest
FILLED = 600  # seconds until all that is kept in memory has been filled


class Repeated:
    """Does something again and again in a thread of its own; what it raises is raised by end()."""

    def __init__(self, work):
        self.work, self.ending, self.error, self.times = work, threading.Event(), None, 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.ending.is_set():
                self.work()
                self.times += 1
        except Exception as error:  # told to whoever waits
            self.error = error

    def end(self):
        self.ending.set()
        self.thread.join(120)
        assert not self.thread.is_alive(), "it does not end"
        if self.error:
            raise self.error
        return self.times


@pytest.fixture
def server():
    directory = open_directory()
    made = Prosody(directory)
    made.start()
    yield made
    made.stop()
    subprocess.run(["rm", "-rf", directory], check=True)


@pytest.fixture
def soaked(world, server):
    daemon = world.daemon(server, host="127.0.0.1", prompts_per_pair="0", prompts_per_address="0", silence="0s")
    yield daemon


def state(daemon):
    """(KiB of memory that is its own, descriptors) without those of the database, which each thread opens when it first needs it."""
    process = f"/proc/{daemon.process.pid}"
    with open(f"{process}/status") as f:
        memory = int(re.search(r"^RssAnon:\s+(\d+)", f.read(), re.M).group(1))
    files = [target(f"{process}/fd/{number}") for number in os.listdir(f"{process}/fd")]
    assert sum("missive.db" in file for file in files) <= 2 * THREADS + 1, files
    return memory, sum("missive.db" not in file for file in files)


def target(link):
    try:
        return os.readlink(link)
    except FileNotFoundError:  # closed since it was listed
        return ""


def litmus(daemon, password, directory):
    """In a collection of its own; it removes what it has made."""
    result = subprocess.run(["litmus", daemon.base + "/", ROMEO, password], cwd=directory, text=True, capture_output=True,
                            timeout=600, env={**os.environ, "HOME": str(directory)})
    assert result.returncode == 0 and "FAIL" not in result.stdout, result.stdout


def ask(juliet, counts):
    """Once, over XMPP: it is granted, unless the link is down."""
    answer = juliet.request("GET", "/shared", jid=juliet.full, id=new_id())
    assert answer.status_code in (200, 503), (answer.status_code, answer.text)
    assert answer.status_code == 503 or answer.content == LARGE
    counts[answer.status_code] = counts.get(answer.status_code, 0) + 1


def test_soak(soaked, world, server, tmp_path):
    daemon, seed, counts, states = soaked, random.SystemRandom().randrange(1 << 32), {}, []
    owner = device(world.person(ROMEO))
    readers = {jid: device(world.person(jid)) for jid in (BENVOLIO, MERCUTIO)}
    password = mint(daemon, ROMEO)
    assert owner.status("PUT", "/shared", LARGE) == 201
    world.people[0].share("/shared", [JULIET])
    writers = Writers(owner, readers, seed)
    suites = Repeated(lambda: litmus(daemon, password, tmp_path))
    began = time.monotonic()
    try:
        while time.monotonic() < began + SOAK:
            juliet = Person(daemon, server, JULIET)
            asked = Repeated(lambda person=juliet: ask(person, counts))
            writers.work(100)
            end = time.monotonic() + ROUND / 2
            wait_until(lambda: time.monotonic() >= end or writers.error or suites.error or asked.error, "half a round", ROUND)
            daemon.process.send_signal(1)
            daemon.wait_for("event=reloaded", count=len(states) + 1)
            end += ROUND / 2
            wait_until(lambda: time.monotonic() >= end or writers.error or suites.error or asked.error, "a round", ROUND)
            asked.end()
            juliet.disconnect()
            writers.work(1)
            states.append(state(daemon))
            server.stop()
            server.start()
            daemon.wait_for("event=xmpp-up", count=len(states) + 1, seconds=90)
    finally:
        runs = suites.end()
        writers.end()
    assert not writers.error, writers.error
    for writer in writers.all:
        assert writer.seen(owner, readers) in (writer.sure, writer.next), f"seed {seed}"
    print(f"\nsoak: {SOAK} s, {writers.acknowledged} changes, {runs} runs of litmus, confirms {counts}, (KiB, descriptors) {states}")
    assert runs > 0 and counts[200] > 0 and len(states) >= 3
    flat(states)
    daemon.stop()
    daemon.check_store()


def flat(states):
    """The last third beside the second, when there was time to fill what is kept."""
    third = len(states) // 3
    middle, last = states[third:2 * third], states[2 * third:]
    descriptors = [min(one[1] for one in part) for part in (middle, last)]
    assert descriptors[1] <= descriptors[0] + 4, descriptors
    if SOAK >= 3 * FILLED:
        memory = [statistics.median(one[0] for one in part) for part in (middle, last)]
        assert memory[1] <= memory[0] * 1.02, memory
