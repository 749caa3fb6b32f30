"""The requests of clients that cannot run here, one after the other as they are documented or were seen; with app passwords."""

import os
import re
import unicodedata
import xml.etree.ElementTree as ET
from urllib.parse import quote

import pytest
import requests

from daemon import basic
from test_passwords import mint
from wire import ask, connect, Reader

ROMEO, JULIET, BENVOLIO = "romeo@localhost", "juliet@capulet.localhost", "benvolio@localhost"


@pytest.fixture
def romeo(world, prosody):
    return Client(world.daemon(prosody), ROMEO)


class Client:
    """Asks on one connection, with the fields that the client always sends."""

    def __init__(self, daemon, jid, **always):
        self.daemon, self.base = daemon, daemon.base
        self.jid, self.password = jid, mint(daemon, jid)
        self.session = requests.Session()
        self.session.headers.clear()
        self.session.headers.update({**basic(jid, self.password), **always})

    def ask(self, method, path, status, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.session.request(method, self.base + quote(path), data=body, headers=headers, timeout=30,
                                      allow_redirects=False)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer

    def names(self, path):
        """What a listing of the collection shows, as it was spelled."""
        found = ET.fromstring(self.ask("PROPFIND", path, 207, Depth="1").content)
        return [href.text for href in found.iterfind("{DAV:}response/{DAV:}href")]

    def lock(self, path, status, timeout="Second-3600", depth="infinity", owner="x"):
        body = (f'<?xml version="1.0" encoding="utf-8" ?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
                f'<D:locktype><D:write/></D:locktype><D:owner><D:href>{owner}</D:href></D:owner></D:lockinfo>')
        answer = self.ask("LOCK", path, status, body, Timeout=timeout, Depth=depth, Content_Type='text/xml; charset="utf-8"')
        if status in (200, 201):
            token = answer.headers["Lock-Token"]
            assert token[1:-1] in answer.text and re.search(r"Second-(3600|35\d\d|600|59\d)<", answer.text)
            return token
        return None


def propstats(answer):
    """Status -> names of the properties under it, of a 207 about one resource."""
    found = {}
    for propstat in ET.fromstring(answer.content).iterfind("{DAV:}response/{DAV:}propstat"):
        status = int(propstat.find("{DAV:}status").text.split()[1])
        found.setdefault(status, {}).update({one.tag: one.text for one in propstat.find("{DAV:}prop")})
    return found


# ---- Windows Explorer: the Mini-Redirector ----

REDIRECTOR = {"User-Agent": "Microsoft-WebDAV-MiniRedir/10.0.19045", "translate": "f", "Connection": "Keep-Alive"}
WIN32 = "{urn:schemas-microsoft-com:}"


@pytest.mark.parametrize("path", ["/", "/file", "/file/", "/c/", "/c", "/missing", "/missing/deeper/", "/desktop.ini", "*"])
def test_explorer_asks_for_options(romeo, path):
    """
    MS-WDVSE, 2.2.2 and its example of MS-Author-Via; coils' notes on the redirector (sourceforge.net/p/coils/wiki/MSRedirector): it asks
    without credentials, on any path, and gives up at once where the answer is no 200 with this field.
    """
    romeo.ask("PUT", "/file", 201, b"x")
    romeo.ask("MKCOL", "/c", 201)
    answer = ask(romeo.daemon, (f"OPTIONS {path} HTTP/1.1\r\nHost: 127.0.0.1:{romeo.daemon.port}\r\n"
                                f"User-Agent: {REDIRECTOR['User-Agent']}\r\ntranslate: f\r\n\r\n").encode())
    assert answer.status == 200 and "www-authenticate" not in answer.fields
    assert re.match(r"1, ?2\b", answer.fields["dav"]) and answer.fields["ms-author-via"] == "DAV"
    assert {"LOCK", "PROPFIND", "PUT", "MOVE"} <= set(re.split(", *", answer.fields["allow"]))


def test_explorer_browses(world, prosody):
    """
    MS-WDVSE, 2.2.1 (Translate); RULES, "WebDAV": the redirector looks for names that are not there and takes 404 for an answer. Without
    credentials: 401 with Basic, which it then uses.
    """
    client = Client(world.daemon(prosody), ROMEO, **REDIRECTOR)
    answer = requests.request("PROPFIND", client.base + "/", headers={**REDIRECTOR, "Depth": "0"}, timeout=20)
    assert answer.status_code == 401 and "Basic realm=" in answer.headers["WWW-Authenticate"]
    for name in ("desktop.ini", "Desktop.ini", "Thumbs.db", "AutoRun.inf", "folder.jpg", "folder.gif", "New folder", "a.docx:Zone.Identifier"):
        client.ask("PROPFIND", "/" + name, 404, b"", Depth="0", Content_Length="0")
        client.ask("PROPFIND", f"/missing/{name}", 404, b"", Depth="0")
    client.ask("GET", "/desktop.ini", 404)
    client.ask("MKCOL", "/New folder", 201)
    found = propstats(client.ask("PROPFIND", "/New folder", 207, b"", Depth="0"))
    assert {"{DAV:}resourcetype", "{DAV:}getlastmodified", "{DAV:}creationdate"} <= set(found[200])
    client.ask("PROPFIND", "/New folder/", 207, b"", Depth="1")
    client.ask("MOVE", "/New folder", 201, Destination=client.base + "/Letters", Overwrite="F")
    client.ask("PROPFIND", "/New folder", 404, b"", Depth="0")
    assert client.names("/") == ["/", "/Letters/"]


def test_explorer_copies_a_file_up(world, prosody):
    """
    As traced in github.com/mar10/wsgidav/issues/112 and OpenMarshal/npm-WebDAV-Server/issues/37: PROPFIND, PUT of nothing, LOCK, PROPPATCH, HEAD, PUT,
    PROPPATCH, UNLOCK. The properties are those of 9001/copyparty/issues/910: a 207 in which one of them failed makes Explorer say that the
    copy did (emersion/go-webdav/pull/189).
    """
    client = Client(world.daemon(prosody), ROMEO, **REDIRECTOR)
    name, content = "/Budget 2026.xlsx", os.urandom(200000)
    dates = {"Win32CreationTime": "Tue, 24 Nov 2026 20:00:00 GMT", "Win32LastAccessTime": "Tue, 24 Nov 2026 20:00:01 GMT",
             "Win32LastModifiedTime": "Tue, 24 Nov 2026 20:00:02 GMT", "Win32FileAttributes": "00000020"}

    def patch(*names, **headers):
        inside = "".join(f"<Z:{one}>{dates[one]}</Z:{one}>" for one in names)
        body = ('<?xml version="1.0" encoding="utf-8" ?><D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:">'
                f"<D:set><D:prop>{inside}</D:prop></D:set></D:propertyupdate>")
        answer = client.ask("PROPPATCH", name, 207, body, Content_Type='text/xml; charset="utf-8"', **headers)
        assert set(propstats(answer)) == {200} and set(propstats(answer)[200]) == {WIN32 + one for one in names}
    client.ask("PROPFIND", name, 404, Depth="0")
    client.ask("PUT", name, 201, b"", Content_Length="0")
    token = client.lock(name, 200, owner="MONTAGUE\\romeo")
    patch(*dates, If=f"({token})")
    assert client.ask("HEAD", name, 200).headers["Content-Length"] == "0"
    client.ask("PUT", name, 423, content)
    client.ask("PUT", name, 204, content, If=f"({token})")
    patch("Win32LastModifiedTime", "Win32FileAttributes", If=f"({token})")
    client.ask("HEAD", name, 200)
    client.ask("UNLOCK", name, 204, Lock_Token=token)
    body = '<D:propfind xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:"><D:prop>%s</D:prop></D:propfind>' % "".join(
        f"<Z:{one}/>" for one in dates)
    found = propstats(client.ask("PROPFIND", name, 207, body, Depth="0"))
    assert found == {200: {WIN32 + one: value for one, value in dates.items()}}
    found = propstats(client.ask("PROPFIND", name, 207, b"", Depth="0"))[200]
    assert found["{DAV:}getcontentlength"] == "200000" and found["{DAV:}getlastmodified"] == dates["Win32LastModifiedTime"]
    assert client.ask("GET", name, 200).content == content


def test_explorer_renames(world, prosody):
    """By MOVE with Overwrite: F, to a whole URL; onto a name that is taken it must not succeed (RFC 4918, 10.6)."""
    client = Client(world.daemon(prosody), ROMEO, **REDIRECTOR)
    client.ask("PUT", "/a.txt", 201, b"a")
    client.ask("PUT", "/b.txt", 201, b"b")
    client.ask("MOVE", "/a.txt", 412, Destination=client.base + "/b.txt", Overwrite="F")
    client.ask("MOVE", "/a.txt", 201, Destination=client.base + "/Copy%20of%20a%20%281%29.txt", Overwrite="F")
    client.ask("MOVE", "/b.txt", 201, Destination=client.base + "/B.TXT", Overwrite="F")
    assert client.names("/") == ["/", "/B.TXT", "/Copy%20of%20a%20%281%29.txt"]
    client.ask("DELETE", "/B.TXT", 204)


# ---- Finder: webdavfs ----

FINDER = {"User-Agent": "WebDAVFS/3.0.0 (03008000) Darwin/22.6.0 (x86_64)", "Accept": "*/*", "Connection": "keep-alive"}


def pieces(content, size=16384):
    """A body of unknown length: sent in chunks."""
    for at in range(0, len(content), size):
        yield content[at:at + size]


def test_finder_mounts(world, prosody):
    """
    sabre.io/dav/clients/finder: OPTIONS, the root, the quota asked for by name (RFC 4331, and Apple's older names), then names that no
    server has. It writes only where class 2 is offered.
    """
    client = Client(world.daemon(prosody), ROMEO, **FINDER)
    answer = requests.options(client.base + "/", headers=FINDER, timeout=20)
    assert answer.status_code == 200 and "2" in re.split(", *", answer.headers["DAV"])
    names = ["quota-available-bytes", "quota-used-bytes", "quota", "quotaused"]
    body = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop>%s</D:prop></D:propfind>' % "".join(f"<D:{n}/>" for n in names)
    found = propstats(client.ask("PROPFIND", "/", 207, body, Depth="0"))
    assert set(found) <= {200, 404}
    assert {name for names in found.values() for name in names} == {f"{{DAV:}}{name}" for name in names}
    body = ('<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:getlastmodified/><D:getcontentlength/><D:creationdate/>'
            '<D:resourcetype/></D:prop></D:propfind>')
    found = propstats(client.ask("PROPFIND", "/", 207, body, Depth="0"))
    assert found[200].keys() >= {"{DAV:}resourcetype", "{DAV:}getlastmodified"}
    for name in (".DS_Store", "._.", ".Spotlight-V100", ".hidden", "mach_kernel", "Backups.backupdb", ".metadata_never_index", "DCIM"):
        client.ask("PROPFIND", "/" + name, 404, body, Depth="0")


def test_finder_writes_a_file(world, prosody):
    """
    evertpot.com/260 and github.com/miquels/webdav-handler-rs/issues/18: the length comes in X-Expected-Entity-Length, the content in chunks. First an
    empty file, locked; beside it the AppleDouble file, which is a file as any other.
    """
    client = Client(world.daemon(prosody), ROMEO, **FINDER)
    content = os.urandom(3 << 20)
    double = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + os.urandom(4072)
    for name, body in (("/Photo 1.jpg", content), ("/._Photo 1.jpg", double)):
        client.ask("PROPFIND", name, 404, Depth="0")
        client.ask("PUT", name, 201, pieces(b""), X_Expected_Entity_Length="0")
        token = client.lock(name, 200, timeout="Second-600", depth="0", owner="http://www.apple.com/webdav_fs/")
        client.ask("PUT", name, 423, pieces(body), X_Expected_Entity_Length=str(len(body)))
        client.ask("PUT", name, 204, pieces(body), If=f"({token})", X_Expected_Entity_Length=str(len(body)))
        found = propstats(client.ask("PROPFIND", name, 207, Depth="0"))[200]
        assert found["{DAV:}getcontentlength"] == str(len(body)) and found["{DAV:}getetag"].startswith('"')
        # It is refreshed for as long as the file is open.
        answer = client.ask("LOCK", name, 200, If=f"({token})", Timeout="Second-600")
        assert token[1:-1] in answer.text
        client.ask("UNLOCK", name, 204, Lock_Token=token)
        etag = client.ask("GET", name, 200).headers["ETag"]
        client.ask("GET", name, 304, If_None_Match=etag)
        assert client.ask("GET", name, 200).content == body
    client.ask("MOVE", "/Photo 1.jpg", 201, Destination=client.base + "/Photo%202.jpg")
    client.ask("MOVE", "/._Photo 1.jpg", 201, Destination=client.base + "/._Photo%202.jpg")
    assert client.names("/") == ["/", "/._Photo%202.jpg", "/Photo%202.jpg"]
    for name in ("/Photo 2.jpg", "/._Photo 2.jpg"):
        client.ask("DELETE", name, 204)


@pytest.mark.parametrize("made,asked", [("NFD", "NFC"), ("NFC", "NFD")])
def test_finder_spells_names_in_its_way(world, prosody, made, asked):
    """
    HFS+ stores names decomposed (developer.apple.com/library/archive/qa/qa1173), others composed: they are one name, and come back as they
    were made.
    """
    client = Client(world.daemon(prosody), ROMEO, **FINDER)
    name = "Ünïcødé Å ệ 한글.txt"
    made, asked = (unicodedata.normalize(form, name) for form in (made, asked))
    assert made != asked
    client.ask("MKCOL", "/" + made, 201)
    client.ask("PUT", f"/{made}/{made}", 201, pieces(b"x"))
    client.ask("PUT", f"/{asked}/{asked}", 412, b"y", If_None_Match="*")
    client.ask("MKCOL", "/" + asked, 405)
    assert client.ask("GET", f"/{asked}/{made}", 200).content == b"x"
    assert client.names("/") == ["/", f"/{quote(made)}/"]
    assert client.names("/" + asked)[-1].endswith(f"/{quote(made)}")
    client.ask("PUT", f"/{asked}/{asked}", 204, b"y")
    assert client.names("/" + made)[-1].endswith(f"/{quote(made)}")
    client.ask("MOVE", f"/{asked}/{asked}", 201, Destination=f"{client.base}/{quote(asked)}/new")
    client.ask("DELETE", "/" + asked, 204)
    assert client.names("/") == ["/"]


# ---- Office ----

OFFICE = {"User-Agent": "Microsoft Office Word 2014", "X-Office-Major-Version": "16", "Connection": "Keep-Alive"}


def test_office_saves(world, prosody):
    """
    github.com/mikedeboer/jsDAV/wiki/Microsoft-Office-Client: locks, or opens for reading only; the lock is refreshed without a body under the same
    token (sabre-io/dav issue 537, FubarDevelopment/WebDavServer issue 24), and the file written in place.
    """
    client = Client(world.daemon(prosody), ROMEO, **OFFICE)
    client.ask("OPTIONS", "/", 200)
    client.ask("HEAD", "/Letter.docx", 404)
    token = client.lock("/Letter.docx", 201)
    assert client.ask("GET", "/Letter.docx", 200).content == b""
    first, second = os.urandom(150000), os.urandom(170000)
    client.ask("PUT", "/Letter.docx", 204, first, If=f"({token})")
    for _ in range(3):
        answer = client.ask("LOCK", "/Letter.docx", 200, If=f"({token})", Timeout="Second-3600", Content_Length="0")
        assert answer.text.count("<D:activelock>") == 1 and token[1:-1] in answer.text
        assert "Lock-Token" not in answer.headers  # RFC 4918, 9.10.2
    client.ask("PROPFIND", "/Letter.docx", 207, Depth="0")
    client.ask("PUT", "/Letter.docx", 204, second, If=f"({token})")
    client.ask("UNLOCK", "/Letter.docx", 204, Lock_Token=token)
    client.ask("UNLOCK", "/Letter.docx", 409, Lock_Token=token)
    assert client.ask("GET", "/Letter.docx", 200).content == second
    client.ask("LOCK", "/Letter.docx", 412, If=f"({token})", Timeout="Second-3600")


def test_office_saves_beside_and_replaces(world, prosody):
    """
    On a mounted share (github.com/danmunn/redmine_dmsf/issues/587): to a temporary name, which is moved over the locked one. What stood there is
    deleted with its lock (RFC 4918, 9.9.3): UNLOCK finds none, and the name is free.
    """
    client = Client(world.daemon(prosody), ROMEO, **OFFICE)
    client.ask("PUT", "/Letter.docx", 201, b"old")
    token = client.lock("/Letter.docx", 200)
    client.ask("PUT", "/~$Letter.docx", 201, b"owner")
    client.ask("PUT", "/~WRD0000.tmp", 201, b"new")
    to = {"Destination": client.base + "/Letter.docx"}
    client.ask("MOVE", "/~WRD0000.tmp", 423, Overwrite="T", **to)
    client.ask("MOVE", "/~WRD0000.tmp", 412, Overwrite="F", If=f"<{client.base}/Letter.docx> ({token})", **to)
    assert client.ask("GET", "/Letter.docx", 200).content == b"old"
    client.ask("MOVE", "/~WRD0000.tmp", 204, Overwrite="T", If=f"<{client.base}/Letter.docx> ({token})", **to)
    assert client.ask("GET", "/Letter.docx", 200).content == b"new"
    client.ask("UNLOCK", "/Letter.docx", 409, Lock_Token=token)
    client.ask("DELETE", "/~$Letter.docx", 204)
    assert client.names("/") == ["/", "/Letter.docx"]
    client.ask("UNLOCK", "/Letter.docx", 204, Lock_Token=client.lock("/Letter.docx", 200))


def test_office_renames_away_and_back(world, prosody):
    """The other way of saving: the old file to a backup's name, the new one to its place, the backup deleted."""
    client = Client(world.daemon(prosody), ROMEO, **REDIRECTOR)
    client.ask("PUT", "/Letter.docx", 201, b"old")
    client.ask("PUT", "/~WRD0000.tmp", 201, b"")
    token = client.lock("/~WRD0000.tmp", 200)
    client.ask("PUT", "/~WRD0000.tmp", 204, b"new", If=f"({token})")
    client.ask("UNLOCK", "/~WRD0000.tmp", 204, Lock_Token=token)
    client.ask("MOVE", "/Letter.docx", 201, Destination=client.base + "/~WRL0001.tmp", Overwrite="F")
    client.ask("MOVE", "/~WRD0000.tmp", 201, Destination=client.base + "/Letter.docx", Overwrite="F")
    client.ask("DELETE", "/~WRL0001.tmp", 204)
    assert client.ask("GET", "/Letter.docx", 200).content == b"new"
    assert client.names("/") == ["/", "/Letter.docx"]


def test_office_of_a_reader(world, prosody):
    """Whoever may only read is refused the lock, and so opens for reading; the owner's second session finds the lock (423)."""
    daemon = world.daemon(prosody)
    client, again = Client(daemon, ROMEO, **OFFICE), Client(daemon, ROMEO, **OFFICE)
    client.ask("PUT", "/Letter.docx", 201, b"text")
    body = ("<propertyupdate xmlns='DAV:'><set><prop><jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>"
            f"<jid>{JULIET}</jid><jid>{BENVOLIO}</jid></jidlist></prop></set></propertyupdate>")
    assert set(propstats(client.ask("PROPPATCH", "/Letter.docx", 207, body))) == {200}
    for locked in (False, True):
        if locked:
            token = client.lock("/Letter.docx", 200)
            again.lock("/Letter.docx", 423)
        for reader in (Client(daemon, JULIET, **OFFICE), Client(daemon, BENVOLIO, **OFFICE)):
            reader.ask("OPTIONS", "/Letter.docx", 200)
            reader.lock("/Letter.docx", 403)
            reader.ask("PUT", "/Letter.docx", 403, b"mine now")
            assert reader.ask("GET", "/Letter.docx", 200).content == b"text"
            assert "urn:uuid:" not in reader.ask("PROPFIND", "/Letter.docx", 207, Depth="0").text
    client.ask("PUT", "/Letter.docx", 204, b"changed", If=f"({token})")
    client.ask("UNLOCK", "/Letter.docx", 204, Lock_Token=token)


def test_a_chunked_body_is_read_before_the_next_request(romeo):
    """Finder goes on with the connection on which a PUT in chunks was refused: what was sent of it is never taken for a request."""
    romeo.ask("PUT", "/a", 201, b"old")
    romeo.lock("/a", 200)
    credentials = f"Authorization: {basic(ROMEO, romeo.password)['Authorization']}\r\n"
    with connect(romeo.daemon) as s:
        s.sendall(f"PUT /a HTTP/1.1\r\nHost: 127.0.0.1:{romeo.daemon.port}\r\n{credentials}X-Expected-Entity-Length: 40\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n28\r\nDELETE /a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nx\r\n0\r\n\r\n".encode())
        reader = Reader(s)
        answer = reader.answer()
        assert answer.status == 423
        if answer.fields.get("connection") != "close":
            s.sendall(f"GET /a HTTP/1.1\r\nHost: 127.0.0.1:{romeo.daemon.port}\r\n{credentials}\r\n".encode())
            assert reader.answer().body == b"old"
    assert romeo.ask("GET", "/a", 200).content == b"old"
