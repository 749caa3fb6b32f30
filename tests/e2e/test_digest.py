"""HTTP Digest (RFC 7616): by app password, or as a claim that is confirmed over XMPP (XEP-0070, 3.3.2)."""

import os
import subprocess
import threading
import urllib.parse

import pytest
import requests
from requests.auth import HTTPDigestAuth

from daemon import MISSIVED, basic, new_id
from digest import challenges, digest, schemes

ROMEO, JULIET, JÜRGEN = "romeo@localhost", "juliet@capulet.localhost", "jürgen@localhost"
ALGORITHMS = ["SHA-256", "MD5"]


def mint(daemon, jid):
    return subprocess.run([MISSIVED, "-c", f"{daemon.directory}/missived.conf", "password", jid], capture_output=True,
                          text=True, timeout=20, check=True).stdout.strip()


def fresh(daemon, algorithm="SHA-256"):
    return challenges(requests.get(daemon.base + "/", timeout=10))[algorithm]


def ask(daemon, method, path, authorization, body=None, **headers):
    return requests.request(method, daemon.base + path, data=body, timeout=20,
                            headers={"Authorization": authorization.encode(), **headers})


def is_stale(answer):
    """Whether a 401 says that the same person may try again; both challenges say the same."""
    assert answer.status_code == 401
    offered = challenges(answer)
    assert list(offered) == ALGORITHMS and schemes(answer) == ["Digest", "Digest", "Basic"]
    said = {one.get("stale") for one in offered.values()}
    assert len(said) == 1 and said <= {"true", None}
    return said == {"true"}


def hiding(wanted):
    """What leaves a client one algorithm alone."""
    return ["Basic"] + [f'Digest realm="xmpp", qop="auth", algorithm={one}' for one in ALGORITHMS if one != wanted]


# ---- app passwords ----

@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_requests(world, prosody, proxied, algorithm):
    daemon = world.daemon(prosody, host="127.0.0.1")
    romeo = world.person(ROMEO)
    proxy = proxied(daemon, hiding(algorithm))
    auth = HTTPDigestAuth(ROMEO, mint(daemon, ROMEO))
    with requests.Session() as session:
        assert session.put(proxy.base + "/a", b"x", auth=auth, timeout=20).status_code == 201
        assert session.get(proxy.base + "/a", auth=auth, timeout=20).content == b"x"
        assert session.delete(proxy.base + "/a", auth=auth, timeout=20).status_code == 204
    assert romeo.prompts == []
    assert proxy.schemes() == [None] + [f"Digest {algorithm}"] * 3


def test_requests_takes_what_is_offered(world, prosody):
    """It reads all challenges as one: each must fit every other."""
    daemon = world.daemon(prosody)
    auth = HTTPDigestAuth(ROMEO, mint(daemon, ROMEO))
    assert requests.put(daemon.base + "/a", b"x", auth=auth, timeout=20).status_code == 201


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("jid", [ROMEO, JÜRGEN])
def test_curl(world, prosody, proxied, tmp_path, algorithm, jid):
    daemon = world.daemon(prosody, host="127.0.0.1")
    person = world.person(jid)
    # curl takes the first challenge: SHA-256 without any help.
    proxy = proxied(daemon, hiding(algorithm) if algorithm == "MD5" else [])
    password = mint(daemon, jid)
    (tmp_path / "file").write_bytes(os.urandom(300000))

    def curl(*arguments):
        return subprocess.run(["curl", "-sS", "--digest", "-u", f"{jid}:{password}", *arguments], cwd=tmp_path, text=True,
                              capture_output=True, timeout=60, check=True).stdout
    assert curl("-T", "file", proxy.base + "/a%20b", "-w", "%{http_code}") == "201"
    assert curl("-o", "again", proxy.base + "/a%20b", "-w", "%{http_code}") == "200"
    assert (tmp_path / "file").read_bytes() == (tmp_path / "again").read_bytes()
    assert person.prompts == []
    assert proxy.schemes() == [None, f"Digest {algorithm}"] * 2
    assert password not in daemon.log()


