"""Every listing of XEP-0129, as it stands there, with the answer that it should get."""

import socket

import pytest

MONTAGUE = {"users": "montague.net", "base_url": "http://files.shakespeare.lit"}

PUT = """PUT /missive.html HTTP/1.1
Host: files.shakespeare.lit
Authorization: Basic cm9tZW9AbW9udGFndWUubmV0
If-None-Match: *
Content-Length: xxx
Content-Type: text/html

[body omitted]"""

PROPPATCH = """PROPPATCH /missive.html HTTP/1.1
Host: files.shakespeare.lit
Authorization: Basic cm9tZW9AbW9udGFndWUubmV0
Content-Type: text/xml
Content-Length: 243

<propertyupdate xmlns='DAV:'>
  <set>
    <prop>
      <jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>
        <jid>juliet@capulet.com</jid>
        <jid>benvolio@montague.net/home</jid>
        <jid>mercutio@capulet.com</jid>
      </jidlist>
    </prop>
  </set>
</propertyupdate>
"""

GET = """GET /missive.html HTTP/1.1
Host: files.shakespeare.lit
Authorization: Digest username="juliet@capulet.com",
               realm="xmpp",
               nonce="ec2cc00f21f71acd35ab9be057970609",
               uri="missive.html",
               qop=auth,
               nc=00000001,
               cnonce="0a4f113b",
               response="6629fae49393a05397450978507c4ef1",
               opaque="5ccc069c403ebaf9f0171e9517f40e41"

"""


def exchange(daemon, listing, fold=False):
    """The listing on the wire: the lines as they are, the length that its body has, a folded field on one line."""
    head, body = listing.split("\n\n", 1)
    lines = []
    for line in head.split("\n"):
        if line.startswith(" ") and not fold:
            lines[-1] += " " + line.strip()
        elif line.startswith("Content-Length:"):
            lines.append(f"Content-Length: {len(body)}")
        else:
            lines.append(line)
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as s:
        s.sendall(("\r\n".join(lines + ["Connection: close"]) + "\r\n\r\n" + body).encode())
        answer = b""
        while more := s.recv(65536):
            answer += more
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), head, body


@pytest.fixture
def stage(world, server):
    daemon = world.daemon(server, **MONTAGUE)
    return daemon, world.person("romeo@montague.net"), world.person("juliet@capulet.com")


def test_listings(stage):
    daemon, romeo, juliet = stage
    status, head, _ = exchange(daemon, PUT)
    assert status == 201 and "Location: http://files.shakespeare.lit/missive.html" in head
    prompt = romeo.prompts[0]
    assert (prompt.kind, prompt.method, prompt.url) == ("message", "PUT", "http://files.shakespeare.lit/missive.html")
    assert exchange(daemon, PUT)[0] == 412
    assert exchange(daemon, GET)[0] == 401
    status, head, body = exchange(daemon, PROPPATCH)
    assert status == 207 and "200 OK" in body and "http://www.xmpp.org/extensions/xep-0129.html#ns" in body
    status, head, _ = exchange(daemon, GET)
    assert status == 401 and "WWW-Authenticate: Basic" in head
    status, _, _ = exchange(daemon, GET, fold=True)
    assert status == 400, "a folded field is no field any more (RFC 9112, 5.2)"
    assert juliet.prompts == []
    basic = "GET /missive.html HTTP/1.1\nHost: files.shakespeare.lit\nAuthorization: Basic anVsaWV0QGNhcHVsZXQuY29t\n\n"
    status, head, body = exchange(daemon, basic)
    assert (status, body) == (200, "[body omitted]")
    assert "Content-Type: text/html" in head and "Content-Disposition: attachment" in head
    prompt = juliet.prompts[0]
    assert (prompt.kind, prompt.method, prompt.url) == ("message", "GET", "http://files.shakespeare.lit/missive.html")


def test_discovery(stage):
    daemon, romeo, _ = stage
    items = romeo.iq("get", "montague.net", "http://jabber.org/protocol/disco#items", "query")
    if romeo.server.name == "prosody":
        assert "files.localhost" in [item.get("jid") for item in items.iter() if item.get("jid")]
    info = romeo.iq("get", "files.localhost", "http://jabber.org/protocol/disco#info", "query")
    features = [f.get("var") for f in info.iter("{http://jabber.org/protocol/disco#info}feature")]
    for feature in ("http://jabber.org/protocol/http-auth", "http://www.xmpp.org/extensions/xep-0129.html#ns",
                    "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items", "urn:xmpp:ping",
                    "jabber:iq:version"):
        assert feature in features
    identity = info.find(".//{http://jabber.org/protocol/disco#info}identity")
    # Its base URL is neither https nor on this machine: no slots, and so no store/file (test_slots.py).
    assert (identity.get("category"), identity.get("type")) == ("component", "generic")
    values = [v.text for v in info.iter("{jabber:x:data}value")]
    assert "http://files.shakespeare.lit/" in values and str(10 << 30) in values


@pytest.mark.parametrize("namespace,name,kind,found", [
    ("urn:xmpp:ping", "ping", "get", "result"),
    ("jabber:iq:version", "query", "get", "result"),
    ("http://jabber.org/protocol/disco#items", "query", "get", "result"),
    ("urn:example:unknown", "query", "get", "service-unavailable"),
    ("urn:example:unknown", "query", "set", "service-unavailable"),
    ("http://jabber.org/protocol/disco#info", "query", "set", "service-unavailable"),
    ("http://jabber.org/protocol/http-auth", "confirm", "get", "service-unavailable"),
])
def test_iqs(world, prosody, namespace, name, kind, found):
    world.daemon(prosody)
    romeo = world.person("romeo@localhost")
    answer = romeo.iq(kind, "files.localhost", namespace, name)
    if found == "result":
        assert answer.get("type") == "result"
    else:
        assert answer.find(f".//{{urn:ietf:params:xml:ns:xmpp-stanzas}}{found}") is not None


def test_survives_what_users_send(world, server):
    """Whatever comes, the stream stays: deep, wide, large, odd, unasked."""
    daemon = world.daemon(server)
    romeo = world.person("romeo@localhost")
    deep = "<a>" * 60 + "</a>" * 60
    for stanza in (
            f"<message to='files.localhost'>{deep}</message>",
            "<message to='files.localhost'><body>" + "x" * 100000 + "</body></message>",
            "<message to='files.localhost'>" + "<a/>" * 3000 + "</message>",
            f"<iq to='files.localhost' type='get' id='deep'>{deep}</iq>",
            "<iq to='files.localhost' type='result' id='unasked'/>",
            "<iq to='files.localhost' type='error' id='unasked'><error type='cancel'/></iq>",
            "<presence to='files.localhost'/>",
            "<presence to='files.localhost' type='subscribe'/>",
            "<message to='somebody@files.localhost/x' type='groupchat'><thread/><body/><subject/></message>",
            "<message to='files.localhost'><confirm xmlns='http://jabber.org/protocol/http-auth'/></message>",
            "<iq to='files.localhost' type='get' id='two'><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>"):
        romeo.send_raw(stanza)
    assert romeo.iq("get", "files.localhost", "urn:xmpp:ping", "ping").get("type") == "result"
    assert "xmpp-lost" not in daemon.log()
    assert romeo.put("/after", b"x").status_code == 201
