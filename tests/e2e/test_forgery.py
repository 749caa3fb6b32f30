"""Who may answer a prompt (XEP-0070): under a server that passes on anything from anybody."""

import pytest

import forgery
from component_server import ComponentServer, no, yes
from servers import DOMAIN

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.lit"
SENDERS = {forgery.HOME: f"{JULIET}/home", forgery.WORK: f"{JULIET}/work", forgery.TYBALT: "tybalt@capulet.lit/home"}


@pytest.fixture
def scripted():
    server = ComponentServer()
    yield server
    server.close()


@pytest.fixture
def juliet(world, scripted):
    """Asks for romeo's file; nothing is answered by itself."""
    return set_up(world, scripted)


def set_up(world, scripted, **settings):
    world.daemon(scripted, **settings)
    scripted.answer = yes
    romeo, juliet = world.person(ROMEO, online=False), world.person(JULIET, online=False)
    assert romeo.put("/a", b"content").status_code == 201
    romeo.share("/a", [JULIET])
    scripted.answer = lambda prompt: None
    scripted.prompts.clear()
    return juliet


def counts(daemon):
    return {name: int(value) for name, value in (line.split() for line in daemon.health().text.splitlines()[1:])}


def ended(daemon):
    count = counts(daemon)
    return sum(count[f"confirms-{name}"] for name in ("granted", "refused", "unanswered", "unavailable"))


def sent_by(jid, stanza):
    """With that from; None: without any."""
    return stanza if jid is None else stanza.replace(" ", f" from='{jid}' ", 1)


def begin(juliet, scripted, kind, **how):
    count = len(scripted.prompts)
    waiting = juliet.later("GET", "/a", jid=f"{JULIET}/home" if kind == "iq" else JULIET, **how)
    prompt = scripted.wait_for_prompt(count + 1)
    assert prompt.kind == kind
    return waiting, prompt


def does_nothing(juliet, scripted, name, stanza):
    before = ended(juliet.daemon)
    scripted.send(stanza)
    scripted.settle()
    assert ended(juliet.daemon) == before, name


@forgery.both
def test_forged(juliet, scripted, kind, forgeries):
    """None of them moves the request; then the real answer does."""
    waiting, prompt = begin(juliet, scripted, kind, timeout=60)
    for name, sender, forge in forgeries:
        does_nothing(juliet, scripted, name, sent_by(SENDERS[sender], forge(prompt)))
    scripted.send(yes(prompt))
    assert waiting.result().content == b"content"
    assert counts(juliet.daemon)["confirms-forged"] > 10
    assert scripted.streams == 1


# Nobody whom they could be taken for, by eye.
OTHERS = [
    "capulet.lit", f"{JULIET}.evil.example", "juliet@capulet.lit.evil.example/home", f"evil.example/{JULIET}", DOMAIN,
    f"{JULIET}@evil.example/home", "jul\u0456et@capulet.lit/home", "juliet@\u0441apulet.lit/home", "ju1iet@capulet.lit/home",
    "juliet\u0301@capulet.lit/home", "juliet@capulet.l\u0131t/home", "jul\u0131et@capulet.lit/home", "juliet@capulet-lit/home",
    "juliet@xn--capulet-lit/home", "juliet\\40capulet.lit@evil.example/home", "@capulet.lit/home", "juliet@/home", "", "/home",
    "jul\u00adiet@capulet.lit/home",  # what cannot be seen is refused before stringprep takes it away
    "juliet @capulet.lit/home", "juliet@capulet\u3002lit/home", "juliet@capulet.lit:5222/home", None,
]


@forgery.both
def test_look_alikes(juliet, scripted, kind, forgeries):
    waiting, prompt = begin(juliet, scripted, kind, timeout=60)
    others = OTHERS + ([JULIET, f"{JULIET}/HOME", f"{JULIET}/home ", f"{JULIET}/ho\u043ce"] if kind == "iq" else [])
    for jid in others:
        for one in (forgery.iq(prompt.stanza_id), forgery.iq(prompt.stanza_id, forgery.REFUSAL, "error"),
                    forgery.message(forgery.thread(prompt.stanza_id) + forgery.confirm(prompt) + forgery.OK),
                    forgery.message(forgery.OK)):
            does_nothing(juliet, scripted, jid, sent_by(jid, one))
    assert scripted.streams == 1
    scripted.send(no(prompt))
    assert waiting.result().status_code == 403


# Stringprep maps them to the same JID (RFC 6122), so they are the same account.
SAME = ["JULIET@capulet.lit", "juliet@CAPULET.LIT", "\uff4auliet@capulet.lit", "juliet@capulet.lit."]


@forgery.both
@pytest.mark.parametrize("jid", SAME)
def test_same_account_in_another_spelling(juliet, scripted, kind, forgeries, jid):
    waiting, prompt = begin(juliet, scripted, kind)
    prompt.jid = jid + "/home" if kind == "iq" else jid
    scripted.send(yes(prompt))
    assert waiting.result().content == b"content"


