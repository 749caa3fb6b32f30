"""Ad-hoc commands: who is offered which, and how a call goes."""

import pytest

from adhoc import COMMANDS, Command, Refused, listed

ROMEO, BENVOLIO = "romeo@localhost", "benvolio@localhost"


@pytest.fixture
def romeo(world, server):
    world.daemon(server, quota="1M")
    return world.person(ROMEO)


def test_listed(romeo):
    """XEP-0050, 2: the component says that it has commands, and which."""
    assert "account" in listed(romeo)
    info = romeo.iq("get", "files.localhost", "http://jabber.org/protocol/disco#info", "query")
    assert COMMANDS in [f.get("var") for f in info.iter("{http://jabber.org/protocol/disco#info}feature")]
    query = "<query xmlns='http://jabber.org/protocol/disco#info' node='%s'/>"
    info = romeo.ask("get", query % "account")
    identity = next(info.iter("{http://jabber.org/protocol/disco#info}identity"))
    assert (identity.get("category"), identity.get("type")) == ("automation", "command-node")
    assert romeo.ask("get", query % "no-such-node").get("type") == "error"


def test_account(romeo):
    assert romeo.put("/a", b"12345").status_code == 201
    command = Command(romeo, "account")
    assert command.status == "completed"
    assert command.fields["bytes"] == ["5"] and command.fields["resources"] == ["1"]
    assert command.fields["left"] == [str((1 << 20) - 5)]


@pytest.mark.parametrize("attributes,condition,specific", [
    ("node='no-such-command'", "item-not-found", []),
    ("action='execute'", "bad-request", []),
    ("node='account' sessionid='abc'", "bad-request", ["bad-sessionid"]),
    ("node='account' action='next'", "bad-request", ["bad-sessionid"]),
])
def test_malformed(romeo, attributes, condition, specific):
    answer = romeo.ask("set", f"<command xmlns='{COMMANDS}' {attributes}/>")
    refused = Refused(answer)
    assert (refused.condition, refused.specific) == (condition, specific)
