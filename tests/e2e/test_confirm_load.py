"""Confirms by the thousand: what they cost in memory, that none gets another's answer, and how fast they go through a server."""

import asyncio
import os
import random
import resource
import subprocess

import pytest

from component_server import ComponentServer, no, yes
from daemon import basic, sanitizer
from servers import SECRET

MANY = 10000
ROUNDS = 4
UNLIMITED = {"prompts": "0", "prompts_per_pair": "0", "prompts_per_address": "0", "silence": "0s", "refusals": "0",
             "connections": "100000", "connections_per_address": "0"}
HERE = os.path.dirname(__file__)


def resident(daemon):
    """KiB."""
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def test_ten_thousand_wait(world):
    """Each of its own JID; answered in any order, yes or no."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    scripted = ComponentServer()
    try:
        daemon = world.daemon(scripted, confirm_timeout="120s", **UNLIMITED)
        before = resident(daemon)
        asyncio.run(ask_and_answer(daemon, scripted, before))
    finally:
        scripted.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, files)


async def ask_and_answer(daemon, scripted, before):
    gate = asyncio.Semaphore(200)
    streams = await asyncio.gather(*(ask(daemon, gate, number) for number in range(MANY)))
    await asyncio.to_thread(scripted.wait_for_prompt, MANY, 60)
    more = (resident(daemon) - before) / 1024
    print(f"{MANY} waiting confirms: {more:.1f} MiB more")
    assert more < 64 or sanitizer()
    prompts = list(scripted.prompts)
    random.shuffle(prompts)
    wanted = {prompt.jid: random.random() < 0.5 for prompt in prompts}
    assert len(wanted) == MANY

    def answer_all():
        for i in range(0, MANY, 100):
            scripted.send("".join((yes if wanted[prompt.jid] else no)(prompt) for prompt in prompts[i:i + 100]))
    answers = asyncio.gather(*(answer(stream) for stream in streams))
    await asyncio.to_thread(answer_all)
    for number, status in enumerate(await answers):
        assert status == (404 if wanted[f"user{number}@localhost/home"] else 403), number


async def ask(daemon, gate, number):
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
        head = basic(f"user{number}@localhost/home", "identifier")["Authorization"]
        writer.write(f"HEAD /file-{number} HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: {head}\r\n\r\n".encode())
        await writer.drain()
    return reader, writer


async def answer(stream):
    reader, writer = stream
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1])


@pytest.fixture(scope="session")
def iqload(tmp_path_factory):
    program = str(tmp_path_factory.mktemp("iqload") / "iqload")
    subprocess.run(["cc", "-O2", "-Wall", "-o", program, f"{HERE}/iqload.c", "-lcrypto"], check=True)
    return program


def processor_time(pid):
    """Seconds that the busiest thread of a process has used."""
    threads = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as f:
            threads.append(int(f.read().split()[0]) / 1e9)
    return max(threads)


def test_rate_through_prosody(world, prosody, iqload):
    """
    Beside a component that does nothing but ask, through the same server, to the same answering side, in turns. The rate that a machine of
    its own would let through is that of the busiest thread, be it the server's or one of ours; it is told by processor time, because rates say
    how much others use this machine (both are printed), and of the round in which they have disturbed it least.
    """
    daemon = world.daemon(prosody, users="people.load", confirm_timeout="30s", **UNLIMITED)
    port, count, waiting = str(prosody.component), 2500, "64"

    def run(*arguments):
        """The rate; and the seconds that the server's and our busiest thread have taken for it."""
        before = [processor_time(process.pid) for process in (prosody.process, daemon.process)]
        rate = float(subprocess.run([iqload, *arguments], check=True, capture_output=True, text=True, timeout=60).stdout)
        after = [processor_time(process.pid) for process in (prosody.process, daemon.process)]
        return rate, after[0] - before[0], after[1] - before[1]
    people = subprocess.Popen([iqload, "answer", port, "people.load", SECRET], stdout=subprocess.PIPE, text=True)
    try:
        assert people.stdout.readline() == "ready\n"
        bare, ours = [], []
        for _ in range(ROUNDS):
            bare.append(run("ask", port, "bare.load", SECRET, "juliet@people.load/home", str(count), waiting))
            ours.append(run("http", str(daemon.port), "juliet@people.load/home", str(count), waiting))
    finally:
        people.kill()
        people.wait()
        people.stdout.close()
    for name, rounds in (("bare component", bare), ("missived", ours)):
        print(name, "IQs a second:", [int(rate) for rate, _, _ in rounds])
    server_for_bare = min(server for _, server, _ in bare)
    busiest = max(min(server for _, server, _ in ours), min(own for _, _, own in ours))
    print(f"of the best rates {max(ours)[0] / max(bare)[0]:.2f}; by processor time {server_for_bare / busiest:.2f}")
    assert f"confirms-granted {ROUNDS * count}\n" in daemon.health().text
    assert server_for_bare / busiest >= 0.8 or sanitizer()
