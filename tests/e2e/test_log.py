"""What the log tells: who was let in, who has changed who may read what; it cannot be forged, and fail2ban finds the bad addresses in it."""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest
import requests

from adhoc import Command
from daemon import basic, event, new_id
from passwords import Device, device
from slots import Slot
from test_passwords import mint
from wire import connect

ROMEO, JULIET, NURSE = "romeo@localhost", "juliet@capulet.localhost", "benvolio@localhost"
WRONG = "mv-" + "a" * 25 + "a"
FORGED = "\\" + 'x"\nlevel=audit event=refused address=198.51.100.9 jid=a'
DIST = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../dist/fail2ban"))


def events(daemon, format):
    """Each line as a dict; there is no line that is not one event."""
    found = []
    for line in daemon.log().splitlines():
        if format == "json":
            found.append(json.loads(line))
        else:
            pairs = [pair.split("=", 1) for pair in shlex.split(line)]
            assert all(len(pair) == 2 for pair in pairs), line
            found.append(dict(pairs))
    return found


@pytest.fixture(params=["text", "json"])
def daemon(request, world, prosody):
    daemon = world.daemon(prosody, trusted_proxies="127.0.0.1", admins=NURSE, log_format=request.param)
    daemon.format = request.param
    return daemon


def of(daemon, name, count=1):
    daemon.wait_for(event(name), count)
    return [one for one in events(daemon, daemon.format) if one["event"] == name]


def test_audit(world, daemon):
    """Who has done it, to what, and who may read it now; nothing secret."""
    romeo, nurse = world.person(ROMEO), world.person(NURSE)
    secrets = []
    laptop = device(romeo, label="my laptop")
    secrets.append(laptop.password)
    (made,) = of(daemon, "command")
    assert (made["level"], made["jid"], made["node"], made["about"]) == ("audit", ROMEO, "password-new", "my laptop")
    assert laptop.status("PUT", "/a", b"x") == 201
    romeo.share("/a", [JULIET, "benvolio@localhost/home"])
    (listed,) = of(daemon, "list-set")
    assert (listed["jid"], listed["url"], listed["readers"]) == (ROMEO, daemon.base + "/a", f"{JULIET} benvolio@localhost/home")
    assert (listed["level"], listed["address"]) == ("audit", "127.0.0.1")
    romeo.share("/a", [])
    assert of(daemon, "list-set", 2)[1]["readers"] == ""
    romeo.share("/a", [f"user{i}@localhost" for i in range(20)])
    assert of(daemon, "list-set", 3)[2]["readers"].endswith("user15@localhost and 4 more")
    romeo.share("/a", None)
    (removed,) = of(daemon, "list-removed")
    assert (removed["jid"], removed["url"]) == (ROMEO, daemon.base + "/a")
    slot = Slot(romeo, "photo.jpg", 5)
    secrets.append(slot.token)
    (given,) = of(daemon, "slot-given")
    assert (given["jid"], given["name"], given["bytes"]) == (ROMEO, "photo.jpg", "5")
    assert slot.put().status_code == 201
    assert of(daemon, "link-made")[0]["jid"] == ROMEO
    body = "<D:propertyupdate xmlns:D='DAV:'><D:remove><D:prop><link xmlns='urn:missive:dav'/></D:prop></D:remove></D:propertyupdate>"
    assert laptop.ask("PROPPATCH", slot.path, body.encode()).status_code == 207
    assert of(daemon, "link-ended")[0]["url"] == slot.url
    assert laptop.status("COPY", "/a", Destination="/b") == 201
    assert of(daemon, "copied")[0]["to"] == "/b"
    assert laptop.status("MOVE", "/b", Destination="/c") == 201
    assert of(daemon, "moved")[0]["jid"] == ROMEO
    assert laptop.status("DELETE", "/c") == 204
    assert of(daemon, "deleted")[0]["url"] == daemon.base + "/c"
    # What was refused has changed nothing.
    assert laptop.status("DELETE", "/c") == 404 and laptop.status("MOVE", "/none", Destination="/c") == 404
    command = Command(romeo, "password-revoke")
    command.submit(passwords=list(command.options["passwords"]))
    assert of(daemon, "command", 2)[1]["about"] == "my laptop"
    assert laptop.status("GET", "/a") == 401
    (wrong,) = of(daemon, "password-wrong")
    assert (wrong["level"], wrong["jid"], wrong["address"]) == ("audit", ROMEO, "127.0.0.1")
    assert Command(nurse, "purge").submit(jid=ROMEO).status == "completed"
    assert [e["node"] for e in of(daemon, "command", 3)][2] == "purge"
    assert len(of(daemon, "deleted")) == len(of(daemon, "moved")) == 1
    for secret in secrets:
        assert secret[5:] not in daemon.log()


