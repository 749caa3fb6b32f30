"""Behind nginx or Apache, which speaks TLS: what clients name in Destination and If is base-url's, whatever reaches us (RULES, "Paths")."""

import os
import re
import socket
import ssl
import subprocess

import pytest
import requests

from daemon import basic
from proxy import Apache, Nginx
from servers import free_port, wait_until
from slots import Slot, crossing
from test_passwords import mint

ROMEO = "romeo@localhost"


@pytest.fixture
def behind(world, prosody, tmp_path):
    """A daemon behind nginx, and how romeo asks through it with an app password."""
    made = []

    def start(kind):
        made.append(Behind(world, prosody, tmp_path, kind))
        return made[-1]
    yield start
    for one in made:
        one.front.stop()


class Behind:
    def __init__(self, world, server, directory, kind):
        port = free_port()
        self.base = f"https://127.0.0.1:{port}"
        self.daemon = world.daemon(server, base_url=self.base, trusted_proxies="127.0.0.1")
        if kind == "apache":
            self.front = Apache(directory / "apache", self.daemon.port, port)
        else:
            self.front = Nginx(directory / "nginx", self.daemon.port, port, kind=kind)
        self.password = mint(self.daemon, ROMEO)

    def ask(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(method, self.base + path, data=body, timeout=30, verify=self.front.certificate,
                                headers={**basic(ROMEO, self.password), **headers})

    def status(self, method, path, body=None, **headers):
        return self.ask(method, path, body, **headers).status_code


KINDS = pytest.mark.parametrize("kind", ["example", "apache", "host", "forwarded"])


@KINDS
def test_copy_and_move(behind, kind):
    """Files and collections, by the URL that the client sees; another site's stays refused."""
    b = behind(kind)
    content = os.urandom(3 << 20)
    answer = b.ask("PUT", "/a", content)
    assert answer.status_code == 201 and answer.headers["Location"] == b.base + "/a"
    assert b.status("MKCOL", "/c/") == 201
    assert b.status("COPY", "/a", Destination=b.base + "/c/b") == 201
    assert b.status("MOVE", "/a", Destination=b.base + "/c/a%20%C3%A9") == 201
    assert b.status("COPY", "/c/", Destination=b.base + "/copy/") == 201
    assert b.status("MOVE", "/c/", Destination=b.base + "/moved/") == 201
    for path in ("/copy/b", "/copy/a%20%C3%A9", "/moved/b", "/moved/a%20%C3%A9"):
        assert b.ask("GET", path).content == content, path
    assert b.status("GET", "/a") == 404 and b.status("GET", "/c/b") == 404
    assert b.status("COPY", "/copy/b", Destination="https://files.example.com/x") == 502
    assert b.status("COPY", "/copy/b", Destination=f"http://127.0.0.1:{b.daemon.port}/x") == 502
    assert b.status("COPY", "/copy/b", Destination=b.base.replace("//", "//u@") + "/x") == 400
    assert b.status("COPY", "/copy/b", Destination=b.base + "/x?y") == 400
    assert b.status("GET", "/x") == 404


@KINDS
def test_rename_under_a_lock(behind, kind):
    """LOCK, then MOVE with the token under the tag that names the https URL."""
    b = behind(kind)
    b.ask("PUT", "/a", b"hello")
    body = ("<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>")
    token = b.ask("LOCK", "/a", body).headers["Lock-Token"]
    to = {"Destination": b.base + "/b"}
    assert b.status("MOVE", "/a", **to) == 423
    assert b.status("MOVE", "/a", If=f"<https://files.example.com/a> ({token})", **to) == 412
    assert b.status("MOVE", "/a", If=f"<{b.base}/other> ({token})", **to) == 412
    assert b.status("MOVE", "/a", If=f"<http://127.0.0.1:{b.daemon.port}/a> ({token})", **to) == 412
    assert b.status("MOVE", "/a", If=f"<{b.base}/a> ({token})", **to) == 201
    assert b.ask("GET", "/b").content == b"hello"


@KINDS
def test_uploads_stream(behind, kind):
    """What was sent is with the daemon before the rest follows; the whole is the same, there and back."""
    b = behind(kind)
    content = os.urandom(8 << 20)
    context = ssl.create_default_context(cafile=b.front.certificate)
    with socket.create_connection(("127.0.0.1", b.front.port), timeout=30) as plain, \
            context.wrap_socket(plain, server_hostname="127.0.0.1") as s:
        s.sendall(f"PUT /big HTTP/1.1\r\nHost: 127.0.0.1:{b.front.port}\r\nContent-Length: {len(content)}\r\n"
                  f"Authorization: {basic(ROMEO, b.password)['Authorization']}\r\nConnection: close\r\n\r\n".encode())
        s.sendall(content[:6 << 20])
        wait_until(lambda: unnamed_bytes(b.daemon) >= 5 << 20, "the first part on its way to disk")
        s.sendall(content[6 << 20:])
        assert s.recv(100).startswith(b"HTTP/1.1 201 ")
    assert b.ask("GET", "/big").content == content
    assert b.ask("GET", "/big", Range="bytes=5000000-").content == content[5000000:]


def unnamed_bytes(daemon):
    """What lies in files of the store that have no name yet."""
    sizes = [0]
    directory = f"/proc/{daemon.process.pid}/fd"
    for fd in os.listdir(directory):
        try:
            if os.readlink(f"{directory}/{fd}").startswith(f"{daemon.store}/blobs/"):
                sizes.append(os.stat(f"{directory}/{fd}").st_size)
        except FileNotFoundError:  # closed meanwhile
            pass
    return max(sizes)


@KINDS
def test_clients_through_it(behind, kind, tmp_path):
    """rclone moves a tree, curl puts and renames by Digest: they name https URLs only."""
    b = behind(kind)
    source = tmp_path / "source"
    (source / "sub dir").mkdir(parents=True)
    for name in ("large", "sub dir/é %20"):
        (source / name).write_bytes(os.urandom(2 << 20))

    def run(*arguments):
        return subprocess.run(arguments, text=True, capture_output=True, timeout=60, check=True).stdout.strip()
    config = tmp_path / "rclone.conf"
    config.write_text(f"[m]\ntype = webdav\nurl = {b.base}\nvendor = other\nuser = {ROMEO}\npass = {run('rclone', 'obscure', b.password)}\n")
    rclone = ["rclone", "--config", str(config), "--ca-cert", b.front.certificate]
    run(*rclone, "copy", str(source), "m:up")
    run(*rclone, "moveto", "m:up", "m:below/moved")
    run(*rclone, "copyto", "m:below/moved/large", "m:copy")
    run(*rclone, "check", "--download", str(source), "m:below/moved")
    assert b.ask("GET", "/copy").content == (source / "large").read_bytes()
    b.daemon.wait_for("method=PUT ", 2)
    curl = ["curl", "-sS", "--digest", "-u", f"{ROMEO}:{b.password}", "--cacert", b.front.certificate, "-o", "/dev/null",
            "-w", "%{http_code}"]
    assert run(*curl, "-T", str(source / "large"), b.base + "/new%20name") == "201"
    assert run(*curl, "-X", "MOVE", "-H", f"Destination: {b.base}/newer", b.base + "/new%20name") == "201"
    assert b.ask("GET", "/newer").content == (source / "large").read_bytes()


@KINDS
def test_slots_and_links(behind, world, kind):
    """An XMPP client fills a slot, a web page of another origin another; whoever has the URL reads it. The proxy passes Authorization,
    Origin and the answers to them as they are."""
    b = behind(kind)
    romeo = world.person(ROMEO)
    origin = {"Origin": "https://web.example.org"}

    def ask(method, url, body=None, **headers):
        return requests.request(method, url, data=body, timeout=30, headers=headers, verify=b.front.certificate)
    for said in ({}, origin):
        content = os.urandom(3 << 20)
        slot = Slot(romeo, "photo.jpg", len(content), "image/jpeg")
        assert slot.url.startswith(b.base + "/")
        answer = ask("OPTIONS", slot.url, **said, **{"Access-Control-Request-Method": "PUT"})
        assert answer.status_code == 200
        assert crossing(answer).get("access-control-allow-methods") == ("PUT" if said else None)
        assert ask("PUT", slot.url, content, **said).status_code == 401, "without its token"
        sent = {"Authorization": slot.authorization, "Content-Type": "image/jpeg", **said}
        answer = ask("PUT", slot.url, content, **sent)
        assert answer.status_code == 201 and answer.headers["Location"] == slot.url
        assert crossing(answer)["access-control-allow-origin"] == "*"
        assert ask("PUT", slot.url, content, **sent).status_code == 401, "twice"
        answer = ask("OPTIONS", slot.url, **said, **{"Access-Control-Request-Method": "GET"})
        assert crossing(answer).get("access-control-allow-methods") == ("GET, HEAD" if said else None)
        answer = ask("GET", slot.url, **said)
        assert answer.status_code == 200 and answer.content == content and answer.headers["Content-Type"] == "image/jpeg"
        assert crossing(answer)["access-control-allow-origin"] == "*"
        answer = ask("GET", slot.url, Range="bytes=5-9", **said)
        assert answer.status_code == 206 and answer.content == content[5:10]
        assert b.status("PROPPATCH", slot.path, "<propertyupdate xmlns='DAV:'><remove><prop><link xmlns='urn:missive:dav'/>"
                        "</prop></remove></propertyupdate>") == 207
        answer = ask("GET", slot.url, **said)
        assert answer.status_code == 401 and not crossing(answer)
    assert romeo.prompts == []


@pytest.mark.parametrize("kind", ["example", "forwarded"])
def test_what_a_client_forges(behind, kind):
    """The proxy writes over it, or takes it away."""
    b = behind(kind)
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "evil", "X-Forwarded-For": "192.0.2.1",
              "Forwarded": "for=192.0.2.1;host=evil.example;proto=evil"}
    assert b.status("PUT", "/a", b"x", **forged) == 201
    assert b.status("COPY", "/a", **forged, Destination=b.base + "/b") == 201
    assert b.status("COPY", "/a", **forged, Destination="https://evil.example/c") == 502
    assert "192.0.2.1" not in b.daemon.log()