@forgery.both
@pytest.mark.parametrize("first,status", [(yes, 200), (no, 403)])
def test_second_answer(juliet, scripted, kind, forgeries, first, status):
    """The first one counts; those behind it are no answers to anything, not even to the next prompt."""
    waiting, prompt = begin(juliet, scripted, kind)
    scripted.send(first(prompt))
    assert waiting.result().status_code == status
    waiting, second = begin(juliet, scripted, kind, timeout=60)
    for again in (yes(prompt), no(prompt), sent_by(f"{JULIET}/phone", forgery.message(forgery.OK))):
        does_nothing(juliet, scripted, again, again)
    forged = counts(juliet.daemon)["confirms-forged"]
    assert forged == 3
    scripted.send(yes(second))
    assert waiting.result().status_code == 200


@forgery.both
def test_answer_behind_the_time(world, scripted, kind, forgeries):
    juliet = set_up(world, scripted, confirm_timeout="1s")
    waiting, prompt = begin(juliet, scripted, kind)
    assert waiting.result().status_code == 403
    for late in (yes(prompt), no(prompt)):
        does_nothing(juliet, scripted, "late", late)


def test_iq_that_becomes_a_message(juliet, scripted):
    """The IQ's id is over when the message has gone out; and it becomes one once."""
    waiting, prompt = begin(juliet, scripted, "iq")
    unavailable = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    scripted.send(sent_by(f"{JULIET}/home", forgery.iq(prompt.stanza_id, unavailable, "error")))
    second = scripted.wait_for_prompt(2)
    assert (second.kind, second.jid) == ("message", f"{JULIET}/home") and second.thread != prompt.stanza_id
    does_nothing(juliet, scripted, "the IQ", yes(prompt))
    does_nothing(juliet, scripted, "the IQ once more",
                 sent_by(f"{JULIET}/home", forgery.iq(second.thread, unavailable, "error")))
    does_nothing(juliet, scripted, "another resource",
                 sent_by(f"{JULIET}/work", forgery.message(forgery.thread(second.thread) + forgery.confirm(second))))
    does_nothing(juliet, scripted, "the bare JID", sent_by(JULIET, forgery.message(forgery.OK)))
    scripted.send(sent_by(f"{JULIET}/home", forgery.message(forgery.OK)))
    assert waiting.result().status_code == 200
    assert len(scripted.prompts) == 2


@pytest.mark.parametrize("error,status", [("service-unavailable", "no answer"), ("not-authorized", "refused")])
def test_message_that_comes_back(juliet, scripted, error, status):
    """A server that cannot deliver it sends it back, perhaps without its thread: nobody is waited for."""
    waiting, prompt = begin(juliet, scripted, "message")
    inside = f"<error type='cancel'><{error} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    scripted.send(f"<message type='error' from='{JULIET}' to='{DOMAIN}' id='{prompt.stanza_id}'>{inside}</message>")
    answer = waiting.result(3)
    assert answer.status_code == 403 and status in answer.text


