"""XEP-0070: who is asked, who may answer, and what an answer is good for."""

import pytest

import forgery
from daemon import new_id
from servers import wait_until

ROMEO, JULIET, TYBALT = "romeo@localhost", "juliet@capulet.localhost", "tybalt@capulet.localhost"


@pytest.fixture
def stage(world, server):
    return set_up(world, server)


def set_up(world, server, **settings):
    """A file of romeo's that juliet may read; she answers what a test makes her answer."""
    world.daemon(server, **settings)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    assert romeo.put("/a", b"content").status_code == 201
    romeo.share("/a", [JULIET])
    juliet.answers = "nothing"
    return romeo, juliet


def waits(later):
    """That it has no answer: what was dropped has been seen by the daemon, which answers in order."""
    return later.thread.is_alive()


def settled(person):
    """All that this person sent before has been taken by the daemon."""
    person.iq("get", "files.localhost", "urn:xmpp:ping", "ping")


def test_iq_form(stage):
    _, juliet = stage
    waiting = juliet.later("GET", "/a", id="transaction-1")
    prompt = juliet.wait_for_prompt()
    assert (prompt.kind, prompt.id, prompt.method) == ("iq", "transaction-1", "GET")
    assert prompt.url == juliet.daemon.base + "/a"
    assert len(prompt.stanza["id"]) == 32 and prompt.stanza["id"] != prompt.id
    prompt.yes()
    assert waiting.result().content == b"content"


def test_message_form(stage):
    _, juliet = stage
    waiting = juliet.later("GET", "/a", jid=JULIET, id="transaction-2")
    prompt = juliet.wait_for_prompt()
    assert (prompt.kind, prompt.id, prompt.method) == ("message", "transaction-2", "GET")
    assert "transaction-2" in prompt.body and "OK" in prompt.body and "127.0.0.1" in prompt.body
    hints = ["{urn:xmpp:hints}no-store", "{urn:xmpp:hints}no-copy"]
    if juliet.server.name != "prosody":  # which takes it away when it has obeyed it
        hints.append("{urn:xmpp:carbons:2}private")
    for hint in hints:
        assert prompt.stanza.xml.find(hint) is not None
    prompt.yes()
    assert waiting.result().content == b"content"


@pytest.mark.parametrize("jid", [JULIET, f"{JULIET}/home"])
@pytest.mark.parametrize("error", ["not-authorized", "forbidden"])
def test_refused(world, prosody, jid, error):
    _, juliet = set_up(world, prosody)
    waiting = juliet.later("GET", "/a", jid=jid)
    juliet.wait_for_prompt().no(error=error)
    answer = waiting.result()
    assert answer.status_code == 403 and b"refused" in answer.content


@pytest.mark.parametrize("jid", [JULIET, f"{JULIET}/home"])
def test_unanswered_and_late(world, prosody, jid):
    _, juliet = set_up(world, prosody, confirm_timeout="1s")
    id = new_id()
    answer = juliet.request("GET", "/a", jid=jid, id=id)
    assert answer.status_code == 403
    juliet.wait_for_prompt().yes()
    settled(juliet)
    waiting = juliet.later("GET", "/a", jid=jid, id=id)
    juliet.wait_for_prompt(2)
    assert waits(waiting)
    assert waiting.result().status_code == 403


def test_only_the_asked_may_answer(stage, world):
    """Another account, another resource of the same account, our id, their id: nothing but the asked JID counts."""
    _, juliet = stage
    tybalt, work = world.person(TYBALT), world.person(JULIET, "work")
    work.answers = "nothing"
    waiting = juliet.later("GET", "/a", id="transaction-3")
    prompt = juliet.wait_for_prompt()
    for other in (tybalt, work):
        other.answer(prompt, True)
        other.answer(prompt, False)
        other.say("OK")
        other.say("OK transaction-3")
        settled(other)
    juliet.answer(prompt, True, id="transaction-3")
    juliet.answer(prompt, True, id="0" * 32)
    juliet.answer(prompt, True, to="files.localhost/x", confirm={"id": "another-one"})
    juliet.answer(prompt, True, confirm={"url": juliet.daemon.base + "/b"})
    juliet.answer(prompt, True, confirm={"method": "PUT"})
    settled(juliet)
    assert waits(waiting)
    prompt.yes()
    assert waiting.result().status_code == 200


@forgery.both
def test_forged(stage, world, kind, forgeries):
    """As far as real servers pass it on (all of it: test_forgery.py)."""
    _, juliet = stage
    senders = {forgery.HOME: juliet, forgery.WORK: world.person(JULIET, "work"), forgery.TYBALT: world.person(TYBALT)}
    senders[forgery.WORK].answers = "nothing"
    waiting = juliet.later("GET", "/a", jid=juliet.full if kind == "iq" else JULIET, timeout=60)
    prompt = juliet.wait_for_prompt()
    for name, sender, forge in forgeries:
        senders[sender].send_raw(forge(prompt))
        settled(senders[sender])
        health = juliet.daemon.health().text
        assert "confirms-granted 2\n" in health and "confirms-refused 0\n" in health, name
    prompt.yes()
    assert waiting.result().status_code == 200