def test_a_proxy_that_says_nothing(behind):
    """nginx's own default is the upstream's name as Host: that is none of ours, and is refused instead of guessed at."""
    b = behind("nothing")
    assert b.status("PUT", "/a", b"x") == 421
    assert b.status("OPTIONS", "/") == 421


@pytest.fixture
def plain(world, prosody):
    """Asks the daemon directly, as the proxy would."""
    def start(trusted):
        daemon = world.daemon(prosody, base_url="https://files.example.org", host="second.example", trusted_proxies=trusted)
        password = mint(daemon, ROMEO)

        def ask(method, path, headers, body=None):
            return requests.request(method, f"http://127.0.0.1:{daemon.port}{path}", data=body, timeout=20,
                                    headers={**basic(ROMEO, password), **headers})
        return ask
    return start


HOST, PROTO, FOR = "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For"


@pytest.mark.parametrize("headers,status", [
    ({HOST: "files.example.org"}, 201),
    ({HOST: "FILES.example.org:443", PROTO: "https"}, 201),
    ({HOST: "second.example:99", PROTO: "http"}, 201),
    ({"Forwarded": "for=192.0.2.1;host=files.example.org;proto=https"}, 201),
    ({"Forwarded": "host=evil.example, for=192.0.2.1;host=files.example.org"}, 201),
    ({"Host": "files.example.org", PROTO: "http"}, 201),
    ({}, 421),
    ({HOST: "evil.example"}, 421),
    ({"Host": "files.example.org", HOST: "evil.example"}, 421),
    ({"Host": "files.example.org", "Forwarded": "host=evil.example"}, 421),
    ({HOST: "files.example.org:8443"}, 421),
    ({HOST: "files.example.org, evil.example"}, 400),
    ({HOST: "evil.example, files.example.org"}, 400),
    ({HOST: "files.example.org/evil"}, 400),
    ({HOST: "files.example.org", PROTO: "evil"}, 400),
    ({HOST: "files.example.org", PROTO: "https, http"}, 400),
    ({"Forwarded": "host=files.example.org;host=evil.example"}, 400),
    ({"Forwarded": "host=\"files.example.org"}, 400),
    ({"Forwarded": "host=files.example.org", HOST: "files.example.org"}, 400),
    ({"Forwarded": "host=files.example.org", FOR: "192.0.2.1"}, 400),
])
def test_what_a_trusted_proxy_says(plain, headers, status):
    """It counts in Host's place; what says two things is refused; none of it comes out again."""
    ask = plain("127.0.0.1")
    answer = ask("PUT", "/a", headers, b"x")
    assert answer.status_code == status
    assert "evil" not in str(answer.headers) and "evil" not in answer.text
    if status == 201:
        assert answer.headers["Location"] == "https://files.example.org/a"
        for destination, moved in (("https://files.example.org/b", 201), ("http://files.example.org/c", 201),
                                   ("https://second.example/d", 201), ("https://evil.example/e", 502),
                                   ("https://files.example.org:8443/e", 502)):
            answer = ask("COPY", "/a", {**headers, "Destination": destination})
            assert answer.status_code == moved, destination
            assert "evil" not in str(answer.headers) + answer.text and "second" not in str(answer.headers) + answer.text
        found = ask("PROPFIND", "/", {**headers, "Depth": "1"}).text
        assert re.findall("<D:href>(/[^-<]*)</D:href>", found)[:5] == ["/", "/a", "/b", "/c", "/d"]
        assert "evil" not in found and "second" not in found


