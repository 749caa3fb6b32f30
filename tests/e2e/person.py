"""Somebody with an XMPP client (slixmpp), who is asked and answers; and who uses WebDAV."""

import asyncio
import ssl
import threading
import xml.etree.ElementTree as ET
from unittest import mock

import requests
import slixmpp
from slixmpp.xmlstream import ET as SET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath, MatchXPath

from daemon import basic, new_id
from servers import DOMAIN, PASSWORD

AUTH = "http://jabber.org/protocol/http-auth"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


def call(coroutine, seconds=30):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(seconds)


class Prompt:
    """What came: an IQ or a message with <confirm/>."""

    def __init__(self, person, stanza):
        self.person = person
        self.stanza = stanza
        self.kind = stanza.name
        confirm = stanza.xml.find(f"{{{AUTH}}}confirm")
        self.id, self.method, self.url = (confirm.get(k) for k in ("id", "method", "url"))
        self.body = stanza["body"] if self.kind == "message" else None
        self.thread = stanza["thread"] if self.kind == "message" else None

    def yes(self, **how):
        self.person.answer(self, True, **how)

    def no(self, **how):
        self.person.answer(self, False, **how)


def trusting():
    """One for all: loading the system's authorities takes longer than all else that a test does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


TRUSTING = trusting()


class Client(slixmpp.ClientXMPP):
    """Bare: what comes in is handed to the person, nothing is answered by a plugin. PLAIN, for its SCRAM is slow."""

    def __init__(self, jid, person):
        with mock.patch("ssl.create_default_context", return_value=trusting()):
            super().__init__(jid, PASSWORD, sasl_mech="PLAIN")
        self.person = person
        self.ready = asyncio.Event()
        self.add_event_handler("session_start", lambda _: self.ready.set())
        self.register_handler(Callback("asked", MatchXPath(f"{{jabber:client}}iq/{{{AUTH}}}confirm"), person.take_iq))
        self.add_event_handler("message", person.take_message)
        self.add_event_handler("message_error", person.take_message)

    def get_ssl_context(self):
        return TRUSTING


class Person:
    def __init__(self, daemon, server, jid, resource="home", online=True):
        self.daemon = daemon
        self.server = server
        self.bare = jid
        self.resource = resource
        self.full = f"{jid}/{resource}"
        self.answers = "yes"  # or "no", "nothing"
        self.prompts = []
        self.messages = []
        self.changed = threading.Condition()
        self.client = None
        if online:
            self.connect()

    # ---- XMPP ----

    def connect(self, presence=True):
        async def start():
            client = Client(self.full, self)
            client.connect(("127.0.0.1", self.server.c2s), disable_starttls=False, use_ssl=False)
            await asyncio.wait_for(client.ready.wait(), 20)
            if presence:
                client.send_presence()
            return client
        self.client = call(start())
        self.sync()
        return self

    def sync(self):
        """Returns when the server has seen all that we sent before."""
        self.iq("get", self.bare.split("@")[1], "http://jabber.org/protocol/disco#info", "query")

    def iq(self, kind, to, namespace, name, seconds=20):
        """The answer's element, be it an error."""
        return self.ask(kind, SET.Element(f"{{{namespace}}}{name}"), to, seconds)

    def ask(self, kind, payload, to=DOMAIN, seconds=20):
        """The same with a payload of any kind, an element or its text."""
        async def ask():
            iq = self.client.make_iq(ito=to, itype=kind)
            iq.append(SET.fromstring(payload) if isinstance(payload, str) else payload)
            try:
                return (await iq.send(timeout=seconds)).xml
            except slixmpp.exceptions.IqError as error:
                return error.iq.xml
        return call(ask(), seconds + 5)

    def send_raw(self, text):
        async def send():
            self.client.send_raw(text)
        call(send())

    def disconnect(self):
        if not self.client:
            return
        client, self.client = self.client, None

        async def end():
            done = client.disconnect(wait=1)
            if done is not None:
                await asyncio.wait_for(done, 5)
        try:
            call(end(), 10)
        except (asyncio.TimeoutError, TimeoutError):
            pass

    # ---- being asked ----

    def take_iq(self, iq):
        if iq["type"] == "get":
            self.take(Prompt(self, iq))

    def take_message(self, message):
        if message.xml.find(f"{{{AUTH}}}confirm") is not None and message["type"] != "error":
            self.take(Prompt(self, message))
            return
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def take(self, prompt):
        with self.changed:
            self.prompts.append(prompt)
            self.changed.notify_all()
        if self.answers != "nothing":
            self.answer(prompt, self.answers == "yes", inside=True)

    def answer(self, prompt, yes, to=DOMAIN, id=None, thread=None, confirm=None, error="not-authorized", body=None,
               inside=False):
        """Answers in the form of XEP-0070, 4.2; what is given is said in place of the truth."""
        attributes = {"id": prompt.id, "method": prompt.method, "url": prompt.url}
        attributes.update(confirm or {})
        if prompt.kind == "iq":
            out = SET.Element("{jabber:client}iq", {"type": "result" if yes else "error", "to": to,
                                                    "id": id or prompt.stanza["id"]})
        else:
            out = SET.Element("{jabber:client}message", {"to": to})
            if not yes:
                out.set("type", "error")
            SET.SubElement(out, "{jabber:client}thread").text = thread or prompt.thread
            if body:
                SET.SubElement(out, "{jabber:client}body").text = body
        SET.SubElement(out, f"{{{AUTH}}}confirm", attributes)
        if not yes:
            wrong = SET.SubElement(out, "{jabber:client}error", {"type": "auth", "code": "401"})
            SET.SubElement(wrong, f"{{{STANZAS}}}{error}")
        text = SET.tostring(out, encoding="unicode")
        if inside:
            self.client.send_raw(text)
        else:
            self.send_raw(text)

    def say(self, body, to=DOMAIN, extra="", kind="chat"):
        """What a person types into a client that knows nothing of prompts."""
        self.send_raw(f"<message to='{to}' type='{kind}'><body>{body}</body>{extra}</message>")

    def wait_for_prompt(self, count=1, seconds=10):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.prompts) >= count, seconds), \
                f"{self.full}: {len(self.prompts)} prompts and not {count}"
            return self.prompts[count - 1]

    def wait_for_message(self, check=lambda message: True, seconds=20):
        with self.changed:
            assert self.changed.wait_for(lambda: any(check(m) for m in self.messages), seconds), \
                f"{self.full}: no such message in {self.messages}"
            return next(m for m in self.messages if check(m))

    # ---- WebDAV ----

    def request(self, method, path, body=None, headers=None, id=None, jid=None, timeout=30, **more):
        url = path if path.startswith("http") else self.daemon.base + path
        credentials = basic(jid or self.full, id or new_id())
        if method == "PROPFIND":
            headers = {"Depth": "0", **(headers or {})}
        return requests.request(method, url, data=body, headers={**credentials, **(headers or {})}, timeout=timeout,
                                allow_redirects=False, **more)

    def get(self, path, **how):
        return self.request("GET", path, **how)

    def put(self, path, body=b"hello", new=True, **how):
        headers = dict(how.pop("headers", {}))
        if new:
            headers.setdefault("If-None-Match", "*")
        return self.request("PUT", path, body, headers=headers, **how)

    def share(self, path, jids, **how):
        """Sets the jidlist; None removes it."""
        inside = "<jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>%s</jidlist>" % "".join(
            f"<jid>{jid}</jid>" for jid in jids or [])
        verb = "remove" if jids is None else "set"
        body = f"<D:propertyupdate xmlns:D='DAV:'><D:{verb}><D:prop>{inside}</D:prop></D:{verb}></D:propertyupdate>"
        answer = self.request("PROPPATCH", path, body.encode(), **how)
        assert answer.status_code == 207, answer.text
        assert " 200 " in answer.text, answer.text
        return answer

    def propfind(self, path, body=None, depth="0", **how):
        return self.request("PROPFIND", path, body, headers={"Depth": depth, **how.pop("headers", {})}, **how)

    def hrefs(self, path, depth="1", **how):
        answer = self.propfind(path, depth=depth, **how)
        assert answer.status_code == 207, answer.text
        return [href.text for href in ET.fromstring(answer.content).iterfind("{DAV:}response/{DAV:}href")]

    def later(self, method, path, **how):
        """The request in a thread of its own: result() waits for the answer."""
        return Later(lambda: self.request(method, path, **how))


class Later:
    def __init__(self, work):
        self.outcome = None
        self.thread = threading.Thread(target=self.run, args=(work,), daemon=True)
        self.thread.start()

    def run(self, work):
        try:
            self.outcome = work()
        except Exception as error:  # told to whoever waits
            self.outcome = error

    def result(self, seconds=30):
        self.thread.join(seconds)
        assert not self.thread.is_alive(), "no answer yet"
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def end_all():
    """Nothing of slixmpp's is left behind when the tests end."""
    async def cancel():
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)
    call(cancel())
    loop.call_soon_threadsafe(loop.stop)