def test_any_resource_answers_for_a_bare_jid(stage, world):
    _, juliet = stage
    tybalt, work = world.person(TYBALT), world.person(JULIET, "work")
    work.answers = "nothing"
    waiting = juliet.later("GET", "/a", jid=JULIET)
    prompt = juliet.wait_for_prompt()
    tybalt.answer(prompt, True)
    tybalt.answer(prompt, False)
    settled(tybalt)
    work.answer(prompt, True, thread="0" * 32)
    work.answer(prompt, True, confirm={"id": "another-one"})
    settled(work)
    assert waits(waiting)
    work.answer(prompt, True)
    assert waiting.result().status_code == 200


def test_forwarded_copies_do_not_count(stage):
    _, juliet = stage
    waiting = juliet.later("GET", "/a", jid=JULIET)
    prompt = juliet.wait_for_prompt()
    inside = (f"<message xmlns='jabber:client' from='{JULIET}/home' to='files.localhost'><thread>{prompt.thread}</thread>"
              f"<body>OK</body><confirm xmlns='http://jabber.org/protocol/http-auth'/></message>")
    juliet.send_raw(f"<message to='files.localhost'><forwarded xmlns='urn:xmpp:forward:0'>{inside}</forwarded></message>")
    settled(juliet)
    assert waits(waiting)
    prompt.no()
    assert waiting.result().status_code == 403


@pytest.mark.parametrize("body,status", [("OK", 200), ("ok", 200), (" Yes ", 200), ("OK.", 200), ("No", 403), ("no!", 403)])
def test_plain_text(world, prosody, body, status):
    """What a person types into a client that knows no prompts."""
    _, juliet = set_up(world, prosody)
    waiting = juliet.later("GET", "/a", jid=JULIET)
    juliet.wait_for_prompt()
    juliet.say(body)
    assert waiting.result().status_code == status


@pytest.mark.parametrize("extra,kind", [
    ("<delay xmlns='urn:xmpp:delay' stamp='2020-01-01T00:00:00Z'/>", "chat"),
    ("", "error"),
])
def test_plain_text_that_does_not_count(world, prosody, extra, kind):
    _, juliet = set_up(world, prosody)
    waiting = juliet.later("GET", "/a", jid=JULIET)
    juliet.wait_for_prompt()
    juliet.say("OK", extra=extra, kind=kind)
    juliet.say("what is this?")
    juliet.say("OK then, I think so")
    settled(juliet)
    assert waits(waiting)
    juliet.say("No")
    assert waiting.result().status_code == 403


def test_plain_text_with_two_prompts(world, prosody):
    """A bare OK that could mean either means neither; an identifier says which."""
    romeo, juliet = set_up(world, prosody)
    assert romeo.put("/b", b"b").status_code == 201
    romeo.share("/b", [JULIET])
    first = juliet.later("GET", "/a", jid=JULIET, id="first-identifier")
    second = juliet.later("GET", "/b", jid=JULIET, id="second-identifier")
    juliet.wait_for_prompt(2)
    juliet.say("OK")
    settled(juliet)
    assert waits(first) and waits(second)
    juliet.say("OK second-identifier")
    assert second.result().content == b"b"
    assert waits(first)
    juliet.say("OK")
    settled(juliet)
    assert waits(first), "an ended prompt still makes a bare OK ambiguous"
    juliet.say("no first-identifier")
    assert first.result().status_code == 403


@pytest.mark.parametrize("id", ["yes", "no", "OK", "abc", "x y z w v u t s", "ident\u00efficateur", "a'><b>&\""])
def test_odd_identifiers(world, prosody, id):
    """An identifier that could be taken for an answer, or for markup, counts by its thread only."""
    _, juliet = set_up(world, prosody)
    waiting = juliet.later("GET", "/a", jid=JULIET, id=id)
    prompt = juliet.wait_for_prompt()
    assert prompt.id == id
    assert f'"{id}"' not in prompt.body
    prompt.yes()
    assert waiting.result().status_code == 200


