"""How often somebody may be asked, and an address be refused: the daemon's own defaults."""

import re
import subprocess

import pytest
import requests

from daemon import MISSIVED, basic, new_id
from metrics import scrape
from servers import free_port

ROMEO, JULIET, TYBALT = "romeo@localhost", "juliet@capulet.localhost", "tybalt@capulet.localhost"
DEFAULTS = {"prompts_per_pair": None, "prompts_per_address": None, "silence": None, "refusals": None}


def at(address):
    return {"X-Forwarded-For": address}


def set_up(world, prosody, **settings):
    """A file of romeo's that juliet may read; what is said from 192.0.2.1 is romeo's."""
    world.daemon(prosody, trusted_proxies="127.0.0.1", metrics=f"127.0.0.1:{free_port()}", **{**DEFAULTS, **settings})
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    assert romeo.put("/a", b"content", headers=at("192.0.2.1")).status_code == 201
    share(romeo)
    juliet.answers = "nothing"
    return romeo, juliet


def share(romeo):
    body = ("<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>"
            f"<jid>{JULIET}</jid></jidlist></D:prop></D:set></D:propertyupdate>")
    assert romeo.request("PROPPATCH", "/a", body.encode(), headers=at("192.0.2.1")).status_code == 207


def limited(answer, most):
    assert answer.status_code == 429, answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= most
    return int(answer.headers["Retry-After"])


def counts(daemon):
    """By health and by metrics alike."""
    lines = daemon.health().text.splitlines()
    assert lines[0] == "ok"
    health = {name.removeprefix("confirms-"): int(value) for name, value in (line.split() for line in lines[1:])}
    assert {re.findall('"(.*)"', name)[0]: int(value) for name, value in scrape(daemon).items()
            if name.startswith("missive_confirms_total")} == health
    return health


def test_pair(world, prosody):
    """Five a minute without a yes; another address is another pair, and a yes is none of them."""
    _, juliet = set_up(world, prosody)
    waiting = [juliet.later("GET", "/a", headers=at("192.0.2.7")) for _ in range(5)]
    juliet.wait_for_prompt(5)
    assert limited(juliet.get("/a", headers=at("192.0.2.7")), 60) > 30
    assert len(juliet.prompts) == 5
    other = juliet.later("GET", "/a", headers=at("192.0.2.8"))
    juliet.wait_for_prompt(6).yes()
    assert other.result().status_code == 200
    for prompt in juliet.prompts[:5]:
        prompt.yes()
    assert {one.result().status_code for one in waiting} == {200}
    juliet.answers = "yes"
    for _ in range(12):
        assert juliet.get("/a", headers=at("192.0.2.7")).status_code == 200
    assert counts(juliet.daemon)["limited"] == 1


def test_address(world, prosody):
    """Ten a minute, whoever is asked; an IPv6 address is its /64; addresses that a proxy does not tell do not count."""
    romeo, juliet = set_up(world, prosody, confirm_timeout="1s")
    romeo.answers = "nothing"
    addresses = [f"2001:db8::{i}:1" for i in range(10)]
    people = [romeo] * 5 + [juliet] * 5
    waiting = [person.later("GET", "/a", headers=at(address)) for person, address in zip(people, addresses)]
    assert {one.result().status_code for one in waiting} == {403}
    benvolio = world.person("benvolio@localhost")
    assert limited(benvolio.put("/b", headers=at("2001:db8::ffff:2")), 60) > 30
    assert benvolio.prompts == []
    assert benvolio.put("/b", headers=at("2001:db8:0:1::2")).status_code == 201


def test_known_pair_and_all(world, prosody):
    """A yes within the hour: as many at once as one likes; and half of what may wait is kept for those."""
    romeo, juliet = set_up(world, prosody, prompts="40", prompts_per_known_pair="30", prompts_per_address="0",
                           prompts_per_pair="0", confirm_timeout="30s")
    romeo.answers = "nothing"
    strangers = [juliet.later("GET", "/a", headers=at("192.0.2.7")) for _ in range(20)]
    juliet.wait_for_prompt(20)
    limited(juliet.get("/a", headers=at("192.0.2.7")), 30)
    limited(juliet.get("/a", headers=at("192.0.2.8")), 30)
    friends = [romeo.later("GET", "/a", headers=at("192.0.2.1")) for _ in range(20)]
    romeo.wait_for_prompt(2 + 20)
    limited(romeo.get("/a", headers=at("192.0.2.1")), 30)
    for prompt in juliet.prompts:
        prompt.yes()
    assert {one.result().status_code for one in strangers} == {200}
    friends += [romeo.later("GET", "/a", headers=at("192.0.2.1")) for _ in range(10)]
    romeo.wait_for_prompt(2 + 30)
    limited(romeo.get("/a", headers=at("192.0.2.1")), 30)
    for prompt in romeo.prompts[2:]:
        prompt.yes()
    assert {one.result().status_code for one in friends} == {200}


