"""What is no answer to a prompt, by who sends it: HOME is who was asked, with the resource "home"."""

import pytest

from person import AUTH
from servers import DOMAIN

HOME, WORK, TYBALT = "home", "work", "tybalt"

OK = "<body>OK</body>"
REFUSAL = "<error type='auth'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"


def iq(id, inside="", kind="result", to=DOMAIN):
    return f"<iq type='{kind}' to='{to}' id='{id}'>{inside}</iq>"


def message(inside, kind="chat", to=DOMAIN):
    return f"<message type='{kind}' to='{to}'>{inside}</message>"


def thread(value):
    return f"<thread>{value}</thread>"


def confirm(prompt, **other):
    said = {"id": prompt.id, "method": prompt.method, "url": prompt.url, **other}
    return f"<confirm xmlns='{AUTH}' " + " ".join(f"{name}='{value}'" for name, value in said.items()) + "/>"


def copy(inside):
    """XEP-0297; what is inside says its namespace itself."""
    return f"<forwarded xmlns='urn:xmpp:forward:0'>{inside.replace(' ', ' xmlns=' + repr('jabber:client') + ' ', 1)}</forwarded>"


def carbon(direction, inside):
    return f"<{direction} xmlns='urn:xmpp:carbons:2'>{copy(inside)}</{direction}>"


# To a prompt that went as IQ to the full JID.
IQ = [
    ("another account", TYBALT, lambda p: iq(p.stanza_id)),
    ("another account's no", TYBALT, lambda p: iq(p.stanza_id, REFUSAL, "error")),
    ("another resource", WORK, lambda p: iq(p.stanza_id)),
    ("another resource's no", WORK, lambda p: iq(p.stanza_id, REFUSAL, "error")),
    ("another id", HOME, lambda p: iq("0" * 32)),
    ("the id in capitals", HOME, lambda p: iq(p.stanza_id.upper() + "A")),
    ("the id and more", HOME, lambda p: iq(p.stanza_id + "0")),
    ("less than the id", HOME, lambda p: iq(p.stanza_id[:-1])),
    ("the transaction id", HOME, lambda p: iq(p.id)),
    ("to a resource of ours", HOME, lambda p: iq(p.stanza_id, to=f"{DOMAIN}/x")),
    ("to an account of ours", HOME, lambda p: iq(p.stanza_id, to=f"x@{DOMAIN}")),
    ("another transaction", HOME, lambda p: iq(p.stanza_id, confirm(p, id="another"))),
    ("another method", HOME, lambda p: iq(p.stanza_id, confirm(p, method="PUT"))),
    ("another URL", HOME, lambda p: iq(p.stanza_id, confirm(p, url=p.url + "/b"))),
    ("a no to another URL", HOME, lambda p: iq(p.stanza_id, confirm(p, url=p.url + "/b") + REFUSAL, "error")),
    ("a question", HOME, lambda p: iq(p.stanza_id, confirm(p), "get")),
    ("a message with the id as thread", HOME, lambda p: message(thread(p.stanza_id) + confirm(p) + OK)),
    ("a message with the id as thread, typed", HOME, lambda p: message(thread(p.stanza_id) + OK)),
    ("a typed OK", HOME, lambda p: message(OK)),
    ("a typed OK with the transaction id", HOME, lambda p: message(f"<body>OK {p.id}</body>")),
    ("a copy", HOME, lambda p: message(copy(iq(p.stanza_id)))),
    ("a copy of another's", TYBALT, lambda p: message(copy(iq(p.stanza_id)))),
    ("a carbon", HOME, lambda p: message(carbon("sent", iq(p.stanza_id)))),
]

# To a prompt that went as message to the bare JID.
MESSAGE = [
    ("another account", TYBALT, lambda p: message(thread(p.thread) + confirm(p))),
    ("another account's no", TYBALT, lambda p: message(thread(p.thread) + confirm(p) + REFUSAL, "error")),
    ("another account, typed", TYBALT, lambda p: message(OK)),
    ("another account, by id", TYBALT, lambda p: message(f"<body>OK {p.id}</body>")),
    ("another thread", HOME, lambda p: message(thread("0" * 32) + confirm(p) + OK)),
    ("a thread of ours that is over, typed", HOME, lambda p: message(thread("0" * 32) + OK)),
    ("the thread in capitals", HOME, lambda p: message(thread(p.thread.upper() + "A") + confirm(p))),
    ("no thread", HOME, lambda p: message(confirm(p))),
    ("no thread, but a word", HOME, lambda p: message(confirm(p) + OK)),
    ("another transaction", HOME, lambda p: message(thread(p.thread) + confirm(p, id="another"))),
    ("another method", HOME, lambda p: message(thread(p.thread) + confirm(p, method="PUT"))),
    ("another URL", HOME, lambda p: message(thread(p.thread) + confirm(p, url=p.url + "/b") + OK)),
    ("another id", HOME, lambda p: message("<body>OK another-identifier</body>")),
    ("an IQ with the thread as id", HOME, lambda p: iq(p.thread)),
    ("an IQ that refuses", HOME, lambda p: iq(p.thread, confirm(p) + REFUSAL, "error")),
    ("a room's", HOME, lambda p: message(OK, "groupchat")),
    ("a delayed one", HOME, lambda p: message(OK + "<delay xmlns='urn:xmpp:delay' stamp='2020-01-01T00:00:00Z'/>")),
    ("an error, typed", HOME, lambda p: message(OK, "error")),
    ("a word that Gajim says in a thread", HOME, lambda p: message("<body>result</body>")),
    ("talk", HOME, lambda p: message("<body>OK, but what is this?</body>")),
    ("to a resource of ours", HOME, lambda p: message(thread(p.thread) + confirm(p) + OK, to=f"{DOMAIN}/x")),
    ("to an account of ours", HOME, lambda p: message(thread(p.thread) + confirm(p) + OK, to=f"x@{DOMAIN}")),
    ("a copy", HOME, lambda p: message(copy(message(thread(p.thread) + confirm(p) + OK)))),
    ("a copy of another's", TYBALT, lambda p: message(copy(message(thread(p.thread) + OK)))),
    ("a carbon that was sent", HOME, lambda p: message(carbon("sent", message(thread(p.thread) + confirm(p) + OK)))),
    ("a carbon that was received", HOME, lambda p: message(carbon("received", message(thread(p.thread) + confirm(p))))),
]

both = pytest.mark.parametrize("kind,forgeries", [("iq", IQ), ("message", MESSAGE)], ids=["iq", "message"])
