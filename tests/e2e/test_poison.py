"""What strangers put into requests never reaches the XMPP stream as anything but data: one ill-formed stanza would end it, and with it every
waiting confirm."""

import base64
import re
import socket

from component_server import ComponentServer, yes
from daemon import new_id
from servers import DOMAIN
from wire import Reader, connect

ROMEO = "romeo@localhost"

POISONS = {
    "NUL": b"\x00", "SOH": b"\x01", "ESC": b"\x1b[31m", "US": b"\x1f", "DEL": b"\x7f", "NEL": "\u0085".encode(), "LF": b"a\nb",
    "CRLF": b"a\r\nX-A: b", "tab": b"a\tb", "not UTF-8": b"a\xff\xfe", "overlong": b"\xc0\xaf", "surrogate": b"\xed\xa0\x80",
    "cut": b"\xe2\x80", "too high": b"\xf5\x80\x80\x80", "CDATA": b"]]>", "markup": b"</body></message><x y='\"'>&#0;&lol;",
    "direction": "\u202egpj.exe".encode(), "isolate": "\u2067a\u2069".encode(), "line": "a\u2028b\u2029c".encode(),
    "noncharacter": "\ufffe\uffff".encode(), "tag": "\U000e0041".encode(), "64 KB": b"x" * 65536, "64 KB of markup": b"<" * 65536,
    "1000": b"y" * 1000, "host": b"www.evil.example", "link": b"https://evil.example/x", "link of one segment": b"https:evil.example",
    "xmpp link": b"xmpp:a@b.example", "address": b"a@b.example", "wide": "www．evil。example".encode(),
    "quotes": "x\u201d. Answer OK. \u201c\"'".encode(),
}


def basic_of(jid, id):
    return b"Authorization: Basic " + base64.b64encode(jid + b":" + id)


def encoded(value):
    return b"".join(b"%%%02X" % byte for byte in value)


PLACES = {
    "localpart": lambda p: ("GET", b"/a", [basic_of(p + b"@localhost", b"identifier")]),
    "domain": lambda p: ("GET", b"/a", [basic_of(b"romeo@" + p, b"identifier")]),
    "resourcepart": lambda p: ("GET", b"/a", [basic_of(b"romeo@localhost/" + p, b"identifier")]),
    "identifier": lambda p: ("GET", b"/a", [basic_of(b"romeo@localhost", p)]),
    "path": lambda p: ("PUT", b"/" + encoded(p)[:4096], []),
    "raw path": lambda p: ("PUT", b"/" + p, []),
    "segments": lambda p: ("GET", b"/" + encoded(p)[:2048] + b"/" + encoded(p)[:2048], []),
    "Host": lambda p: ("GET", b"/a", [b"Host: " + p]),
    "X-Forwarded-For": lambda p: ("GET", b"/a", [b"X-Forwarded-For: " + p]),
    "X-Forwarded-Host": lambda p: ("GET", b"/a", [b"X-Forwarded-Host: " + p]),
    "X-Forwarded-Proto": lambda p: ("GET", b"/a", [b"X-Forwarded-Proto: " + p]),
    "Forwarded": lambda p: ("GET", b"/a", [b"Forwarded: for=\"" + p + b"\""]),
    "Destination": lambda p: ("COPY", b"/a", [b"Destination: /" + p]),
    "encoded Destination": lambda p: ("COPY", b"/a", [b"Destination: /" + encoded(p)[:4096]]),
    "method": lambda p: (p.decode("latin-1"), b"/a", []),
    "Digest": lambda p: ("GET", b"/a", [b"Authorization: Digest username=\"" + p + b"\", cnonce=\"" + p + b"\""]),
}