def test_send_of_many_files(world, prosody):
    """Strangers cannot keep somebody who has said yes of late from being asked."""
    romeo, juliet = set_up(world, prosody)
    waiting = [romeo.later("MKCOL", f"/{i}", headers=at("192.0.2.1")) for i in range(30)]
    assert {one.result().status_code for one in waiting} == {201}
    assert len(romeo.prompts) == 32


@pytest.mark.parametrize("jid", [JULIET, f"{JULIET}/home"])
def test_silence(world, prosody, jid):
    """A no: this pair is not asked for ten minutes, be it known; others are."""
    _, juliet = set_up(world, prosody)
    juliet.answers = "yes"
    assert juliet.get("/a", jid=jid, headers=at("192.0.2.7")).status_code == 200
    juliet.answers = "no"
    assert juliet.get("/a", jid=jid, headers=at("192.0.2.7")).status_code == 403
    assert limited(juliet.get("/a", jid=jid, headers=at("192.0.2.7")), 600) > 500
    assert limited(juliet.get("/a", jid=f"{JULIET}/elsewhere", headers=at("192.0.2.7")), 600) > 500
    assert len(juliet.prompts) == 2
    juliet.answers = "yes"
    assert juliet.get("/a", jid=jid, headers=at("192.0.2.8")).status_code == 200


def test_refusals(world, prosody):
    """Sixty a minute, then nothing is looked up any more; who has proven who they are does not count."""
    romeo, juliet = set_up(world, prosody)
    tybalt = {**basic(TYBALT, new_id()), **at("192.0.2.9")}
    with requests.Session() as session:
        def ask(method="GET", **headers):
            return session.request(method, juliet.daemon.base + "/a", headers={**tybalt, **headers}, timeout=10)
        for _ in range(20):
            assert ask().status_code == 403
            assert ask("PROPFIND", Depth="0").status_code == 404
            assert ask("COPY", Destination="/b").status_code == 403
        assert limited(ask(), 60) > 30
        assert limited(ask(**basic(JULIET, new_id())), 60) > 30
        assert juliet.prompts == []
        assert juliet.daemon.health().status_code == 200
    juliet.answers = "yes"
    assert juliet.get("/a", headers=at("192.0.2.7")).status_code == 200


def test_refusals_of_who_is_known_by_name(world, prosody):
    romeo, _ = set_up(world, prosody)
    password = subprocess.run([MISSIVED, "-c", f"{romeo.daemon.directory}/missived.conf", "password", "benvolio@localhost"],
                              check=True, capture_output=True, text=True).stdout.strip()
    with requests.Session() as session:
        headers = {**basic("benvolio@localhost", password), **at("192.0.2.9")}
        for _ in range(70):
            assert session.get(romeo.daemon.base + "/a", headers=headers, timeout=10).status_code == 403
        stranger = {**basic(TYBALT, new_id()), **at("192.0.2.9")}
        for _ in range(60):
            assert session.get(romeo.daemon.base + "/a", headers=stranger, timeout=10).status_code == 403
        assert session.get(romeo.daemon.base + "/a", headers=stranger, timeout=10).status_code == 429
        assert session.put(romeo.daemon.base + "/mine", b"x", headers=headers, timeout=10).status_code == 201, \
            "a stranger has locked out who shares the address"


def test_refused_by_the_person_counts(world, prosody):
    _, juliet = set_up(world, prosody, refusals="2", silence="0s")
    juliet.answers = "no"
    for _ in range(2):
        assert juliet.get("/a", headers=at("192.0.2.7")).status_code == 403
    assert limited(juliet.get("/a", headers=at("192.0.2.7")), 60)


def test_counts(world, prosody):
    romeo, juliet = set_up(world, prosody, confirm_timeout="2s", silence="0s")
    daemon = juliet.daemon
    nothing = {"refused": 0, "unanswered": 0, "unavailable": 0, "withdrawn": 0, "limited": 0, "forged": 0}
    assert counts(daemon) == {"asked": 2, "granted": 2, **nothing}
    assert juliet.get("/a", headers=at("192.0.2.7")).status_code == 403
    juliet.prompts[0].yes()
    juliet.answers = "no"
    assert juliet.get("/a", headers=at("192.0.2.7")).status_code == 403
    juliet.iq("get", "files.localhost", "urn:xmpp:ping", "ping")
    assert counts(daemon) == {**nothing, "asked": 4, "granted": 2, "unanswered": 1, "refused": 1, "forged": 1}
    assert requests.get(daemon.base + "/-/health", headers=at("192.0.2.7"), timeout=10).status_code == 404
