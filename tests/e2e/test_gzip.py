"""Listings in gzip for who takes it: RFC 9110, 8.4 and 12.5.3."""

import base64
import gzip
import os
import re
import socket
import struct
import subprocess

import pytest

from daemon import basic, new_id
from wire import Reader, connect, head

ROMEO = "romeo@localhost"
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
def romeo(world, prosody):
    world.daemon(prosody)
    return world.person(ROMEO)


def fill(romeo, count):
    romeo.request("MKCOL", "/c")
    for i in range(count):
        assert romeo.put(f"/c/{i:04}", b"x").status_code == 201


def curl(romeo, method, path, *options):
    """The body as curl decodes it, and the fields as they came."""
    credentials = "Authorization: " + basic(romeo.full, new_id())["Authorization"]
    result = subprocess.run(["curl", "-sS", "-i", "-X", method, "-H", credentials, "-H", "Depth: 1", *options,
                             romeo.daemon.base + path], capture_output=True, timeout=60, check=True)
    fields, body = result.stdout.split(b"\r\n\r\n", 1)
    return fields.decode().lower(), body


@pytest.mark.parametrize("members", [3, 700])
def test_same_listing(romeo, members):
    """Whole and in pages, what is coded is what is plain, and Vary stands on both."""
    fill(romeo, members)
    for method, wanted in (("PROPFIND", 207), ("GET", 200)):
        plain = romeo.request(method, "/c/", headers={**PLAIN, "Depth": "1"})
        assert plain.status_code == wanted and plain.content.count(b"/c/0") == members
        assert "Content-Encoding" not in plain.headers and plain.headers["Vary"] == "Accept-Encoding"
        fields, body = curl(romeo, method, "/c/", "--compressed")
        assert body == plain.content and "\r\nvary: accept-encoding" in fields
        assert ("\r\ncontent-encoding: gzip" in fields) == (len(body) >= 1024)
        fields, coded = curl(romeo, method, "/c/", "-H", "Accept-Encoding: br;q=1, gzip;q=0.5, *;q=0")
        if len(body) >= 1024:
            assert gzip.decompress(coded) == body and len(coded) < len(body) / 4
        fields, old = curl(romeo, method, "/c/", "--http1.0", "--compressed")
        assert old == body and "transfer-encoding" not in fields
        for refusal in ("gzip;q=0", "identity", "gzip;q=0, *", "deflate", "*;q=0", "gzip;q=x"):
            answer = romeo.request(method, "/c/", headers={"Accept-Encoding": refusal, "Depth": "1"})
            assert answer.content == body and "Content-Encoding" not in answer.headers, refusal


@pytest.mark.parametrize("members", [3, 60, 300])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_head_says_what_get_says(romeo, members, coding, version):
    fill(romeo, members)
    said = {}
    for method in ("GET", "HEAD"):
        with connect(romeo.daemon) as s:
            s.sendall(head(romeo.daemon, f"{method} /c HTTP/{version}", f"Accept-Encoding: {coding}", "Connection: close",
                           person=romeo))
            fields = Reader(s).until(b"\r\n\r\n").decode().split("\r\n")
            said[method] = [field for field in fields if not field.startswith("Date:")]
    assert said["GET"] == said["HEAD"]
    assert ("Content-Encoding: gzip" in said["GET"]) == (coding == "gzip" and members > 3)


def test_keeps_the_connection(romeo):
    """The answer ends where it says, coded or not, and the next one follows."""
    fill(romeo, 300)
    with connect(romeo.daemon) as s:
        asked = [("PROPFIND", "gzip"), ("HEAD", "gzip"), ("GET", "gzip"), ("PROPFIND", "identity"), ("PROPFIND", "gzip")]
        s.sendall(b"".join(head(romeo.daemon, f"{method} /c/ HTTP/1.1", f"Accept-Encoding: {coding}", "Depth: 1", person=romeo)
                           for method, coding in asked))
        reader = Reader(s)
        answers = [reader.answer(method) for method, _ in asked]
    assert [answer.status for answer in answers] == [207, 200, 200, 207, 207]
    assert gzip.decompress(answers[0].body) == answers[3].body == gzip.decompress(answers[4].body)
    assert gzip.decompress(answers[2].body).count(b"\n") == 300


def test_files_are_never_coded(romeo):
    """A strong ETag names bytes, and there is one for each content."""
    content = b"the same again and again " * 1000
    romeo.put("/a", content, headers={"Content-Type": "text/plain"})
    seen = [romeo.get("/a", headers={"Accept-Encoding": coding}) for coding in ("gzip", "identity", "*")]
    seen.append(romeo.get("/a", headers={"Accept-Encoding": "gzip", "Range": "bytes=0-"}))
    for answer in seen:
        assert answer.content == content and answer.headers["ETag"] == seen[0].headers["ETag"]
        assert "Content-Encoding" not in answer.headers and "Vary" not in answer.headers


def test_not_modified(romeo):
    """RFC 9110, 15.4.5: a 304 says of the coding what a 200 would have said."""
    fill(romeo, 1)
    answer = romeo.get("/c", headers={"If-None-Match": "*"})
    assert answer.status_code == 304 and answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Location"] == "/c/" and "Content-Encoding" not in answer.headers


def test_client_that_goes_away(romeo):
    """In the middle of a page, in the middle of the listing: what was taken for it is given back (the sanitizers look)."""
    fill(romeo, 1)
    noise = base64.b64encode(os.urandom(48000)).decode()
    romeo.request("PROPPATCH", "/c/0000", f"<propertyupdate xmlns='DAV:'><set><prop><n xmlns='urn:x'>{noise}</n></prop></set>"
                                          "</propertyupdate>")
    for i in range(1, 150):
        assert romeo.request("COPY", "/c/0000", headers={"Destination": f"/c/{i:04}"}).status_code == 201
    gone = []
    for version in ("1.0", "1.1"):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", romeo.daemon.port))
        s.sendall(head(romeo.daemon, f"PROPFIND /c/ HTTP/{version}", "Depth: 1", "Accept-Encoding: gzip", person=romeo))
        got = s.recv(4096)
        assert b" 207 " in got and b"Content-Encoding: gzip" in got
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.append(s)
    for s in gone:
        s.close()
    assert len(re.findall("<D:href>/c/", romeo.propfind("/c/", depth="1", headers=PLAIN).text)) == 151
    assert romeo.daemon.health().status_code == 200