def test_by_hand(world, prosody):
    """A nonce serves many requests, in any order of its counts; a full JID's entry on a list is not for a password."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    password = mint(daemon, ROMEO)
    challenge = fresh(daemon)
    for nc in (1, 2, 5, 4, 60, 3):
        answer = ask(daemon, "PUT", "/a", digest(challenge, "PUT", "/a", ROMEO, password, nc), b"x")
        assert answer.status_code == (201 if nc == 1 else 204)
    before = romeo.prompts[:]
    romeo_id = new_id()
    assert romeo.put("/b", b"x", id=romeo_id).status_code == 201
    romeo.share("/b", [f"{JULIET}/home"])
    juliet = world.person(JULIET)
    password = mint(daemon, JULIET)
    assert ask(daemon, "GET", "/b", digest(challenge, "GET", "/b", JULIET, password, 61)).status_code == 403
    assert before == [] and juliet.prompts == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_non_ascii(world, prosody, algorithm):
    daemon = world.daemon(prosody)
    jürgen = world.person(JÜRGEN)
    password = mint(daemon, JÜRGEN)
    challenge = fresh(daemon, algorithm)
    extended = f"UTF-8''{urllib.parse.quote(JÜRGEN, safe='')}"

    def put(nc, **changed):
        return ask(daemon, "PUT", "/a", digest(challenge, "PUT", "/a", JÜRGEN, password, nc, **changed), b"x")
    assert put(1, username_extended=extended, leave_out=["username"]).status_code == 201
    assert put(2).status_code == 204
    assert jürgen.prompts == []
    for wrong in ("ISO-8859-1''j%FCrgen%40localhost", "UTF-8''j%FCrgen%40localhost", "UTF-8''J%C3%9CRGEN%40localhost",
                  "UTF-8''ju%CC%88rgen%40localhost", "UTF-8''j%C3%BCrgen%40localhost%00"):
        assert not is_stale(put(3, username_extended=wrong, leave_out=["username"]))
    assert not is_stale(put(3, username_extended=extended))
    # The form of XEP-0070, 3.3.2 was hashed otherwise, so no password made it: a claim.
    assert put(3, username='"j%C3%BCrgen@localhost"', cnonce="balcony-1").status_code == 204
    assert jürgen.prompts == []
    encoded = digest(challenge, "PUT", "/a", "j%C3%BCrgen@localhost", password, 4, cnonce="balcony-2")
    assert ask(daemon, "PUT", "/a", encoded, b"y").status_code == 204
    assert [prompt.id for prompt in jürgen.prompts] == ["balcony-2"]


@pytest.mark.parametrize("jid", ["Romeo@localhost", "romeo@LOCALHOST", "romeo@localhost.", "\uff52omeo@localhost",
                                 "ROMEO@localhost/home", "romeo@localhost/", "nobody at all"])
def test_other_spellings(world, prosody, jid):
    """What went into the hash must be what is kept: another spelling is nobody."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    password = mint(daemon, ROMEO)
    for algorithm in ALGORITHMS:
        header = digest(fresh(daemon, algorithm), "PUT", "/a", jid, password)
        assert not is_stale(ask(daemon, "PUT", "/a", header, b"x"))
    assert romeo.prompts == []


# ---- claims ----