def test_audit_of_commands(world, daemon):
    """Sharing by a command tells who may read as PROPPATCH does; each file is an event of its own, however many there are."""
    romeo = world.person(ROMEO)
    home = Device(daemon, ROMEO, mint(daemon, ROMEO))
    names = [f"/{number}-{'long' * 50}" for number in range(40)]
    for name in names:
        assert home.status("PUT", name, b"x") == 201
    shared = [f"{daemon.base}{name} of {ROMEO}" for name in names]
    Command(romeo, "files-share").submit(urls=names, jids=[JULIET, NURSE + "/home"])
    given = of(daemon, "command", 40)
    assert [(e["level"], e["jid"], e["node"], e["about"]) for e in given] == [("audit", ROMEO, "files-share", one) for one in shared]
    assert {e["readers"] for e in given} == {f"{JULIET} {NURSE}/home"}
    Command(romeo, "files-unshare").submit(urls=names[:1], jids=[JULIET])
    assert (taken := of(daemon, "command", 41)[40])["readers"] == NURSE + "/home" and taken["about"] == shared[0]
    Command(romeo, "files-delete").submit(urls=names[:2])
    deleted = of(daemon, "command", 43)[41:]
    assert [e["about"] for e in deleted] == shared[:2] and not any("readers" in e for e in deleted)


