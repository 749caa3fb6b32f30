"""
No secret in a log (DESIGN, 6; RULES, "Identity and confirms"): a run through everything that takes one, each secret unlike anything else; then all
that the run left is searched for it: the log in each form, /proc, the store, the folder that the daemon ran in, what the kernel would dump.
"""

import glob
import os
import re
import signal
import socket
import ssl

import pytest
import requests

from adhoc import Command
from daemon import SECTION_OF, Daemon, basic, new_id
from digest import challenges, digest
from passwords import made
from person import Later
from servers import SECRET, free_port, make_certificate
from slots import Slot
from test_passwords import mint

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"
LOGS = [{}] + [{"log_format": form, "log_level": "debug"} for form in ("text", "json") if "log_format" in SECTION_OF]


class Run:
    """Everything that a secret is needed for; `secrets` holds each with the name to say."""

    def __init__(self, world, server, directory, **settings):
        make_certificate(directory)
        with open(f"{directory}/component", "w") as f:
            f.write(SECRET + "\n")
        port = free_port()
        self.certificate = f"{directory}/cert.pem"
        self.daemon = Daemon(directory / "missived", server.component, port=port, base_url=f"https://127.0.0.1:{port}",
                             tls_cert=self.certificate, tls_key=f"{directory}/key.pem", secret=None, **settings)
        self.daemon.settings["xmpp"]["secret-file"] = f"{directory}/component"
        world.daemons.append(self.daemon)
        world.server = server
        self.secrets = {"the component's secret": SECRET}
        with open(f"{directory}/key.pem") as f:
            for i, line in enumerate(line.strip() for line in f if "-----" not in line):
                self.secrets[f"line {i} of the TLS key"] = line
        self.world, self.number = world, 0

    def secret(self, what, value=None):
        """A new one, or one that somebody else has made."""
        self.number += 1
        value = value or f"hush-{self.number}-{new_id()}"
        self.secrets[f"{self.number}: {what}"] = value
        return value

    def start(self, *before):
        self.daemon.start(before=before)
        self.romeo, self.juliet = self.world.person(ROMEO), self.world.person(JULIET)

    def identifiers(self):
        """Transaction identifiers, and words that were taken for such, in each way to end."""
        romeo, juliet = self.romeo, self.juliet
        assert romeo.put("/a", b"x" * 100000, id=self.secret("identifier of a PUT")).status_code == 201
        romeo.share("/a", [JULIET], id=self.secret("identifier of a PROPPATCH"))
        assert juliet.get("/a", id=self.secret("identifier of a GET")).status_code == 200
        assert juliet.put("/a", id=self.secret("identifier without a right")).status_code == 403
        for answers, status in (("no", 403), ("nothing", 403)):
            juliet.answers = answers
            assert juliet.get("/a", id=self.secret(f"identifier with {answers} for an answer")).status_code == status
        twice = self.secret("identifier of two requests at once")
        pair = [Later(lambda: juliet.get("/a", id=twice)) for _ in range(2)]
        assert sorted(one.result().status_code for one in pair) == [403, 429]
        juliet.answers = "yes"
        bare = self.secret("identifier of a bare JID")
        assert juliet.request("GET", "/a", jid=JULIET, id=bare).status_code == 200
        for odd in ("nobody@127.0.0.1:99", "@", "no jid at all"):
            assert juliet.request("GET", "/a", jid=odd, id=self.secret(f"word of {odd}")).status_code in (401, 403)

    def passwords(self):
        romeo = self.romeo
        minted = self.secret("password that the operator minted", mint(self.daemon, ROMEO))
        own = self.secret("password that romeo made", made(romeo)["password"])
        wrong = self.secret("password that is another's", mint(self.daemon, "benvolio@localhost"))
        mistyped = self.secret("password that is mistyped", minted[:-1] + ("a" if minted[-1] != "a" else "b"))
        for password, status in ((minted, 200), (own, 200), (wrong, 401), (mistyped, 401)):
            assert self.ask("GET", "/a", basic(ROMEO, password)).status_code == status
            for algorithm in ("MD5", "SHA-256"):
                challenge = challenges(self.ask("GET", "/a"))[algorithm]
                cnonce = self.secret(f"cnonce of {algorithm}")
                field = digest(challenge, "GET", "/a", ROMEO, password, cnonce=cnonce)
                self.secret(f"answer of {algorithm}", re.search('response="(.*?)"', field)[1])
                romeo.answers = "no"
                assert self.ask("GET", "/a", {"Authorization": field}).status_code == (200 if status == 200 else 403)
        romeo.answers = "yes"
        assert Command(romeo, "password-list").status in ("executing", "completed")

    def tokens(self):
        slot = Slot(self.romeo)
        self.secret("token of a slot", slot.token)
        wrong = self.secret("token that is none", slot.token[:-2] + slot.token[:2])
        assert self.ask("PUT", slot.path, {"Authorization": f"Bearer {wrong}"}, b"hello").status_code == 401
        assert slot.put(b"not what was announced").status_code != 201
        assert slot.put(b"hello").status_code == 201
        assert slot.put(b"hello").status_code in (401, 403)

    def garbage(self):
        """What is refused before it is understood."""
        for line, field, status in [
                ("GET /a?{s} HTTP/1.1", "X: y", 400), ("GET /a HTTP/1.1", "Authorization: {s}", 401),
                ("GET /a HTTP/1.1", "Authorization: Basic {s}", 401), ("GET /a HTTP/1.1", "Authorization: Negotiate {s}", 401),
                ("GET /a HTTP/1.1", "Authorization: Digest username=\"{s}\", response={s}", 401),
                ("GET /a HTTP/1.1", "Authorization: Bearer {s}\r\nAuthorization: Bearer {s}", 400),
                ("GET /a HTTP/1.1", "Cookie: {s}", 401), ("GET /a HTTP/1.1", "Authorization : Basic {s}", 400),
                ("GET /a HTTP/1.1", "Lock-Token: <urn:{s}>\r\nIf: (<urn:{s}>)", 401)]:
            secret = self.secret(f"{line} with {field}")
            context = ssl.create_default_context(cafile=self.certificate)
            with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=20) as plain, \
                    context.wrap_socket(plain, server_hostname="127.0.0.1") as s:
                s.sendall(f"{line}\r\nHost: 127.0.0.1:{self.daemon.port}\r\n{field}\r\nConnection: close\r\n\r\n".format(s=secret).encode())
                assert s.recv(100).startswith(f"HTTP/1.1 {status} ".encode()), (line, field)

    def operating(self):
        """Certificates are read again, and then cannot be."""
        self.daemon.process.send_signal(signal.SIGHUP)
        self.daemon.wait_for("event.*reloaded")
        with open(self.daemon.settings["http"]["tls-key"], "a") as f:
            f.seek(0), f.truncate(), f.write("-----BEGIN PRIVATE KEY-----\n" + self.secret("key that is broken") + "\n")
        self.daemon.process.send_signal(signal.SIGHUP)
        self.daemon.wait_for("event.*reload-failed")

    def everything(self):
        self.start()
        self.identifiers()
        self.passwords()
        self.tokens()
        self.garbage()
        self.operating()

    def ask(self, method, path, headers=None, body=None):
        return requests.request(method, self.daemon.base + path, data=body, headers=headers, timeout=20)

    def found_in(self, where, data):
        return [f"{what} ({value}) is in {where}" for what, value in self.secrets.items() if value.encode() in data]


