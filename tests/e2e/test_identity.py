"""One person, many spellings: what the server takes for the same account is the same principal here."""

import base64

import pytest
import requests

from daemon import basic, new_id
from digest import schemes

# Spelled so in the claim; the account that Prosody delivers the prompt to.
SPELLINGS = [
    ("ROMEO@LOCALHOST/home", "romeo@localhost"),
    ("Romeo@LocalHost/home", "romeo@localhost"),
    ("J\u00dcRGEN@localhost/home", "j\u00fcrgen@localhost"),
    ("ju\u0308rgen@localhost/home", "j\u00fcrgen@localhost"),
    ("stra\u00dfe@localhost/home", "strasse@localhost"),
    ("STRASSE@localhost/home", "strasse@localhost"),
    ("\uff52omeo@localhost/home", "romeo@localhost"),
]


@pytest.mark.parametrize("spelling,account", SPELLINGS)
def test_spellings(world, prosody, spelling, account):
    """The prompt reaches that account, and what it makes is that account's."""
    world.daemon(prosody)
    person = world.person(account)
    assert person.put("/mine", b"x", jid=spelling).status_code == 201
    assert len(person.prompts) == 1
    body = b"<propfind xmlns='DAV:'><prop><owner/></prop></propfind>"
    assert person.propfind("/mine", body).status_code == 207
    assert person.put("/mine", b"y", new=False).status_code == 204
    assert person.put("/mine", b"z", new=False, jid=spelling).status_code == 204


@pytest.mark.parametrize("spelling,account", SPELLINGS)
def test_spellings_on_the_list(world, prosody, spelling, account):
    world.daemon(prosody)
    owner, reader = world.person("mercutio@localhost"), world.person(account)
    assert owner.put("/f", b"x").status_code == 201
    owner.share("/f", [spelling])
    assert reader.get("/f").status_code == 200
    assert reader.get("/f", jid=f"{account}/Home").status_code == 403
    owner.share("/f", [spelling.split("/")[0]])
    assert reader.get("/f", jid=account).status_code == 200


@pytest.mark.parametrize("jid", ["", ":", "@localhost", "romeo@", "romeo@localhost/", "ro meo@localhost", "a@b@c",
                                 "romeo@localhost/\n", "romeo@localhost/\u202e", "\"romeo\"@localhost", "romeo@local host"])
def test_no_jids(world, prosody, jid):
    daemon = world.daemon(prosody)
    answer = requests.get(daemon.base + "/a", headers=basic(jid, new_id()), timeout=10)
    assert answer.status_code == 401 and schemes(answer) == ["Digest", "Digest", "Basic"]


def test_forms_of_basic(world, prosody):
    """Colons in a resourcepart and in an identifier; percent-encoding of what is not ASCII, and of nothing else."""
    world.daemon(prosody)
    romeo = world.person("romeo@localhost", "a:b")
    assert romeo.request("HEAD", "/x", id="plain-id").status_code == 404
    assert (romeo.prompts[-1].id, romeo.prompts[-1].kind) == ("plain-id", "iq")
    assert romeo.request("HEAD", "/x", jid="romeo@localhost", id="with:colon").status_code == 404
    assert romeo.prompts[-1].id == "with:colon"
    jürgen = world.person("jürgen@localhost")
    assert jürgen.request("HEAD", "/x", jid="j%C3%BCrgen@localhost/home", id="%41%C3%A9").status_code == 404
    assert jürgen.prompts[-1].id == "%41é"


def test_no_identifier(world, prosody):
    """XEP-0129's own listings have a JID alone: the identifier is ours then, and each time another."""
    world.daemon(prosody)
    romeo = world.person("romeo@localhost")
    for _ in range(2):
        answer = requests.request("HEAD", romeo.daemon.base + "/x", headers=basic(romeo.full), timeout=10)
        assert answer.status_code == 404
    assert len({prompt.id for prompt in romeo.prompts}) == 2
    assert all(len(prompt.id) >= 16 for prompt in romeo.prompts)


@pytest.mark.parametrize("value", [
    "Basic", "Basic ", "Basic !!!", "Basic cm9tZW8", "Bearer abc", "Digest username=\"romeo@localhost\"", "romeo",
    "Basic " + base64.b64encode(b"romeo@localhost:\xff\xfe").decode(),
    "Basic " + base64.b64encode(b"romeo@localhost:a\0b").decode(),
    "Basic " + base64.b64encode(b"romeo@localhost:mv-abcdefghijklmnopqrstuvwxyz").decode(),
])
def test_other_credentials(world, prosody, value):
    """Not ours, broken, or an app password's form, which is never shown in a prompt: 401 with the challenge."""
    daemon = world.daemon(prosody)
    romeo = world.person("romeo@localhost")
    for method in ("GET", "PUT", "PROPFIND", "DELETE"):
        answer = requests.request(method, daemon.base + "/a", headers={"Authorization": value}, timeout=10)
        assert answer.status_code == 401 and schemes(answer) == ["Digest", "Digest", "Basic"]
    assert romeo.prompts == []
    assert "mv-abcdef" not in daemon.log()


def test_nothing_secret_is_logged(world, prosody):
    daemon = world.daemon(prosody)
    romeo = world.person("romeo@localhost")
    id = new_id()
    assert romeo.put("/a", b"x", id=id).status_code == 201
    assert romeo.get("/a", id=id).status_code == 200
    log = daemon.log()
    assert "method=PUT" in log and "jid=romeo@localhost" in log
    assert id not in log and "the-component-secret" not in log