@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("who,kind", [("bare", "message"), ("full", "iq")])
def test_claim(world, prosody, algorithm, who, kind):
    """No app password made it: the person is asked, and the cnonce is the transaction identifier."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    mint(daemon, ROMEO)
    jid = romeo.bare if who == "bare" else romeo.full
    challenge = fresh(daemon, algorithm)
    id = new_id()
    assert ask(daemon, "PUT", "/a", digest(challenge, "PUT", "/a", jid, "any word", 1, cnonce=id), b"x").status_code == 201
    prompt, = romeo.prompts
    assert (prompt.id, prompt.kind, prompt.method, prompt.url) == (id, kind, "PUT", daemon.base + "/a")
    # A yes to reading counts again with the same identifier, whatever the count.
    for nc in (2, 3):
        assert ask(daemon, "GET", "/a", digest(challenge, "GET", "/a", jid, "any word", nc, cnonce=id)).content == b"x"
    assert len(romeo.prompts) == 2
    romeo.answers = "no"
    answer = ask(daemon, "PUT", "/a", digest(challenge, "PUT", "/a", jid, "any word", 4), b"evil")
    assert answer.status_code == 403
    assert len(romeo.prompts) == 3
    assert ask(daemon, "GET", "/a", digest(challenge, "GET", "/a", jid, "any word", 5, cnonce=id)).content == b"x"
    assert id not in daemon.log()


def test_claim_without_a_right(world, prosody):
    """The right is asked before a person is."""
    daemon = world.daemon(prosody)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    assert romeo.put("/a", b"x").status_code == 201
    assert ask(daemon, "GET", "/a", digest(fresh(daemon), "GET", "/a", JULIET)).status_code == 403
    assert juliet.prompts == []


def test_another_accounts_password(world, prosody):
    daemon = world.daemon(prosody)
    romeo, benvolio = world.person(ROMEO), world.person("benvolio@localhost")
    password = mint(daemon, ROMEO)
    benvolio.answers = "no"
    header = digest(fresh(daemon), "PUT", "/a", benvolio.bare, password)
    assert ask(daemon, "PUT", "/a", header, b"x").status_code == 403
    assert romeo.prompts == [] and len(benvolio.prompts) == 1


# ---- what is refused ----

REFUSED = {
    "another address": {"uri": '"/b"'},
    "another way to write it": {"uri": '"/%61"'},
    "another realm": {"realm": '"XMPP"'},
    "no realm": {"leave_out": ["realm"]},
    "another opaque": {"opaque": '"00000000000000000000000000000000"'},
    "no opaque": {"leave_out": ["opaque"]},
    "no nonce": {"leave_out": ["nonce"]},
    "another nonce": {"nonce": '"ec2cc00f21f71acd35ab9be057970609"'},
    "no qop": {"leave_out": ["qop"]},
    "RFC 2069": {"leave_out": ["qop", "nc", "cnonce"]},
    "another qop": {"qop": "auth-int"},
    "another algorithm": {"algorithm": "SHA-256-sess"},
    "no algorithm": {"leave_out": ["algorithm"]},
    "no count": {"leave_out": ["nc"]},
    "a count of nothing": {"nc": "00000000"},
    "a short count": {"nc": "1"},
    "two counts": {"more": ", nc=00000002"},
    "two names": {"more": ', username="benvolio@localhost"'},
    "a hidden name": {"more": ", userhash=true"},
    "no cnonce": {"leave_out": ["cnonce"]},
    "an empty cnonce": {"cnonce": ""},
    "a long cnonce": {"cnonce": "x" * 129},
    "a turned cnonce": {"cnonce": "a\u202eb"},
    "a password as cnonce": {"cnonce": "mv-" + "a" * 26},
    "a short response": {"response": '"0123456789abcdef"'},
    "no response": {"leave_out": ["response"]},
    "an open quote": {"more": ', x="'},
    "no comma": {"more": " x=y"},
    "no value": {"more": ", x"},
}


def test_refused(world, prosody):
    """With an app password that is right otherwise; nobody is asked, and nothing happens."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    password = mint(daemon, ROMEO)
    challenge = fresh(daemon)
    for what, how in REFUSED.items():
        answer = ask(daemon, "PUT", "/a", digest(challenge, "PUT", "/a", ROMEO, password, **how), b"evil")
        assert answer.status_code == 401 and not is_stale(answer), what
    for more in ("", ", more=x", ", more=x, More=\"\\\"\"", " , ,", ", userhash=false"):
        good = digest(challenge, "PUT", "/a", ROMEO, password, more=more)
        assert ask(daemon, "PUT", "/a", good, b"x").status_code == 201
        assert ask(daemon, "DELETE", "/a", basic(ROMEO, password)["Authorization"]).status_code == 204
        challenge = fresh(daemon)
    assert romeo.prompts == []
    assert "aaaaaa" not in daemon.log()


@pytest.mark.parametrize("position", [0, 20, 40, 79])
def test_tampered_nonce(world, prosody, position):
    daemon = world.daemon(prosody)
    password = mint(daemon, ROMEO)
    challenge = fresh(daemon)
    nonce = challenge["nonce"]
    challenge["nonce"] = nonce[:position] + ("0" if nonce[position] != "0" else "1") + nonce[position + 1:]
    assert not is_stale(ask(daemon, "PUT", "/a", digest(challenge, "PUT", "/a", ROMEO, password), b"x"))


def test_method_is_hashed(world, prosody):
    """Credentials for reading do not write: they make a claim, which is asked about by its true method."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    password = mint(daemon, ROMEO)
    romeo.answers = "no"
    header = digest(fresh(daemon), "GET", "/a", ROMEO, password)
    assert ask(daemon, "PUT", "/a", header, b"x").status_code == 403
    assert [prompt.method for prompt in romeo.prompts] == ["PUT"]


# ---- replay and age ----

@pytest.mark.parametrize("by", ["password", "claim"])
def test_replay(world, prosody, by):
    """Each count is good once, for whatever method and address; what it did stays as it was."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    password = mint(daemon, ROMEO) if by == "password" else ""
    challenge = fresh(daemon)
    header = digest(challenge, "PUT", "/a", ROMEO, password, 7)
    assert ask(daemon, "PUT", "/a", header, b"sentinel").status_code == 201
    asked = len(romeo.prompts)
    assert is_stale(ask(daemon, "PUT", "/a", header, b"evil"))
    assert is_stale(ask(daemon, "PUT", "/a", header, b""))
    for method in ("GET", "DELETE", "PROPFIND"):
        assert is_stale(ask(daemon, method, "/a", digest(challenge, method, "/a", ROMEO, password, 7)))
    assert ask(daemon, "OPTIONS", "/a", digest(challenge, "OPTIONS", "/a", ROMEO, password, 7)).status_code == 200
    assert len(romeo.prompts) == asked
    answer = ask(daemon, "GET", "/a", digest(challenge, "GET", "/a", ROMEO, password, 8))
    assert answer.content == b"sentinel"