@pytest.fixture
def prepare(world, prosody, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", f"{tmp_path}/cert.pem")
    return lambda **settings: Run(world, prosody, tmp_path, confirm_timeout="2s", **settings)


def read(path):
    with open(path, "rb") as f:
        return f.read()


@pytest.mark.parametrize("settings", LOGS, ids=lambda settings: "-".join(settings.values()) or "standard")
def test_nothing_secret_is_left(prepare, settings):
    run = prepare(**settings)
    run.everything()
    assert len(run.secrets) > 40
    daemon = run.daemon
    daemon.wait_for("GET", 20)
    found = []
    for name in ("cmdline", "environ", "comm", "status"):
        found += run.found_in(name, read(f"/proc/{daemon.process.pid}/{name}"))
    for task in glob.glob(f"/proc/{daemon.process.pid}/task/*/comm"):
        found += run.found_in(task, read(task))
    stored = [f"{root}/{name}" for root, _, names in os.walk(daemon.store) for name in names]
    assert any(path.endswith("-wal") for path in stored) and len(stored) > 3
    for path in stored:
        found += run.found_in(path, read(path))
    daemon.stop()
    for path in [f"{root}/{name}" for root, _, names in os.walk(daemon.directory) for name in names]:
        found += run.found_in(path, read(path))
    found += run.found_in("the log", daemon.log().encode())
    assert not found, "\n".join(found)


def test_a_secret_would_be_found(prepare):
    """The same search finds what is said in clear."""
    run = prepare()
    secret = run.secret("word")
    run.start()
    assert run.romeo.get(f"/{secret}").status_code == 404
    run.daemon.wait_for(secret)
    run.romeo.put("/b", secret.encode())
    found = run.found_in("the log", run.daemon.log().encode())
    for path in glob.glob(f"{run.daemon.store}/missive.db*"):
        found += run.found_in(path, read(path))
    assert len(found) >= 2, found


def dumped(run, directory):
    """What the kernel writes into the folder where the daemon runs, when it must end at once and whoever started it wants to have it."""
    os.makedirs(directory)
    os.chmod(directory, 0o777)
    run.start("prlimit", "--core=unlimited", "env", "-C", str(directory), "ASAN_OPTIONS=disable_coredump=0",
              "TSAN_OPTIONS=disable_coredump=0")
    secret = run.secret("identifier")
    assert run.romeo.put("/a", id=secret).status_code == 201
    process, run.daemon.process = run.daemon.process, None
    process.send_signal(signal.SIGABRT)
    assert process.wait(60) == -signal.SIGABRT
    return [data for data in (read(path) for path in glob.glob(f"{directory}/*")) if run.found_in("core", data)], os.listdir(directory)


def test_no_core(prepare, tmp_path):
    with open("/proc/sys/kernel/core_pattern") as f:
        assert not f.read().startswith("|"), "the kernel hands cores to a program: this test would see none"
    assert dumped(prepare(), tmp_path / "run") == ([], [])


def test_a_core_would_be_seen(prepare, tmp_path):
    """Without the fence there is one, and the secrets are in it."""
    run = prepare()
    run.daemon.settings["system"]["fence"] = "no"
    cores, files = dumped(run, tmp_path / "run")
    assert len(cores) == len(files) == 1


