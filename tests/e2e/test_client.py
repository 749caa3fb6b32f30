"""missive against missived, through both servers: the main job, and what goes wrong."""

import http.server
import os
import re
import signal
import socket
import threading

import pytest

from missive import Missive
from person import Later


def user(world, jid, **how):
    return Missive(world.tmp_path / f"user-{len(list(world.tmp_path.iterdir()))}", world.server, jid, **how)


def test_send_and_receive(world, server):
    """Romeo sends to three; two are offline; each gets it, and nobody else does."""
    world.daemon(server)
    romeo = user(world, "romeo@localhost")
    juliet = user(world, "juliet@capulet.localhost")
    benvolio = user(world, "benvolio@localhost/home")
    mercutio = user(world, "mercutio@localhost")
    online = mercutio.start("receive", "--yes")
    assert "waiting" in online.stderr.readline()
    content = os.urandom(300000)
    romeo.file("a missive.html", content)
    url = romeo.run("send", "a missive.html", "juliet@capulet.localhost", "benvolio@localhost/home",
                    "Mercutio@localhost").strip()
    assert online.stdout.readline() == "a missive.html\n"
    online.send_signal(signal.SIGINT)
    assert online.wait(20) == 0
    for person in (juliet, benvolio):
        assert person.run("receive", "--once", "--accept", "romeo@localhost") == "a missive.html\n"
    for person in (juliet, benvolio, mercutio):
        assert person.files() == ["a missive.html"]
        with open(f"{person.directory}/a missive.html", "rb") as f:
            assert f.read() == content
    other = user(world, "benvolio@localhost/work")
    other.run("get", url, code=1)
    assert "403" in other.error
    tybalt = user(world, "tybalt@capulet.localhost")
    tybalt.run("get", url, code=1)
    assert "403" in tybalt.error and tybalt.files() == []


class Hostile(http.server.BaseHTTPRequestHandler):
    """A WebDAV server whose words do things to terminals."""

    def do_PROPFIND(self):
        def response(href, name):
            return (f"<response><href>{href}</href><propstat><prop><displayname>{name}</displayname><resourcetype/></prop>"
                    "<status>HTTP/1.1 200 OK</status></propstat></response>")
        names = ["a\u009b2Jb", "a\nhttp://evil.example", "a\u202eb", "plain name"]
        body = ("<multistatus xmlns='DAV:'>" + response("/", "") + "".join(response("/a", name) for name in names)
                + response("/\u009b2J", "b") + "</multistatus>").encode()
        self.send_response(207)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def test_what_others_write_is_text(world, prosody):
    """Who is shown a list is shown lines of it, and no control sequences."""
    world.daemon(prosody)
    juliet = user(world, "juliet@capulet.localhost")
    with http.server.HTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        listed = juliet.run("ls", f"http://127.0.0.1:{server.server_port}/").splitlines()
        server.shutdown()
    assert [line.split("  ")[-1] for line in listed] == ["(unprintable)"] * 3 + ["plain name", "b"]
    assert listed[-1].split("  ")[-2].endswith("(unprintable)")


def test_list_share_remove(world, server):
    world.daemon(server)
    romeo = user(world, "romeo@localhost")
    romeo.file("b.txt", b"hello")
    url = romeo.run("send", "b.txt", "juliet@capulet.localhost").strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[0-9a-f]{32}\.txt", url)
    assert url in romeo.run("ls") and "b.txt" in romeo.run("ls")
    assert romeo.run("share", url) == "juliet@capulet.localhost\n"
    juliet = user(world, "juliet@capulet.localhost")
    juliet.run("share", url, "tybalt@capulet.localhost", code=1)
    assert romeo.run("share", url) == "juliet@capulet.localhost\n"
    romeo.run("share", url, "tybalt@capulet.localhost", "benvolio@localhost/home")
    assert romeo.run("share", url) == "tybalt@capulet.localhost\nbenvolio@localhost/home\n"
    juliet.run("get", url, code=1)
    romeo.run("share", url, "--none")
    assert romeo.run("share", url) == ""
    romeo.run("share", url, "--inherit")
    romeo.run("share", url, "not a jid at all", code=1)
    juliet.run("rm", url, code=1)
    romeo.run("rm", url)
    romeo.run("rm", url, code=1)
    assert "404" in romeo.error
    assert romeo.run("ls") == ""