def test_window(world, prosody):
    daemon = world.daemon(prosody)
    password = mint(daemon, ROMEO)
    challenge = fresh(daemon)

    def get(nc):
        return ask(daemon, "GET", "/a", digest(challenge, "GET", "/a", ROMEO, password, nc))
    assert get(100).status_code == 404
    assert is_stale(get(36))
    assert get(37).status_code == 404
    assert is_stale(get(37))
    assert get(0xffffffff).status_code == 404
    assert is_stale(get(101))


def test_at_the_same_time(world, prosody):
    """Of eight that come with one count at once, one acts."""
    daemon = world.daemon(prosody, threads="4")
    password = mint(daemon, ROMEO)
    challenge = fresh(daemon)
    start = threading.Barrier(8)
    answers = []

    def put(header, path):
        with requests.Session() as session:
            session.get(daemon.base + "/", timeout=20)
            start.wait(20)
            answers.append(session.put(daemon.base + path, b"x", headers={"Authorization": header}, timeout=20).status_code)
    for nc in range(1, 11):
        header = digest(challenge, "PUT", f"/{nc}", ROMEO, password, nc)
        threads = [threading.Thread(target=put, args=(header, f"/{nc}")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(answers) == [201] + [401] * 7
        answers.clear()


def test_restart(world, prosody):
    """A nonce from before is known as ours, and is old: a client takes a fresh one by itself."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    password = mint(daemon, ROMEO)
    auth = HTTPDigestAuth(ROMEO, password)
    used = digest(challenge := fresh(daemon), "PUT", "/a", ROMEO, password)
    unused = digest(challenge, "PUT", "/a", ROMEO, password, 2)
    assert ask(daemon, "PUT", "/a", used, b"sentinel").status_code == 201
    assert requests.put(daemon.base + "/b", b"x", auth=auth, timeout=20).status_code == 201
    daemon.stop()
    daemon.start()
    for header in (used, unused):
        assert is_stale(ask(daemon, "PUT", "/a", header, b"evil"))
    wrong = digest(challenge, "PUT", "/a", ROMEO, password, 3, uri='"/b"')
    assert not is_stale(ask(daemon, "PUT", "/a", wrong, b"evil"))
    assert requests.get(daemon.base + "/a", auth=auth, timeout=20).content == b"sentinel"
    assert romeo.prompts == []


def test_another_daemons_nonce(world, prosody):
    """Old or not, it is not ours."""
    elsewhere = world.daemon(prosody)
    nonce = fresh(elsewhere)["nonce"]
    elsewhere.stop()
    daemon = world.daemon(prosody)
    challenge = {**fresh(daemon), "nonce": nonce}
    assert not is_stale(ask(daemon, "PUT", "/a", digest(challenge, "PUT", "/a", ROMEO, mint(daemon, ROMEO)), b"x"))


# ---- challenges ----

def test_challenges(world, prosody):
    daemon = world.daemon(prosody)
    for method in ("GET", "PUT", "PROPFIND", "DELETE", "MKCOL", "LOCK"):
        answer = requests.request(method, daemon.base + "/a", timeout=10)
        assert not is_stale(answer)
        assert all(one["realm"] == "xmpp" and one["qop"] == "auth" and one["charset"] == "UTF-8"
                   for one in challenges(answer).values())
    nonces = {fresh(daemon)["nonce"] for _ in range(20)}
    assert len(nonces) == 20


def test_browsers(world, prosody):
    """Their users are to see the word that they typed, which Digest would not send."""
    daemon = world.daemon(prosody)
    for credentials in ({}, basic("a@b@c"), {"Authorization": "Digest username=x"}):
        answer = requests.get(daemon.base + "/a", headers={**credentials, "Sec-Fetch-Mode": "navigate"}, timeout=10)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="xmpp", charset="UTF-8"'


def test_options(world, prosody):
    """Goes on without a claim when the credentials are none."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    for header in ("Digest", "Digest ", "Digest x", digest(fresh(daemon), "OPTIONS", "/", ROMEO, realm='"no"')):
        assert ask(daemon, "OPTIONS", "/", header).status_code == 200
    assert romeo.prompts == []
