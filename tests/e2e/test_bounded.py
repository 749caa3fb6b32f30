"""What strangers and users can make the daemon say, keep and do at once is bounded: a stanza that is too large for the server would end the
stream, and with it every waiting confirm."""

import os
import threading

import pytest

from adhoc import COMMANDS, DATA, Command, Refused
from component_server import ComponentServer
from daemon import basic
from passwords import Device, made
from servers import DOMAIN

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"
PING = "urn:xmpp:ping"


@pytest.fixture
def scripted():
    server = ComponentServer()
    yield server
    server.close()


def is_up(person):
    """The stream is the first one still."""
    assert person.ask("get", f"<ping xmlns='{PING}'/>").get("type") == "result"
    assert "event=xmpp-lost" not in person.daemon.log()


def rss(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


# ---- what comes and what is answered ----

@pytest.mark.parametrize("attribute", ["id", "type", "x"])
@pytest.mark.parametrize("length", [2000, 20000, 500000])
def test_long_attributes(world, scripted, attribute, length):
    """Servers write a quotation mark as six bytes, so what they let through grows on its way to us; and an id we would say back."""
    daemon = world.daemon(scripted)
    given = {"type": "get", "id": "a", attribute: "&quot;" * length}
    attributes = " ".join(f"{name}='{value}'" for name, value in given.items())
    scripted.send(f"<iq from='{JULIET}/x' to='{DOMAIN}' {attributes}><ping xmlns='{PING}'/></iq>")
    scripted.settle()
    assert scripted.streams == 1 and "event=xmpp-lost" not in daemon.log()
    assert max(len(id or "") for _, id in scripted.stanzas) <= 1024, "nothing of that length is said back"


def shared_widely(romeo, files=40, people=900):
    """Files whose lists are as long as they may be; what is about them alone would be megabytes."""
    device = Device(romeo.daemon, ROMEO, made(romeo)["password"])
    jids = "".join(f"<jid>{n:04}{'x' * 180}@capulet.localhost</jid>" for n in range(people))
    body = (f"<propertyupdate xmlns='DAV:'><set><prop><jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>{jids}"
            "</jidlist></prop></set></propertyupdate>").encode()
    for n in range(files):
        path = f"/{n:03}" + "'" * 200
        assert device.status("PUT", path, b"x") == 201
        assert device.status("PROPPATCH", path, body) == 207
    return device


def test_my_files(world, server):
    world.daemon(server)
    romeo = world.person(ROMEO)
    shared_widely(romeo)
    command = Command(romeo, "files")
    assert command.status == "completed" and 10 < len(command.fields) <= 40
    first = next(iter(command.fields.values()))
    assert first[2].startswith("shared with 0000xx") and "more" in first[2]
    for node in ("files-delete", "files-share"):
        command = Command(romeo, node)
        assert command.status == "executing" and 10 < len(command.options["files"]) <= 40
    is_up(romeo)


def test_shared_with_me(world, server):
    world.daemon(server)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    device = Device(romeo.daemon, ROMEO, made(romeo)["password"])
    for n in range(60):
        path = f"/{n:03}" + "'" * 240
        assert device.status("PUT", path, b"x") == 201
        romeo.share(path, [JULIET], headers={"Authorization": device_authorization(device)})
    command = Command(juliet, "shared")
    assert command.status == "completed" and 10 < len(command.fields) < 60 and command.note.startswith("These are the first")
    is_up(juliet)


def device_authorization(device):
    return basic(device.jid, device.password)["Authorization"]


def test_too_many_chosen(world, prosody):
    """A form that names one file a thousand times is one change, behind which everybody's wait."""
    world.daemon(prosody)
    romeo = world.person(ROMEO)
    assert romeo.put("/a").status_code == 201
    command = Command(romeo, "files-share")
    with pytest.raises(Refused) as refused:
        command.submit(jids=[JULIET], urls=["/a"] * 201)
    assert refused.value.condition == "bad-request" and "too many" in refused.value.text
    assert command.submit(jids=[JULIET], urls=["/a"] * 200).note == "Shared: 200."
    command = Command(romeo, "files-share")
    with pytest.raises(Refused) as refused:
        command.submit(jids=[f"{n}@capulet.localhost" for n in range(200)], urls=["/a"] * 150)
    assert refused.value.condition == "bad-request" and "too long" in refused.value.text
    assert Command(romeo, "files").fields[romeo.daemon.base + "/a"][2] == f"shared with {JULIET}", "nothing of it is kept"


# ---- calls of commands ----

def execute(node, session=None, form=""):
    session = f" sessionid='{session}'" if session else ""
    return f"<command xmlns='{COMMANDS}' node='{node}' action='execute'{session}>{form}</command>"


def session_of(answer):
    return answer.find(f"{{{COMMANDS}}}command").get("sessionid")


def test_strangers_leave_room(world, scripted):
    """A server has as many JIDs as it wants: what they have called and not ended keeps nobody else from calling."""
    world.daemon(scripted)
    juliet = f"{JULIET}/x"
    for n in range(600):
        assert scripted.ask(f"{n}@evil.example/x", "set", execute("files-delete")).get("type") == "result"
    romeo = scripted.ask(f"{ROMEO}/x", "set", execute("files-delete"))
    assert romeo.get("type") == "result"
    assert scripted.ask(juliet, "set", execute("files-delete")).get("type") == "result"
    for n in range(600):
        scripted.ask(f"{n}@evil.example/x", "set", execute("files-delete"))
    form = f"<x xmlns='{DATA}' type='submit'><field var='urls'><value>/nothing</value></field></x>"
    answer = scripted.ask(f"{ROMEO}/x", "set", execute("files-delete", session_of(romeo), form))
    assert answer.find("{jabber:component:accept}error/{urn:ietf:params:xml:ns:xmpp-stanzas}item-not-found") is not None


def test_forms_that_are_refused(world, scripted, monkeypatch):
    """Whoever fills in one form wrongly again and again costs no more memory than once."""
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1")
    daemon = world.daemon(scripted)
    juliet = f"{JULIET}/x"
    session = session_of(scripted.ask(juliet, "set", execute("files-delete")))
    values = "".join(f"<value>/{'x' * 300}{n}</value>" for n in range(180))
    form = f"<x xmlns='{DATA}' type='submit'><field var='urls'>{values}</field></x>"

    def refuse(times):
        for _ in range(times):
            assert scripted.ask(juliet, "set", execute("files-delete", session, form)).get("type") == "error"
    refuse(100)
    before = rss(daemon)
    refuse(1000)
    assert rss(daemon) - before < 20000, "KiB"


def test_shutdown_in_a_flood(world, scripted):
    """What strangers go on asking does not keep the daemon from ending."""
    daemon = world.daemon(scripted)
    over = threading.Event()

    def flood():
        n = 0
        while not over.is_set():
            n += 1
            try:
                scripted.send("".join(
                    f"<iq type='set' from='{n}-{i}@evil.example/x' to='{DOMAIN}' id='{n}-{i}'>{execute('account')}</iq>"
                    for i in range(50)))
            except OSError:
                return
    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    with scripted.changed:
        assert scripted.changed.wait_for(lambda: len(scripted.stanzas) > 1000, 20)
    try:
        daemon.stop()
    finally:
        over.set()
        thread.join(10)