def test_never_overwrites_nor_leaves_the_folder(world, prosody):
    daemon = world.daemon(prosody)
    romeo = world.person("romeo@localhost")
    juliet = user(world, "juliet@capulet.localhost")
    names = ["../../escape", ".hidden", "/etc/passwd", "a\u202eb", "con\ttrol", "x" * 300, "..", "  "]
    for i, name in enumerate(names):
        assert romeo.put(f"/n{i}", b"content").status_code == 201
        body = ("<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:displayname>"
                f"{name.replace(chr(9), '&#9;')}</D:displayname></D:prop></D:set></D:propertyupdate>")
        romeo.request("PROPPATCH", f"/n{i}", body.encode())
        romeo.share(f"/n{i}", [juliet_jid])
        juliet.run("get", daemon.base + f"/n{i}")
    for name in juliet.files():
        assert not name.startswith(".") and len(name.encode()) <= 220 and "\u202e" not in name, name
    assert len(juliet.files()) == len(names)
    before = juliet.files()
    first = juliet.run("get", daemon.base + "/n0").strip()
    again = juliet.run("get", daemon.base + "/n0").strip()
    assert first != again and len(juliet.files()) == len(before) + 2


juliet_jid = "juliet@capulet.localhost"


def test_asks_before_it_fetches(world, prosody):
    """Without a terminal and without --yes nothing is fetched, and the offer is not lost: it is told."""
    world.daemon(prosody)
    romeo, juliet = user(world, "romeo@localhost"), user(world, juliet_jid)
    romeo.file("c.txt", b"hello")
    url = romeo.run("send", "c.txt", juliet_jid).strip()
    assert juliet.run("receive", "--once", "--accept", "tybalt@capulet.localhost") == ""
    assert url in juliet.error and juliet.files() == []
    juliet.run("get", url, "-o", "under/another", code=1)
    juliet.run("get", url, "-o", "another")
    assert juliet.files() == ["another"]


def test_other_messages_are_shown(world, prosody):
    world.daemon(prosody)
    romeo = world.person("romeo@localhost")
    romeo.say("what light through yonder window", to=juliet_jid)
    romeo.sync()
    juliet = user(world, juliet_jid)
    juliet.run("receive", "--once", "--yes")
    assert "romeo@localhost: what light" in juliet.error


def test_resumes(world, prosody):
    """A download that was cut goes on where it was; content that has changed is fetched anew."""
    daemon = world.daemon(prosody)
    romeo = world.person("romeo@localhost")
    old, new = os.urandom(3 << 20), os.urandom(2 << 20)
    assert romeo.put("/big", old).status_code == 201
    romeo.share("/big", [juliet_jid])
    etag = romeo.request("HEAD", "/big").headers["ETag"]
    juliet = user(world, juliet_jid)
    part = part_names(daemon.base + "/big")
    juliet.file(part[0], old[:1 << 20])
    juliet.file(part[1], etag.encode())
    juliet.run("get", daemon.base + "/big", "-o", "first")
    with open(f"{juliet.directory}/first", "rb") as f:
        assert f.read() == old
    daemon.wait_for("method=GET url=\\S+/big status=206")
    assert romeo.put("/big", new, new=False).status_code == 204
    juliet.file(part[0], old[:1 << 20])
    juliet.file(part[1], etag.encode())
    juliet.run("get", daemon.base + "/big", "-o", "second")
    with open(f"{juliet.directory}/second", "rb") as f:
        assert f.read() == new
    assert juliet.files() == ["first", "second"]


def part_names(url):
    import hashlib
    digest = hashlib.sha256(url.encode()).hexdigest()[:24]
    return f".missive-{digest}.part", f".missive-{digest}.etag"


def test_confirms_only_its_own_requests(world, prosody):
    """Somebody else's request in juliet's name is refused by her missive, which knows only what it asked for itself."""
    world.daemon(prosody)
    romeo = world.person("romeo@localhost")
    assert romeo.put("/d", b"secret").status_code == 201
    romeo.share("/d", [juliet_jid])
    juliet = user(world, f"{juliet_jid}/here")
    waiting = juliet.start("receive", "--yes")
    assert "waiting" in waiting.stderr.readline()
    tybalt = world.person("tybalt@capulet.localhost", "x", online=False)
    answer = tybalt.request("GET", "/d", jid=f"{juliet_jid}/here")
    assert answer.status_code == 403 and b"refused" in answer.content
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(20) == 0


