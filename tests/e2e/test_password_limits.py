"""Wrong app passwords: who guesses is slowed down, and the owner is never locked out (RULES, "Identity and confirms")."""

import pytest
import requests

from digest import challenges, digest
from passwords import Device, device
from servers import wait_until
from test_passwords import mint

ROMEO, BENVOLIO, JULIET = "romeo@localhost", "benvolio@localhost", "juliet@capulet.localhost"
WRONG = "mv-" + "b" * 26


@pytest.fixture
def daemon(world, prosody):
    """As it is set by default, and behind a proxy that says for whom it asks."""
    return world.daemon(prosody, trusted_proxies="127.0.0.1", wrong_passwords=None, wrong_passwords_per_address=None)


def guesses(guess, count):
    return [guess.status("GET", "/") for _ in range(count)]


def is_limited(answer):
    assert answer.status_code == 429 and "app password" in answer.text
    assert 1 <= int(answer.headers["Retry-After"]) <= 6
    assert "WWW-Authenticate" not in answer.headers
    return True


def test_pair(daemon):
    """Ten a minute for an account and an address; above it one every six seconds is looked at, and no other."""
    home = Device(daemon, ROMEO, mint(daemon, ROMEO))
    guess = home.at("192.0.2.1", WRONG)
    assert guesses(guess, 11) == [401] * 11
    assert is_limited(guess.ask("GET", "/")) and is_limited(home.at("192.0.2.1").ask("GET", "/"))
    assert guess.status("OPTIONS", "/") == 200
    assert home.at("192.0.2.2").status("GET", "/") == 200, "from another address the owner is in at once"
    assert home.status("GET", "/") == 200
    wait_until(lambda: home.at("192.0.2.1").status("GET", "/") == 200, "slowed, not locked", 10)
    assert guesses(guess, 20) == [401] * 20, "this pair is known now"
    daemon.wait_for("event=password-wrong jid=romeo@localhost address=192.0.2.1", 31)
    assert WRONG[3:] not in daemon.log() and home.password[3:] not in daemon.log()


def test_known_pair(daemon):
    """The owner's machine stays in, whatever else goes wrong there."""
    home = Device(daemon, ROMEO, mint(daemon, ROMEO), "192.0.2.1")
    assert home.status("GET", "/") == 200
    assert guesses(home.at("192.0.2.1", WRONG), 70) == [401] * 70
    assert home.status("GET", "/") == 200
    other = Device(daemon, BENVOLIO, mint(daemon, BENVOLIO), "192.0.2.1")
    assert other.status("GET", "/") == 200, "one is looked at"
    assert guesses(Device(daemon, JULIET, WRONG, "192.0.2.1"), 1) == [429]


def test_a_subscriber(daemon):
    """Of IPv6 a /64 counts as one address."""
    home = Device(daemon, ROMEO, mint(daemon, ROMEO))
    for n in range(11):
        assert home.at(f"2001:db8:0:1::{n}", WRONG).status("GET", "/") == 401
    assert is_limited(home.at("2001:db8:0:1:ffff::1").ask("GET", "/"))
    assert home.at("2001:db8:0:2::1").status("GET", "/") == 200


def test_address(world, prosody):
    """Many accounts from one address, each a few times."""
    daemon = world.daemon(prosody, trusted_proxies="127.0.0.1", wrong_passwords=None, wrong_passwords_per_address="20")
    home = Device(daemon, ROMEO, mint(daemon, ROMEO))
    for n in range(21):
        assert Device(daemon, f"guest{n}@localhost", WRONG, "192.0.2.1").status("GET", "/") == 401
    assert is_limited(Device(daemon, "guest99@localhost", WRONG, "192.0.2.1").ask("GET", "/"))
    assert is_limited(home.at("192.0.2.1").ask("GET", "/"))
    assert home.at("192.0.2.2").status("GET", "/") == 200


def test_off(world, prosody):
    daemon = world.daemon(prosody, wrong_passwords="0", wrong_passwords_per_address="0")
    home = Device(daemon, ROMEO, mint(daemon, ROMEO))
    assert guesses(Device(daemon, ROMEO, WRONG), 100) == [401] * 100
    assert home.status("GET", "/") == 200


@pytest.fixture
def few(world, prosody):
    return world.daemon(prosody, trusted_proxies="127.0.0.1", wrong_passwords="3", wrong_passwords_per_address=None)


def by_digest(daemon, jid, password, address="192.0.2.1"):
    field = {"X-Forwarded-For": address}
    challenge = challenges(requests.get(daemon.base + "/", headers=field, timeout=20))["SHA-256"]
    field["Authorization"] = digest(challenge, "GET", "/", jid, password)
    return requests.get(daemon.base + "/", headers=field, timeout=20)


def test_digest(world, few):
    """A response that no app password made is a claim, as ever, and counts as a guess until the person has said yes."""
    romeo = world.person(ROMEO)
    password = mint(few, ROMEO)
    assert [by_digest(few, ROMEO, "a word").status_code for _ in range(10)] == [200] * 10
    assert len(romeo.prompts) == 10
    romeo.answers = "no"
    assert [by_digest(few, ROMEO, "a word").status_code for _ in range(4)] == [403] * 4
    assert len(romeo.prompts) == 14
    assert is_limited(by_digest(few, ROMEO, "a word")) and is_limited(by_digest(few, ROMEO, password))
    assert is_limited(Device(few, ROMEO, password, "192.0.2.1").ask("GET", "/")), "both schemes count together"
    assert len(romeo.prompts) == 14
    assert by_digest(few, ROMEO, password, "192.0.2.2").status_code == 200
    assert [by_digest(few, ROMEO, "a word", "192.0.2.2").status_code for _ in range(5)] == [403] * 5
    assert by_digest(few, ROMEO, password, "192.0.2.2").status_code == 200


def test_digest_without_app_passwords(world, few):
    """There is nothing to guess: prompts have limits of their own."""
    romeo = world.person(ROMEO)
    romeo.answers = "no"
    assert [by_digest(few, ROMEO, "a word").status_code for _ in range(8)] == [403] * 8
    assert len(romeo.prompts) == 8


def test_right_ones_do_not_count(world, few):
    romeo = world.person(ROMEO)
    phone = device(romeo)
    assert guesses(phone, 30) == [200] * 30
