import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from between import Proxy  # noqa: E402
from daemon import Daemon  # noqa: E402
from disks import Disks  # noqa: E402
from missive import end_clients  # noqa: E402
from person import Person, end_all  # noqa: E402
from servers import SERVERS, open_directory  # noqa: E402


@pytest.fixture(scope="session")
def running(request):
    """Each server is started when it is first asked for, and runs to the end. What they wrote stays when a test has failed."""
    servers = {}
    directory = open_directory()  # ejabberd gives root away

    def get(name):
        if name not in servers:
            servers[name] = SERVERS[name](os.path.join(directory, name))
            servers[name].start()
        return servers[name]
    yield get
    end_all()
    for server in servers.values():
        server.stop()
    if not request.session.testsfailed:
        shutil.rmtree(directory)


@pytest.fixture
def prosody(running):
    return running("prosody")


@pytest.fixture(params=["prosody", "ejabberd"])
def server(request, running):
    return running(request.param)


@pytest.fixture
def world(tmp_path):
    """Makes daemons and people, and ends them all."""
    made = World(tmp_path)
    yield made
    made.end()


@pytest.fixture
def disks(tmp_path):
    """File systems of their own for stores."""
    made = Disks(tmp_path)
    yield made
    made.close()


@pytest.fixture
def proxied():
    """Makes proxies in front of daemons, and ends them all."""
    made = []

    def make(daemon, hidden=()):
        made.append(Proxy(daemon, hidden))
        return made[-1]
    yield make
    for proxy in made:
        proxy.close()


@pytest.fixture
def client():
    """Makes clients, and ends them all."""
    made = []

    def make(kind, server, jid):
        made.append(kind(server, jid))
        return made[-1]
    yield make
    for one in made:
        one.close()


class World:
    def __init__(self, tmp_path):
        self.tmp_path = tmp_path
        self.daemons = []
        self.people = []

    def daemon(self, server, **settings):
        daemon = Daemon(self.tmp_path / f"missived{len(self.daemons)}", server.component, **settings)
        self.daemons.append(daemon)
        self.server = server
        return daemon.start()

    def person(self, jid, resource="home", **how):
        person = Person(self.daemons[-1], self.server, jid, resource, **how)
        self.people.append(person)
        return person

    def end(self):
        end_clients()
        for person in self.people:
            person.disconnect()
        for daemon in self.daemons:
            daemon.stop()
