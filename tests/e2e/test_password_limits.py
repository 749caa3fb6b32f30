"""Wrong app passwords: who guesses is told to wait, and the owner is never locked out (RULES, "Identity and confirms")."""

import pytest
import requests

from digest import challenges, digest
from passwords import Device, device
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
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "WWW-Authenticate" not in answer.headers
    return True


def test_pair(daemon):
    """Ten wrong ones a minute for an account and an address; above it 429. The right one is let in whatever was wrong before."""
    home = Device(daemon, ROMEO, mint(daemon, ROMEO))
    guess = home.at("192.0.2.1", WRONG)
    assert guesses(guess, 10) == [401] * 10
    assert is_limited(guess.ask("GET", "/")) and is_limited(guess.ask("PUT", "/a", b"x"))
    assert guess.status("OPTIONS", "/") == 200
    assert home.at("192.0.2.1").status("GET", "/") == 200, "also from where it is guessed at, and for the first time there"
    assert home.at("192.0.2.2", WRONG).status("GET", "/") == 401, "another address is another pair"
    assert is_limited(guess.ask("GET", "/")), "a right one begins nothing anew"
    daemon.wait_for("level=audit event=password-wrong address=192.0.2.1 jid=romeo@localhost", 14)
    assert WRONG[3:] not in daemon.log() and home.password[3:] not in daemon.log()


def test_a_subscriber(daemon):
    """Of IPv6 a /64 counts as one address."""
    home = Device(daemon, ROMEO, mint(daemon, ROMEO))
    for n in range(10):
        assert home.at(f"2001:db8:0:1::{n}", WRONG).status("GET", "/") == 401
    assert is_limited(home.at("2001:db8:0:1:ffff::1", WRONG).ask("GET", "/"))
    assert home.at("2001:db8:0:2::1", WRONG).status("GET", "/") == 401
    assert home.at("2001:db8:0:1:ffff::1").status("GET", "/") == 200


def test_address(world, prosody):
    """Many accounts from one address, each a few times."""
    daemon = world.daemon(prosody, trusted_proxies="127.0.0.1", wrong_passwords=None, wrong_passwords_per_address="20")
    home = Device(daemon, ROMEO, mint(daemon, ROMEO))
    for n in range(20):
        assert Device(daemon, f"guest{n}@localhost", WRONG, "192.0.2.1").status("GET", "/") == 401
    assert is_limited(Device(daemon, "guest99@localhost", WRONG, "192.0.2.1").ask("GET", "/"))
    assert is_limited(home.at("192.0.2.1", WRONG).ask("GET", "/"))
    assert home.at("192.0.2.1").status("GET", "/") == 200
    assert home.at("192.0.2.2", WRONG).status("GET", "/") == 401


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
    assert [by_digest(few, ROMEO, "a word").status_code for _ in range(3)] == [403] * 3
    assert len(romeo.prompts) == 13
    assert is_limited(by_digest(few, ROMEO, "a word"))
    assert is_limited(Device(few, ROMEO, WRONG, "192.0.2.1").ask("GET", "/")), "both schemes count together"
    assert len(romeo.prompts) == 13
    assert by_digest(few, ROMEO, password).status_code == 200
    assert [by_digest(few, ROMEO, "a word", "192.0.2.2").status_code for _ in range(3)] == [403] * 3


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