@pytest.mark.parametrize("id", ["a\nb", "a\x00b", "\u202eabc", "\ufffe", "x" * 129])
def test_refused_identifiers(world, prosody, id):
    """One bad character would cost the component its stream: it is refused before a stanza is made."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    assert romeo.get("/a", id=id).status_code == 401
    assert romeo.prompts == []
    assert daemon.health().status_code == 200


def test_client_that_cannot(stage):
    """An IQ that a client does not know is followed by the message form, once."""
    _, juliet = stage
    waiting = juliet.later("GET", "/a")
    juliet.wait_for_prompt().no(error="service-unavailable")
    prompt = juliet.wait_for_prompt(2)
    assert prompt.kind == "message"
    prompt.yes()
    assert waiting.result().status_code == 200


def test_nobody_is_there(world, server):
    """A full JID without a client: refused in the end, and the file stays where it is."""
    _, juliet = set_up(world, server, confirm_timeout="2s")
    assert juliet.get("/a", jid=f"{JULIET}/elsewhere").status_code == 403


def test_same_request_twice(stage):
    _, juliet = stage
    first = juliet.later("GET", "/a", id="transaction-4")
    prompt = juliet.wait_for_prompt()
    second = juliet.request("GET", "/a", id="transaction-4")
    assert second.status_code == 429 and int(second.headers["Retry-After"]) > 0
    other = juliet.later("HEAD", "/a", id="transaction-4")
    juliet.wait_for_prompt(2).no()
    assert other.result().status_code == 403
    prompt.yes()
    assert first.result().status_code == 200


def test_client_gone_withdraws(stage):
    """A connection that ends while its prompt is open: the answer that comes then does nothing."""
    import socket
    from daemon import basic
    _, juliet = stage
    with socket.create_connection(("127.0.0.1", juliet.daemon.port)) as s:
        head = basic(juliet.full, "transaction-5")["Authorization"]
        s.sendall(f"GET /a HTTP/1.1\r\nHost: 127.0.0.1:{juliet.daemon.port}\r\nAuthorization: {head}\r\n\r\n".encode())
        prompt = juliet.wait_for_prompt()
    # As long as the first counts, this is refused as its double.
    def ask_again():
        again = juliet.later("GET", "/a", id="transaction-5")
        wait_until(lambda: len(juliet.prompts) == 2 or not waits(again), "an answer")
        return again if waits(again) else None
    again = wait_until(ask_again, "the first one's end is noticed")
    second = juliet.wait_for_prompt(2)
    prompt.yes()
    settled(juliet)
    assert waits(again)
    second.yes()
    assert again.result().status_code == 200


def test_reuse(world, prosody):
    """A yes counts again for the same reading request: same JID, id, method, URL and address. Nothing else."""
    romeo, juliet = set_up(world, prosody, trusted_proxies="127.0.0.1")
    juliet.answers = "yes"
    here, there = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    assert romeo.put("/b", b"b").status_code == 201
    romeo.share("/b", [JULIET])

    def asked(method, path, id, headers=here, **how):
        before = len(juliet.prompts)
        status = juliet.request(method, path, id=id, headers=headers, **how).status_code
        assert status in (200, 206, 207), status
        return len(juliet.prompts) - before
    for method in ("GET", "HEAD", "PROPFIND"):
        id = new_id()
        assert asked(method, "/a", id) == 1, method
        assert asked(method, "/a", id) == 0, method
        assert asked(method, "/a", id, {**here, "Range": "bytes=0-1"}) == 0, method
        assert asked(method, "/a", id, there) == 1, method
        assert asked(method, "/b", id) == 1, method
        assert asked(method, "/a", id, jid=JULIET) == 1, method
        assert asked(method, "/a", new_id()) == 1, method
    assert asked("GET", "/a", "short-1") == 1
    assert asked("GET", "/a", "short-1") == 1
    romeo.share("/a", [])
    juliet.prompts.clear()
    assert juliet.get("/a", id=id, headers=here).status_code == 403, "the right is asked each time"


def test_reuse_ends(world, prosody):
    _, juliet = set_up(world, prosody, confirm_reuse="0s")
    juliet.answers = "yes"
    id = new_id()
    for count in (1, 2):
        assert juliet.get("/a", id=id).status_code == 200
        assert len(juliet.prompts) == count


def test_head_admits_one_upload(world, prosody):
    """XEP-0129: the sender probes with HEAD; that yes also admits the upload, once."""
    world.daemon(prosody)
    romeo = world.person(ROMEO)
    id = new_id()
    assert romeo.request("HEAD", "/new", id=id).status_code == 404
    assert romeo.put("/new", b"x", id=id).status_code == 201
    assert len(romeo.prompts) == 1
    assert romeo.put("/new", b"x", id=id).status_code == 412
    assert len(romeo.prompts) == 2
    id = new_id()
    assert romeo.request("OPTIONS", "/new", id=id).status_code == 200
    assert romeo.put("/new", b"y", new=False, id=id).status_code == 204
    assert len(romeo.prompts) == 4, "an upload that may replace is asked for"
    assert romeo.get("/new", id=id).content == b"y"
    assert len(romeo.prompts) == 4
    assert romeo.request("DELETE", "/new", id=id).status_code == 204
    assert len(romeo.prompts) == 5


def test_a_yes_is_for_one_change(world, prosody):
    world.daemon(prosody)
    romeo = world.person(ROMEO)
    id = new_id()
    assert romeo.put("/f", b"1", id=id).status_code == 201
    assert romeo.put("/f", b"2", new=False, id=id).status_code == 204
    assert len(romeo.prompts) == 2