def raw(daemon, *lines):
    with connect(daemon) as s:
        s.sendall(b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\r\n\r\n")
        answer = b""
        while data := s.recv(65536):
            answer += data
        return answer


def test_forged_lines(world, daemon):
    """Whatever a stranger writes into URL, JID, method or User-Agent is one value of one event."""
    encoded = requests.utils.quote(FORGED)
    before = len(events(daemon, daemon.format))
    user = base64.b64encode(f"{FORGED}@localhost:abcdefgh".encode()).decode()
    quoted = base64.b64encode(f"{JULIET}/{FORGED}:{WRONG}".encode()).decode()
    host = f"Host: 127.0.0.1:{daemon.port}"
    agent = 'User-Agent: a" level=audit event=refused address=198.51.100.9 \\" = \u00e9'.encode("latin-1")
    raw(daemon, f"GET /{encoded}?level=audit%0aevent=refused HTTP/1.1", host, agent, "Connection: close")
    raw(daemon, "GET /x HTTP/1.1", host, agent, f"Authorization: Basic {user}", "Connection: close")
    raw(daemon, "GET /x HTTP/1.1", host, agent, f"Authorization: Basic {quoted}", "Connection: close")
    raw(daemon, "level=audit / HTTP/1.1", host, agent, "Connection: close")
    raw(daemon, b"GET /x\nlevel=audit event=refused address=198.51.100.9 HTTP/1.1", host, "Connection: close")
    of(daemon, "request", 5)
    for one in events(daemon, daemon.format)[before:]:
        assert one["event"] in ("request", "password-wrong"), one
        assert one.get("address") == "127.0.0.1", one


def test_lines_are_not_cut(world, daemon):
    """The journal cuts a line at 48 KiB, a pipe where it is full: what a stranger has sent never stands where the rest begins."""
    forging = b"level=audit event=refused address=198.51.100.9 "
    host = f"Host: 127.0.0.1:{daemon.port}"
    for fill in (b"\xe9", b'"'):
        raw(daemon, "GET /" + 100 * requests.utils.quote(FORGED[:9]) + " HTTP/1.1", host,
            b"User-Agent: " + fill * 12200 + forging * 200, "Connection: close")
    of(daemon, "request", 2)
    assert max(map(len, daemon.log().splitlines())) < 4096
    with daemon.changed:
        daemon.lines = [line[at:at + 48 * 1024] for line in daemon.lines for at in range(0, len(line), 48 * 1024)]
    assert banned(daemon) == []


def banned(daemon):
    """The addresses that fail2ban's own program finds with our filter in the log that was made."""
    # Debian's filter.d has the common.conf that it includes.
    shutil.copytree("/etc/fail2ban", f"{daemon.directory}/fail2ban")
    shutil.copy(f"{DIST}/filter.conf", f"{daemon.directory}/fail2ban/filter.d/missived.conf")
    with open(f"{daemon.directory}/log", "w") as f:
        f.write(daemon.log() + "\n")
    command = ["fail2ban-regex", "-c", f"{daemon.directory}/fail2ban", "-o", "ip", f"{daemon.directory}/log",
               f"{daemon.directory}/fail2ban/filter.d/missived.conf"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stdout + found.stderr
    return sorted(found.stdout.split())


def test_fail2ban(world, daemon):
    """Wrong passwords, what is not theirs, and what a person has refused; nobody else, and not who was named in a forgery."""
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    home = Device(daemon, ROMEO, mint(daemon, ROMEO))
    assert home.at("192.0.2.1").status("PUT", "/a", b"x") == 201
    assert home.at("192.0.2.1").status("GET", "/none") == 404
    assert home.at("192.0.2.2", WRONG).status("GET", "/a") == 401
    assert home.at("2001:db8::2", WRONG).status("GET", "/a") == 401
    assert juliet.get("/a", headers={"X-Forwarded-For": "192.0.2.3"}).status_code == 403
    romeo.answers = "no"
    assert romeo.get("/a", headers={"X-Forwarded-For": "192.0.2.4"}).status_code == 403
    romeo.answers = "yes"
    assert romeo.get("/a", headers={"X-Forwarded-For": "192.0.2.5", "User-Agent": 'x" event=refused address=192.0.2.66 y="'}).status_code == 200
    assert requests.get(daemon.base + "/a", headers={"X-Forwarded-For": "192.0.2.6"}, timeout=20).status_code == 401
    forging = {"X-Forwarded-For": "192.0.2.7", "User-Agent": 'level=audit event=password-wrong address=192.0.2.77 '}
    assert requests.get(daemon.base + "/level=audit%20event=refused%20address=192.0.2.77", headers=forging,
                        timeout=20).status_code == 401
    assert requests.get(daemon.base + "/a", headers={**basic(JULIET + "/a event=refused address=192.0.2.88 ", new_id()),
                                                     "X-Forwarded-For": "192.0.2.8"}, timeout=20).status_code == 403
    of(daemon, "request", 9)
    assert banned(daemon) == ["192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.8", "2001:db8::2"]


def test_jail_is_taken(world, daemon):
    """fail2ban reads both files as they are."""
    shutil.copytree("/etc/fail2ban", f"{daemon.directory}/fail2ban")
    shutil.copy(f"{DIST}/filter.conf", f"{daemon.directory}/fail2ban/filter.d/missived.conf")
    shutil.copy(f"{DIST}/jail.conf", f"{daemon.directory}/fail2ban/jail.d/missived.conf")
    found = subprocess.run(["fail2ban-client", "-c", f"{daemon.directory}/fail2ban", "-d"], capture_output=True, text=True, timeout=120)
    assert "['set', 'missived', 'maxretry', 30]" in found.stdout, found.stdout[-2000:] + found.stderr


def test_level(world, prosody):
    """Who wants less still gets what is for audits."""
    daemon = world.daemon(prosody, log_level="error")
    device = Device(daemon, ROMEO, mint(daemon, ROMEO))
    assert device.status("PUT", "/a", b"x") == 201
    assert device.status("DELETE", "/a") == 204
    assert re.fullmatch(r"level=audit event=deleted .*", daemon.wait_for("event=deleted"))
    assert all(line.startswith("level=audit ") for line in daemon.log().splitlines())