def test_what_goes_wrong_is_said(world, prosody, tmp_path):
    world.daemon(prosody, max_file_size="1K")
    romeo = user(world, "romeo@localhost")
    romeo.file("small", b"x")
    romeo.file("large", b"x" * 2000)
    romeo.run("send", "large", juliet_jid, code=1)
    assert "2000 bytes, the server takes 1024" in romeo.error
    romeo.run("send", "absent", juliet_jid, code=1)
    assert "No such file" in romeo.error
    romeo.run("send", "small", code=1)
    romeo.run("nothing", code=2)
    romeo.run("ls", "--service", "a@b@c", code=1)
    romeo.run("ls", "--service", "FILES.localhost")
    romeo.run("get", "http://files.example.org/a", code=1)
    assert "--allow-plain" in romeo.error
    wrong = user(world, "romeo@localhost", password="wrong")
    wrong.run("ls", code=1)
    assert "password" in wrong.error
    other = tmp_path / "other"
    other.mkdir()
    from servers import make_certificate
    make_certificate(other)
    untrusting = user(world, "romeo@localhost", ca_file=f"{other}/cert.pem")
    untrusting.run("ls", code=1)
    assert "not trusted" in untrusting.error
    os.chmod(romeo.account, 0o644)
    romeo.run("ls", code=1)
    assert "chmod 600" in romeo.error
    stranger = user(world, "tybalt@capulet.localhost")
    stranger.file("small", b"x")
    stranger.run("send", "small", juliet_jid, code=1)
    assert "403" in stranger.error


def test_message(world, server):
    """What recipients' clients see: XEP-0066, the URL as body too; by XEP-0033 where the server has it."""
    world.daemon(server)
    people = [world.person("mercutio@localhost"), world.person(juliet_jid)]
    romeo = user(world, "romeo@localhost")
    romeo.file("d & e.txt", b"hello")
    url = romeo.run("send", "d & e.txt", *[person.bare for person in people]).strip()
    for person in people:
        # Offers of other tests may have been kept for them.
        message = person.wait_for_message(lambda message: message["body"] == url)
        assert message.xml.find("{jabber:x:oob}x/{jabber:x:oob}url").text == url
        assert message.xml.find("{jabber:x:oob}x/{jabber:x:oob}desc").text == "d & e.txt"
        addresses = message.xml.find("{http://jabber.org/protocol/address}addresses")
        assert (addresses is not None) == server.multicast
        assert person.get(url).content == b"hello"
        assert "filename*=UTF-8''d%20%26%20e.txt" in person.get(url).headers["Content-Disposition"]


def test_receive_comes_back(world, tmp_path):
    """A server that restarts does not end it, and what was sent meanwhile is not lost."""
    from servers import Prosody
    server = Prosody(tmp_path / "own-prosody")
    server.start()
    try:
        daemon = world.daemon(server)
        romeo, juliet = user(world, "romeo@localhost"), user(world, juliet_jid)
        romeo.file("e.txt", b"hello")
        waiting = juliet.start("receive", "--yes")
        assert "waiting" in waiting.stderr.readline()
        server.stop()
        assert "trying again" in waiting.stderr.readline()
        server.start()
        daemon.wait_for("event=xmpp-up", 2, 60)
        romeo.run("send", "e.txt", juliet_jid)
        assert "online again" in waiting.stderr.readline()
        assert waiting.stdout.readline() == "e.txt\n"
        server.stop()
        assert "trying again" in waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(20) == 0
    finally:
        server.stop()


def test_receive_is_ended_while_a_file_comes(world, prosody):
    """A file that takes hours does not keep a user who has had enough."""
    world.daemon(prosody)
    juliet = user(world, juliet_jid)
    waiting = juliet.start("receive", "--yes", "--allow-plain")
    assert "waiting" in waiting.stderr.readline()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/endless"
        world.person("romeo@localhost").say(url, juliet_jid, f"<x xmlns='jabber:x:oob'><url>{url}</url></x>")
        connection, _ = server.accept()
        with connection:
            assert connection.recv(4).startswith(b"GET")
            waiting.terminate()
            assert waiting.wait(20) == -signal.SIGTERM
