"""
A store of very many resources starts as fast as an empty one, whatever is still to be cleaned up in it. A hundred thousand here, as
many as MISSIVE_RESOURCES says elsewhere (script/torture: a million).
"""

import os
import time

from daemon import Daemon
from many import MEMBERS, fill

ROMEO = "romeo@localhost"
RESOURCES = int(os.environ.get("MISSIVE_RESOURCES", "100000"))
SOON = 2  # seconds

def start(daemon, **how):
    """Not waiting for XMPP, which takes its own time."""
    began = time.monotonic()
    daemon.start(link=False, **how)
    took = time.monotonic() - began
    assert took < SOON, f"started within {took:.2f} s"
    daemon.wait_for("event=xmpp-up")


def test_starts_at_once(world, prosody):
    daemon = world.daemon(prosody, resources=str(2 * RESOURCES))
    romeo = world.person(ROMEO)
    daemon.stop()
    fill(daemon.store, ROMEO, RESOURCES)
    last = RESOURCES - 1
    path = f"/many/{last // MEMBERS}/{last % MEMBERS}"
    start(daemon)
    assert romeo.get(path).content == str(1000000 + last).encode()
    assert romeo.put("/one", b"one").status_code == 201
    daemon.kill()
    start(daemon)
    assert romeo.get(path).status_code == 200
    assert romeo.request("DELETE", "/many").status_code == 204
    daemon.kill()
    start(daemon)  # all of it is still to be taken apart
    began = time.monotonic()
    assert romeo.get(path).status_code == 404
    assert romeo.get("/one").content == b"one"
    assert romeo.put("/two", b"two").status_code == 201
    assert time.monotonic() - began < SOON


def test_sweep_does_not_hold_the_start(world, prosody):
    """Orphans that each take a tenth of a second to remove."""
    daemon = Daemon(world.tmp_path / "missived", prosody.component)
    world.daemons.append(daemon)
    world.server = prosody
    daemon.start()
    romeo = world.person(ROMEO)
    assert romeo.put("/large", b"x" * 100000).status_code == 201
    daemon.stop()
    count = 30
    for i in range(count):
        name = f"{i:02x}{i:030x}"
        with open(f"{daemon.store}/blobs/{name[:2]}/1-{name}", "w"):
            pass
    start(daemon, before=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=unlinkat", "-e",
                          "inject=unlinkat:delay_enter=100000"], environment={"ASAN_OPTIONS": "detect_leaks=0"})
    assert romeo.get("/large").status_code == 200
    assert romeo.put("/small", b"x").status_code == 201
    assert len(daemon.files()) > 1 and "orphans-swept" not in daemon.log(), "all this goes on during the sweep"
    daemon.wait_for(f"event=orphans-swept count={count}")
    daemon.stop()
    daemon.check_store()
