"""App passwords: DESIGN 2, "Proof"."""

import os
import re
import subprocess

import pytest
import requests

from daemon import MISSIVED, basic
from servers import Prosody

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"


def mint(daemon, *arguments, code=0):
    result = subprocess.run([MISSIVED, "-c", f"{daemon.directory}/missived.conf", "password", *arguments],
                            capture_output=True, text=True, timeout=20)
    assert result.returncode == code, result.stderr
    return result.stdout.strip() if code == 0 else result.stderr


def ask(daemon, method, path, jid, password, body=None, **headers):
    return requests.request(method, daemon.base + path, data=body, headers={**basic(jid, password), **headers}, timeout=20)


def test_basic(world, prosody):
    """It proves an account without anybody being asked; the daemon need not be stopped for it."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    password = mint(daemon, "Romeo@LOCALHOST", "laptop")
    assert re.fullmatch("mv-[a-z2-7]{26}", password)
    assert ask(daemon, "PUT", "/a", ROMEO, password, b"x").status_code == 201
    assert ask(daemon, "GET", "/a", "ROMEO@localhost", password).content == b"x"
    assert ask(daemon, "GET", "/a", ROMEO, password.upper().replace("MV-", "mv-")).status_code == 200
    assert ask(daemon, "DELETE", "/a", ROMEO + "/any", password).status_code == 204
    assert romeo.prompts == []
    another = mint(daemon, ROMEO)
    assert another != password
    for one in (password, another):
        assert ask(daemon, "OPTIONS", "/", ROMEO, one).status_code == 200
    assert password not in daemon.log() and password[3:] not in daemon.log()
    daemon.stop()
    for root, _, names in os.walk(daemon.store):
        for name in names:
            with open(f"{root}/{name}", "rb") as f:
                assert password[3:].encode() not in f.read()


def test_wrong(world, prosody):
    """Wrong, mistyped or somebody else's: 401, and never a prompt that would show it."""
    daemon = world.daemon(prosody)
    romeo, benvolio = world.person(ROMEO), world.person("benvolio@localhost")
    password = mint(daemon, ROMEO)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    mistyped = password[:5] + letters[(letters.index(password[5]) + 1) % 32] + password[6:]
    assert romeo.put("/a", b"x").status_code == 201
    before = len(romeo.prompts)
    for jid, secret in ((ROMEO, mistyped), (ROMEO, "mv-" + "a" * 26), ("benvolio@localhost", password),
                        ("tybalt@capulet.localhost", password)):
        for method in ("GET", "PUT", "PROPFIND"):
            answer = ask(daemon, method, "/a", jid, secret, b"evil" if method == "PUT" else None)
            assert answer.status_code == 401 and "Basic" in answer.headers["WWW-Authenticate"]
        assert ask(daemon, "OPTIONS", "/a", jid, secret).status_code == 200
    assert len(romeo.prompts) == before and benvolio.prompts == []
    assert romeo.get("/a").content == b"x"


def test_full_jid_entries_never_match(world, prosody):
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    password = mint(daemon, JULIET)
    assert romeo.put("/a", b"x").status_code == 201
    romeo.share("/a", [f"{JULIET}/home"])
    assert ask(daemon, "GET", "/a", f"{JULIET}/home", password).status_code == 403
    romeo.share("/a", [JULIET])
    assert ask(daemon, "GET", "/a", f"{JULIET}/home", password).content == b"x"
    assert ask(daemon, "PUT", "/b", JULIET, password, b"x").status_code == 403


def test_without_the_link(world, tmp_path):
    """WebDAV with app passwords goes on while the XMPP server is away."""
    server = Prosody(tmp_path / "own-prosody")
    server.start()
    daemon = world.daemon(server)
    password = mint(daemon, ROMEO)
    server.stop()
    daemon.wait_for("event=xmpp-lost")
    assert ask(daemon, "PUT", "/a", ROMEO, password, b"x").status_code == 201
    assert ask(daemon, "GET", "/a", ROMEO, password).content == b"x"
    assert ask(daemon, "GET", "/a", ROMEO, "some-identifier").status_code == 503


@pytest.mark.parametrize("arguments,reason", [
    (["nobody"], "is no account"),
    (["romeo@localhost/home"], "is no account"),
    (["romeo@localhost", "a\nb"], "label"),
])
def test_refused(world, prosody, arguments, reason):
    assert reason in mint(world.daemon(prosody), *arguments, code=1)


def test_no_store(world, prosody, tmp_path):
    daemon = world.daemon(prosody)
    daemon.stop()
    daemon.settings["store"]["path"] = f"{tmp_path}/absent"
    daemon.write_config()
    assert "missive.db" in mint(daemon, ROMEO, code=1)
    assert not os.path.exists(f"{tmp_path}/absent")


@pytest.mark.parametrize("scheme,hidden", [("Digest SHA-256", []), ("Digest MD5", ["Digest realm=\"xmpp\", qop=\"auth\", algorithm=SHA"]),
                                           ("Basic", ["Digest"])])
def test_litmus_without_a_person(world, prosody, proxied, tmp_path, scheme, hidden):
    """By the scheme that is said, which a proxy sees: neon takes the strongest that it is offered."""
    daemon = world.daemon(prosody, host="127.0.0.1")
    romeo = world.person(ROMEO)
    proxy = proxied(daemon, hidden)
    result = subprocess.run(["litmus", proxy.base + "/", ROMEO, mint(daemon, ROMEO)], cwd=tmp_path, text=True,
                            capture_output=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)})
    assert result.returncode == 0, result.stdout
    assert re.findall(r"of (\d+) tests run: (\d+) passed, 0 failed", result.stdout) == \
        [(n, n) for n in ("16", "13", "30", "41", "4")], result.stdout
    assert not re.search("WARNING|FAIL|SKIP|skipped", result.stdout), result.stdout
    used = proxy.schemes()
    assert set(used) <= {None, scheme} and used.count(scheme) > 150
    assert romeo.prompts == []