DIALECTS = {
    "gajim": lambda p: forgery.iq(p.stanza_id, "<confirm xmlns='http://jabber.org/protocol/http-auth'/>"),
    "poezio": lambda p: forgery.iq(p.stanza_id, forgery.confirm(p)),
    "psi": lambda p: forgery.iq(p.stanza_id),
    "gajim's message": lambda p: forgery.message(forgery.thread(p.thread) + "<body>result</body>", "normal"),
    "gajim's message with confirm": lambda p: forgery.message(
        "<body>result</body>" + forgery.thread(p.thread) + "<confirm xmlns='http://jabber.org/protocol/http-auth'/>", "normal"),
    "psi's message": lambda p: forgery.message(forgery.thread(p.thread) + forgery.confirm(p), "normal"),
    "poezio's message": lambda p: forgery.message(forgery.thread(p.thread) + forgery.confirm(p)),
    "typed, in our thread": lambda p: forgery.message(forgery.thread(p.thread) + forgery.OK),
    "typed, in a thread of its own": lambda p: forgery.message(forgery.thread("5f3b") + forgery.OK),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects(juliet, scripted, dialect):
    kind = "message" if "message" in dialect or "typed" in dialect else "iq"
    waiting, prompt = begin(juliet, scripted, kind)
    scripted.send(sent_by(f"{JULIET}/home", DIALECTS[dialect](prompt)))
    assert waiting.result().content == b"content"


@pytest.mark.parametrize("word,status", [
    ("Ja", 200), ("JA!", 200), ("oui", 200), ("S\u00cd", 200), ("si\u0301", 200), ("\u00a1S\u00ed!", 200), ("Okay.", 200),
    ("Nein", 403), ("NON", 403), ("n\u00d6", 403), ("No\u2026", 403), ("ja %s", 200), ("nein %s.", 403), ("%s", 200)])
def test_words(juliet, scripted, word, status):
    """In every language, whatever the prompt's was."""
    waiting, prompt = begin(juliet, scripted, "message", id="balcony-tonight")
    body = word.replace("%s", prompt.id)
    scripted.send(sent_by(f"{JULIET}/home", forgery.message(f"<body>{body}</body>")))
    assert waiting.result().status_code == status


@pytest.mark.parametrize("lang,code,text", [
    (None, "en", "Somebody at 127.0.0.1 wants to read \u201ca\u201d"), ("en-GB", "en", "Its size is 7 bytes. It was stored by romeo@localhost."),
    ("de", "de", "m\u00f6chte \u201ea\u201c in Ihrem Namen lesen. Die Gr\u00f6\u00dfe betr\u00e4gt 7 Byte. Abgelegt hat es romeo@localhost."),
    ("fr-CA", "fr", "veut lire \u00ab\u00a0a\u00a0\u00bb en votre nom. Sa taille est de 7 octets."), ("es", "es", "quiere leer \u00aba\u00bb en su nombre."),
    ("tlh", "en", "Somebody at")])
def test_language(juliet, scripted, lang, code, text):
    """That of what the account's clients have sent last."""
    if lang:
        scripted.send(f"<presence from='{JULIET}/x' to='{DOMAIN}' xml:lang='fr'/>")
        scripted.send(f"<message from='{JULIET}/home' to='{DOMAIN}' xml:lang='{lang}'><body>hello</body></message>")
        scripted.send(f"<message from='romeo@localhost' to='{DOMAIN}' xml:lang='es'><body>hello</body></message>")
        scripted.settle()
    waiting, prompt = begin(juliet, scripted, "message", id="balcony-tonight")
    assert prompt.lang == code
    assert text in prompt.body and "balcony-tonight" in prompt.body and "OK" in prompt.body and prompt.url in prompt.body
    scripted.send(yes(prompt))
    assert waiting.result().status_code == 200


@pytest.mark.parametrize("heard,code", [(None, "de"), ("fr", "fr")])
def test_language_of_an_error(juliet, scripted, heard, code):
    """When nothing else is known of an account, it is that of the client which cannot answer the IQ."""
    if heard:
        scripted.send(f"<presence from='{JULIET}/home' to='{DOMAIN}' xml:lang='{heard}'/>")
    waiting, prompt = begin(juliet, scripted, "iq")
    scripted.send(f"<iq type='error' from='{JULIET}/home' to='{DOMAIN}' id='{prompt.stanza_id}' xml:lang='de'><error type='cancel'>"
                  "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
    second = scripted.wait_for_prompt(2)
    assert second.lang == code
    scripted.send(sent_by(f"{JULIET}/home", forgery.message(forgery.OK)))
    assert waiting.result().status_code == 200


def test_what_a_prompt_says(world, scripted):
    """Of an upload, what is to come; of the asked person's own file, no owner; names are cut by characters."""
    juliet = set_up(world, scripted)
    romeo = world.person(ROMEO, online=False)
    scripted.answer = yes

    def asked(method, path, body=None, **how):
        assert romeo.request(method, path, body, jid=ROMEO, **how).status_code < 300
        return scripted.prompts[-1].body
    body = asked("PUT", "/" + "\u65e5" * 70, b"x" * 1500)
    assert "store \u201c" + "\u65e5" * 64 + "\u2026\u201d" in body and "Its size is 1.5 kB." in body
    assert "stored by" not in asked("GET", "/a")
    assert "\u201c/\u201d" in asked("PROPFIND", "/")
    assert "Its size" not in asked("PUT", "/chunked", iter([b"x"]))
    assert "create the folder \u201cd\u201d" in asked("MKCOL", "/d")
    assert "copy \u201ca\u201d" in asked("COPY", "/a", headers={"Destination": "/b"})
    assert "OK also allows one download" in asked("HEAD", "/a")
    assert all("\n" not in prompt.body for prompt in scripted.prompts if prompt.body)


def test_what_we_ask_ourselves(world, scripted):
    """A prompt to our own domain comes back as it went, with its thread: nobody has said yes."""
    set_up(world, scripted)
    romeo = world.person(ROMEO, online=False)
    scripted.answer = yes
    romeo.share("/a", [DOMAIN])
    scripted.answer = lambda prompt: (
        f"<message from='{DOMAIN}' to='{DOMAIN}'><thread>{prompt.thread}</thread><body>{prompt.body}</body>"
        f"{forgery.confirm(prompt)}</message>")
    before = len(scripted.prompts)
    assert romeo.get("/a", jid=DOMAIN).status_code == 403
    assert len(scripted.prompts) == before
