"""XMPP clients that people use: files through upload slots (XEP-0363), an app password by ad-hoc command (XEP-0050)."""

import os
import subprocess

import pytest

from clients import Profanity, go_sendxmpp
from servers import free_port

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"


def encrypted(world, server, **settings):
    """Everybody here trusts the server's certificate, and it is good for the daemon, too."""
    port = free_port()
    return world.daemon(server, port=port, base_url=f"https://127.0.0.1:{port}", tls_cert=server.certificate,
                        tls_key=f"{server.directory}/key.pem", **settings)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "moon & stars.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(300000))
    return path


def test_go_sendxmpp_to_profanity(world, server, client, tmp_path, picture):
    """Romeo's client sends, juliet's shows the URL and fetches it; nobody is asked anything."""
    daemon = encrypted(world, server)
    juliet = client(Profanity, server, JULIET)
    result = go_sendxmpp(server, ROMEO, str(picture), JULIET)
    assert result.returncode == 0, result.stderr
    juliet.save(str(tmp_path / "saved"), ROMEO, "moon")
    assert (tmp_path / "saved").read_bytes() == picture.read_bytes()
    assert "event=confirm" not in daemon.log()


def test_profanity_to_curl(world, server, client, tmp_path, picture):
    """What the message names, in its body and for clients that look for it (XEP-0066), is there for whoever has it."""
    daemon = encrypted(world, server)
    juliet = world.person(JULIET)
    romeo = client(Profanity, server, ROMEO)
    romeo.send_file(picture, JULIET)
    romeo.terminal.wait_for(r"Uploading '.*': 100%")
    message = juliet.wait_for_message(lambda message: message["body"].startswith(daemon.base))
    assert message.xml.findtext("{jabber:x:oob}x/{jabber:x:oob}url") == message["body"]
    said = subprocess.run(["curl", "-sS", "--cacert", server.certificate, "-o", "saved", "-w", "%{http_code} %{content_type}",
                           message["body"]], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said == "200 image/png"
    assert (tmp_path / "saved").read_bytes() == picture.read_bytes()
    assert juliet.prompts == [] and "event=confirm" not in daemon.log()


def test_too_large(world, prosody, client, picture):
    """The reason is what the person reads; nothing is sent to anybody."""
    daemon = encrypted(world, prosody, max_file_size="200K")
    juliet = world.person(JULIET)
    romeo = client(Profanity, prosody, ROMEO)
    romeo.send_file(picture, JULIET)
    romeo.terminal.type("/win 1")
    romeo.terminal.wait_for(r"Uploading '.*' failed for files.localhost: \S+ ")
    result = go_sendxmpp(prosody, ROMEO, str(picture), JULIET)
    assert result.returncode != 0 and "Error while requesting upload slot" in result.stderr
    juliet.sync()
    assert juliet.messages == [] and "method=PUT" not in daemon.log()


def test_not_an_uploader(world, prosody, picture):
    """An account of a domain that may only receive."""
    daemon = encrypted(world, prosody)
    result = go_sendxmpp(prosody, JULIET, str(picture), ROMEO)
    assert result.returncode != 0 and "Error while requesting upload slot" in result.stderr
    assert "method=PUT" not in daemon.log()


@pytest.mark.parametrize("right,said", [("full", "succeeded"), ("read-only", "403 Forbidden")])
def test_app_password(world, server, client, tmp_path, right, said):
    """Made in profanity, read off its screen, and typed into cadaver; it is good for what was chosen."""
    daemon = world.daemon(server)
    romeo = world.person(ROMEO)
    assert romeo.put("/file.txt", b"hello").status_code == 201
    screen = client(Profanity, server, ROMEO)
    assert "password-new" in screen.commands()
    screen.command("password-new", 'field1 "my laptop"', f"field2 {right}")
    password = screen.terminal.wait_for(r"\bmv-[a-z2-7]{26}\b")[0]
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1\nlogin {ROMEO}\npassword {password}\n")

    def cadaver(command):
        return subprocess.run(["cadaver", daemon.base + "/"], cwd=tmp_path, input=f"{command}\nquit\n", text=True,
                              capture_output=True, timeout=60, env={**os.environ, "HOME": str(tmp_path)}).stdout
    assert "file.txt" in cadaver("ls")
    assert "succeeded" in cadaver("get file.txt got.txt")
    assert (tmp_path / "got.txt").read_text() == "hello"
    assert said in cadaver("put got.txt new.txt")
    assert len(romeo.prompts) == 1, "only for what romeo stored without it"
    assert password not in daemon.log()


def test_without_slots(world, prosody, picture):
    """Where we give none, go-sendxmpp does not take us for the service that does."""
    world.daemon(prosody, base_url="http://files.example.org")
    result = go_sendxmpp(prosody, ROMEO, str(picture), JULIET)
    assert result.returncode != 0 and "No http upload component found" in result.stderr
