"""
What was acknowledged is there after a power cut: the store's file system is copied in the middle of the work of eight writers, and
what the copy holds is looked at by another daemon. Knows nothing of what the caches of drives do.
"""

import os
import random

import pytest

from daemon import Daemon
from passwords import Device, device
from servers import free_port
from writers import Writers

ROMEO, BENVOLIO, MERCUTIO = "romeo@localhost", "benvolio@localhost", "mercutio@localhost"
CUTS = int(os.environ.get("MISSIVE_CUTS", "3"))


class Setting:
    """A daemon on a disk of its own with eight writers."""

    def __init__(self, disks, world, server, before=()):
        self.disks = disks
        # A fence takes what strace does to a call for one that is forbidden.
        self.daemon = Daemon(world.tmp_path / "missived", server.component, **({"fence": "no"} if before else {}))
        self.daemon.settings["store"]["path"] = disks.ext4() + "/store"
        world.daemons.append(self.daemon)
        world.server = server
        self.world = world
        self.daemon.start(before=before, environment={"ASAN_OPTIONS": "detect_leaks=0"} if before else None)
        self.owner = device(world.person(ROMEO))
        self.readers = {jid: device(world.person(jid)) for jid in (BENVOLIO, MERCUTIO)}
        self.seed = random.SystemRandom().randrange(1 << 32)
        self.writers = Writers(self.owner, self.readers, self.seed)

    def close(self):
        self.writers.end()
        self.world.end()
        self.world.daemons.clear()
        self.world.people.clear()


@pytest.fixture
def setting(disks, world, prosody):
    made = []

    def make(**how):
        made.append(Setting(disks, world, prosody, **how))
        return made[-1]
    yield make
    for one in made:
        one.close()


def cut_and_look(setting, tmp_path, changes):
    setting.writers.work(changes)
    with setting.disks.cut(setting.daemon.process, setting.writers.states) as (point, states):
        setting.writers.pause()
        look(setting, tmp_path, f"{point}/store", states)


def look(setting, tmp_path, store, states):
    """With a daemon that starts on what is left; it needs no XMPP server for app passwords."""
    daemon = Daemon(tmp_path / "after", free_port())
    daemon.settings["store"]["path"] = daemon.store = store
    daemon.start(link=False)
    try:
        owner, *readers = (Device(daemon, one.jid, one.password) for one in (setting.owner, *setting.readers.values()))
        for writer, may_be in zip(setting.writers.all, states):
            found = writer.seen(owner, {reader.jid: reader for reader in readers})
            assert found in may_be, f"seed {setting.seed}: {shown(found)} is none of {[shown(one) for one in may_be]}"
        daemon.wait_for("event=orphans-swept")
    finally:
        daemon.stop()
    daemon.check_store()


def shown(state):
    return {path: value and (value[0][:20], len(value[0]), value[1]) for path, value in state.items()}


def test_power_cuts(setting, tmp_path):
    cut = setting()
    for _ in range(CUTS):
        cut_and_look(cut, tmp_path, random.randrange(50, 400))


@pytest.mark.parametrize("calls", ["fsync,fdatasync", "fsync", "fdatasync"])
def test_it_would_show(setting, tmp_path, calls):
    """A daemon whose syncs do nothing is found out: not even the app passwords are there, or blobs are without their bytes."""
    cut = setting(before=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                          f"inject={calls}:retval=0"])
    with pytest.raises(AssertionError, match=r"^\(./\d-\w., (401|503)\)|^seed"):
        cut_and_look(cut, tmp_path, 100)
