"""XMPP clients that people use, with a prompt of XEP-0070 in front of them."""

import pytest

from clients import Poezio, Profanity

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"


@pytest.mark.parametrize("yes,status", [(True, 200), (False, 403)])
@pytest.mark.parametrize("kind,asked", [(Profanity, "bare"), (Poezio, "bare"), (Poezio, "full")])
def test_confirm(world, server, client, kind, asked, yes, status):
    """Who answers is the client on the screen: it has the only connection of that account."""
    daemon = world.daemon(server, confirm_timeout="20s")
    romeo, juliet = world.person(ROMEO), world.person(JULIET, kind.resource, online=False)
    assert romeo.put("/a", b"content").status_code == 201
    romeo.share("/a", [JULIET])
    screen = client(kind, server, JULIET)

    waiting = juliet.later("GET", "/a", jid=JULIET if asked == "bare" else juliet.full)
    screen.confirm(daemon.base + "/a", yes)
    answer = waiting.result()
    assert answer.status_code == status
    assert (answer.content == b"content") == yes
    daemon.wait_for(f"event=confirm jid={JULIET} method=GET .* verdict={'yes' if yes else 'no'}$")


def test_commands(world, server, client):
    """Ad-hoc commands in profanity: what there is, a result to read, a form to fill in."""
    daemon = world.daemon(server)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    assert romeo.put("/a", b"content").status_code == 201
    assert juliet.get("/a").status_code == 403
    screen = client(Profanity, server, ROMEO)
    assert {"account", "files", "files-share"} <= set(screen.commands())
    screen.command("account")
    screen.terminal.wait_for(r"Bytes in use: 7$")
    screen.command("files-share", "field1 add /a", f"field3 add {JULIET}")
    screen.terminal.wait_for("! Shared: 1.$")
    assert juliet.get("/a").content == b"content"
    daemon.wait_for(f"event=command jid={ROMEO} node=files-share ")


def test_command_refused(world, prosody, client):
    """The reason is what the person reads, and nothing is shared."""
    world.daemon(prosody)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    assert romeo.put("/a", b"content").status_code == 201
    screen = client(Profanity, prosody, ROMEO)
    screen.command("no-such-command")
    screen.terminal.wait_for("Error executing command no-such-command: ")
    screen.command("files-share", "field1 add /a", "field3 add capulet.localhost")
    screen.terminal.wait_for("Error executing command files-share: ")
    assert juliet.get("/a").status_code == 403
