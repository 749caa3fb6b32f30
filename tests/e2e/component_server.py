"""An XMPP server's component port (XEP-0114) that says what a test makes it say: any stanza, from whomever."""

import hashlib
import os
import socket
import threading
import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

from person import AUTH
from servers import DOMAIN, SECRET

NS = "jabber:component:accept"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Asked:
    """A prompt as it came over the stream."""

    def __init__(self, element):
        confirm = element.find(f"{{{AUTH}}}confirm")
        self.kind = element.tag.split("}")[1]
        self.jid = element.get("to")
        self.stanza_id = element.get("id")
        self.lang = element.get(LANG)
        self.id, self.method, self.url = (confirm.get(k) for k in ("id", "method", "url"))
        self.thread = element.findtext(f"{{{NS}}}thread")
        self.body = element.findtext(f"{{{NS}}}body")


class ComponentServer:
    """One component at a time. `answer` is called with each prompt, on the server's thread, and returns what is sent, if anything."""

    name = "scripted"

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.component = self.listener.getsockname()[1]
        self.c2s = None
        self.changed = threading.Condition()
        self.prompts = []
        self.stanzas = []
        self.answered = {}  # what came as an answer to what was sent, by its id
        self.streams = 0  # that were opened
        self.newest = None  # stanza, whole
        self.answer = lambda prompt: None
        self.connection = None
        self.closing = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        self.closing = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if self.connection:
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended already
        self.thread.join(10)

    def serve(self):
        while not self.closing:
            try:
                self.connection = self.listener.accept()[0]
            except OSError:
                return
            with self.connection:
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.converse(self.connection)

    def converse(self, connection):
        parser = ET.XMLPullParser(events=("start", "end"))
        root, depth, id = None, 0, os.urandom(8).hex()
        while data := self.receive(connection):
            parser.feed(data)
            out = []
            for event, element in parser.read_events():
                depth += 1 if event == "start" else -1
                if event == "start" and depth == 1:
                    root = element
                    out.append(f"<stream:stream xmlns='{NS}' xmlns:stream='http://etherx.jabber.org/streams' "
                               f"from='{DOMAIN}' id='{id}'>")
                elif event == "end" and depth == 1:
                    out.append(self.take(element, id))
                    root.clear()
            if text := "".join(part for part in out if part):
                connection.sendall(text.encode())

    def receive(self, connection):
        try:
            return connection.recv(1 << 18)
        except OSError:
            return b""

    def take(self, element, id):
        if element.tag == f"{{{NS}}}handshake":
            assert element.text == hashlib.sha1((id + SECRET).encode()).hexdigest()
            with self.changed:
                self.streams += 1
                self.changed.notify_all()
            return "<handshake/>"
        asked = element.find(f"{{{AUTH}}}confirm") is not None and element.get("type") not in ("result", "error")
        prompt = Asked(element) if asked else None
        with self.changed:
            self.stanzas.append((element.get("type"), element.get("id")))
            self.newest = element
            if element.get("type") in ("result", "error") and not asked:
                self.answered[element.get("id")] = element
            if prompt:
                self.prompts.append(prompt)
            self.changed.notify_all()
        return self.answer(prompt) if prompt else None

    def send(self, text):
        self.connection.sendall(text.encode())

    def wait_for_prompt(self, count=1, seconds=20):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.prompts) >= count, seconds), \
                f"{len(self.prompts)} prompts and not {count}"
            return self.prompts[count - 1]

    def wait_for_answer(self, id, seconds=20):
        """The newest stanza, which is the one of that id."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.newest is not None and self.newest.get("id") == id, seconds), \
                f"no answer to {id}"
            return self.newest
    def ask(self, who, kind, payload):
        """What the daemon answers to that person's IQ."""
        id = os.urandom(8).hex()
        self.send(f"<iq type='{kind}' from={quoteattr(who)} to='{DOMAIN}' id='{id}'>{payload}</iq>")
        with self.changed:
            assert self.changed.wait_for(lambda: id in self.answered, 20), f"no answer to {payload[:200]}"
            return self.answered.pop(id)

    def settle(self):
        """The daemon has taken all that was sent before."""
        id = os.urandom(8).hex()
        self.send(f"<iq type='get' from='pinger@localhost/1' to='{DOMAIN}' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>")
        with self.changed:
            assert self.changed.wait_for(lambda: ("result", id) in self.stanzas, 20), "no answer to a ping"


def yes(prompt):
    return answer_to(prompt, "result")


def no(prompt):
    return answer_to(prompt, "error")


def answer_to(prompt, kind):
    """As a client that knows XEP-0070 (4.2) answers."""
    error = "<error type='auth'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>" if kind == "error" else ""
    if prompt.kind == "iq":
        return f"<iq type='{kind}' from={quoteattr(prompt.jid)} to='{DOMAIN}' id='{prompt.stanza_id}'>{error}</iq>"
    kind = " type='error'" if error else ""
    return (f"<message{kind} from={quoteattr(prompt.jid + '/phone')} to='{DOMAIN}'><thread>{prompt.thread}</thread>"
            f"<confirm xmlns='{AUTH}'/>{error}</message>")