def send(daemon, method, path, fields):
    """Whatever is answered, and be it nothing at all."""
    head = [method.encode("latin-1") + b" " + path + b" HTTP/1.1", *fields]
    if not any(field.startswith(b"Host:") for field in fields):
        head.append(f"Host: 127.0.0.1:{daemon.port}".encode())
    if not any(field.startswith(b"Authorization:") for field in fields):
        head.append(basic_of(ROMEO.encode(), new_id().encode()))
    data = b"\r\n".join(head + [b"Content-Length: 0", b"", b""])
    with connect(daemon) as s:
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            return Reader(s).answer(method).status
        except (OSError, EOFError):
            return 0


def check_body(daemon, body):
    """One line; the request's URL, which is ours, and no other; nothing that a client would make a link of."""
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", body), ascii(body)
    text, url = body.rsplit(" ", 1)
    assert re.fullmatch(re.escape(daemon.base) + r"/[A-Za-z0-9._~/%-]*\u2026?", url), ascii(body)
    text = text.replace("127.0.0.1", "").replace(f"stored by {ROMEO}.", "")
    assert "://" not in text and not re.search(r"(https?|xmpp|mailto):|www\.|\w@\w|\w\.\w", text), ascii(body)


def check_all(daemon, ask_normally, bodies):
    shown = ""
    for place, make in PLACES.items():
        for name, poison in POISONS.items():
            status = send(daemon, *make(poison))
            assert status in (0, 200, 201, 204, 207) or 400 <= status < 500 or status in (501, 502, 507), (place, name, status)
            for body in bodies():
                check_body(daemon, body)
                shown += body
        assert "xmpp-lost" not in daemon.log(), place
        ask_normally()
    assert "xmpp-lost" not in daemon.log()
    # It was not all refused at the door: the words themselves have been seen.
    assert "www\u2024evil\u2024example" in shown and "https\u2236evil\u2024example" in shown and "\ufffd" in shown


def test_scripted(world):
    """A strict reader of XML that answers everything."""
    scripted = ComponentServer()
    scripted.answer = yes
    try:
        daemon = world.daemon(scripted, trusted_proxies="127.0.0.1")
        romeo = world.person(ROMEO, online=False)
        assert romeo.put("/a", b"x", jid=ROMEO).status_code == 201

        def bodies():
            taken = [prompt.body for prompt in scripted.prompts if prompt.body]
            scripted.prompts.clear()
            return taken

        def ask_normally():
            assert romeo.get("/a").status_code == 200
        check_all(daemon, ask_normally, bodies)
        assert scripted.streams == 1
    finally:
        scripted.close()


def test_servers(world, server):
    """Prosody and ejabberd close a component's stream at the first thing that they do not like."""
    daemon = world.daemon(server, trusted_proxies="127.0.0.1")
    romeo = world.person(ROMEO)
    assert romeo.put("/a", b"x", jid=ROMEO).status_code == 201

    def bodies():
        taken = [prompt.body for prompt in romeo.prompts if prompt.body]
        romeo.prompts.clear()
        return taken

    def ask_normally():
        assert romeo.get("/a").status_code == 200
    check_all(daemon, ask_normally, bodies)


def test_an_id_that_is_too_long_to_answer(world):
    """Each answer repeats it: with a little more it would be what ends the stream. Nobody's client makes such."""
    scripted = ComponentServer()
    try:
        daemon = world.daemon(scripted)
        for size in (1_025, 60_000, 500_000):
            scripted.send(f"<iq type='get' from='tybalt@capulet.lit/1' to='{DOMAIN}' id='{'i' * size}'><ping xmlns='urn:xmpp:ping'/></iq>")
            scripted.settle()
        assert [len(id) for _, id in scripted.stanzas if len(id or "") > 100] == []
        scripted.send(f"<iq type='get' from='tybalt@capulet.lit/1' to='{DOMAIN}' id='{'i' * 1_024}'><ping xmlns='urn:xmpp:ping'/></iq>")
        scripted.settle()
        assert ("result", "i" * 1_024) in scripted.stanzas
        assert daemon.log().count("event=xmpp-up") == 1
    finally:
        scripted.close()
