"""XMPP clients that people use, with a prompt of XEP-0070 in front of them."""

import pytest

from clients import Poezio, Profanity

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"


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