@pytest.mark.parametrize("headers", [
    {HOST: "evil.example", PROTO: "evil"},
    {"Forwarded": "host=evil.example;proto=evil"},
    {"Forwarded": "\"=", HOST: "a, b"},
])
def test_what_a_stranger_says(plain, headers):
    """Nothing of it counts, for good or ill."""
    ask = plain("192.0.2.0/24")
    ours = {"Host": "files.example.org"}
    answer = ask("PUT", "/a", {**headers, **ours}, b"x")
    assert answer.status_code == 201 and answer.headers["Location"] == "https://files.example.org/a"
    assert ask("COPY", "/a", {**headers, **ours, "Destination": "https://evil.example/b"}).status_code == 502
    assert ask("COPY", "/a", {**headers, **ours, "Destination": "https://files.example.org/b"}).status_code == 201
    assert ask("GET", "/a", {"Host": "evil.example", HOST: "files.example.org"}).status_code == 421
    assert ask("GET", "/a", {"Host": "evil.example", "Forwarded": "host=files.example.org"}).status_code == 421


def test_prompts_and_log(world, prosody):
    """What people are asked names base-url, and the address that the proxy tells."""
    daemon = world.daemon(prosody, base_url="https://files.example.org", host="second.example", trusted_proxies="127.0.0.1")
    romeo = world.person(ROMEO)
    here = f"http://127.0.0.1:{daemon.port}"
    for said in ({HOST: "second.example:77", PROTO: "http", FOR: "192.0.2.7"},
                 {"Forwarded": "for=192.0.2.7;host=\"second.example:77\";proto=http"}):
        answer = romeo.request("PUT", here + "/a", b"x", headers={"Host": "backend.example", **said}, jid=ROMEO)
        assert answer.status_code in (201, 204)
        prompt = romeo.prompts[-1]
        assert prompt.url == "https://files.example.org/a"
        assert "192.0.2.7" in prompt.body and "second" not in prompt.body and "backend" not in prompt.body
        assert romeo.request("PUT", here + "/a", b"x", headers={"Host": "evil.example", FOR: "192.0.2.7"}).status_code == 421
    log = daemon.log()
    assert "address=192.0.2.7" in log and "second" not in log and "backend" not in log and "evil" not in log
