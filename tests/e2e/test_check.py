"""missived check: through real proxies, and with each way of setting one up wrongly named in a line of its own."""

import os
import re
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from component_server import ComponentServer
from daemon import MISSIVED
from passwords import rows
from proxy import Apache, Nginx, directives
from servers import free_port, make_certificate

README = directives()
# Not every XMPP server tells the time.
GOOD = ["daemon", "xmpp", "disco#info", "disco#items", "xmpp clock", "disk", "name", "reachable", "certificate", "ours", "host", "scheme",
        "client address", "clock", "PROPFIND", "MOVE", "body size", "request buffering"]


def check(daemon, certificate=None, arguments=("check",)):
    """What each line says, by what it is about; the exit status is 1 where one is WRONG. Nothing is left behind."""
    environment = {**os.environ, **({"SSL_CERT_FILE": certificate} if certificate else {})}
    done = subprocess.run([MISSIVED, *arguments[:-1], "-c", f"{daemon.directory}/missived.conf", arguments[-1]],
                          capture_output=True, text=True, timeout=120, env=environment)
    lines = re.findall(r"^(ok|WRONG|not looked at): ([^:]+): (.*)$", done.stdout, re.M)
    assert len(lines) == len(done.stdout.splitlines()) and not done.stderr, done.stdout + done.stderr
    assert done.returncode == ("WRONG" in [result for result, *_ in lines]), done.stdout
    if os.path.exists(f"{daemon.store}/missive.db"):
        assert rows(daemon, "SELECT count(*) FROM password WHERE label = 'missived check'") == [(0,)]
        assert rows(daemon, "SELECT count(*) FROM resource WHERE name LIKE 'missive-check%'") == [(0,)]
    return {what: (result, text) for result, what, text in lines}


def wrong(found):
    return {what: text for what, (result, text) in found.items() if result == "WRONG"}


@pytest.fixture
def behind(world, prosody, tmp_path):
    """Starts a daemon and what stands before it."""
    made = []

    def start(proxy=Nginx, daemon=None, **how):
        port = free_port()
        for one in world.daemons:  # there is one component
            one.stop()
        settings = {"trusted_proxies": "127.0.0.1", "base_url": f"https://127.0.0.1:{port}", "max_file_size": "20M", **(daemon or {})}
        running = world.daemon(prosody, **settings)
        made.append(proxy(tmp_path / f"proxy{len(made)}", running.port, port=port, **how))
        return running, made[-1]
    yield start
    for proxy in made:
        proxy.stop()


@pytest.mark.parametrize("how", [{"kind": "example"}, {"proxy": Apache, "lines": 'RequestHeader set X-Forwarded-Proto "https"'}],
                         ids=["nginx", "apache"])
def test_good(behind, how):
    daemon, proxy = behind(**how)
    found = check(daemon, proxy.certificate)
    assert wrong(found) == {}
    assert set(GOOD) - {what for what, (result, _) in found.items() if result == "ok"} <= {"xmpp clock"}
    assert found["read timeout"][0] == "not looked at"
    assert found["client address"][1] == "127.0.0.1 asks for 127.77.77.77"
    assert "missive-check-" not in subprocess.run(["ps", "ax"], capture_output=True, text=True, timeout=20).stdout


def test_direct(world, prosody):
    """Without a proxy, and with the daemon's own TLS; -c in either place."""
    daemon = world.daemon(prosody)
    found = check(daemon, arguments=("check",))
    assert wrong(found) == {} and found["client address"][1] == "nothing stands in between" and "certificate" not in found
    daemon.stop()
    make_certificate(daemon.directory)
    daemon.settings["http"] |= {"tls-cert": f"{daemon.directory}/cert.pem", "tls-key": f"{daemon.directory}/key.pem",
                                "base-url": daemon.base.replace("http:", "https:")}
    daemon.start()
    found = check(daemon, f"{daemon.directory}/cert.pem")
    assert wrong(found) == {} and found["certificate"][1].startswith("it is good for 127.0.0.1, ")
    done = subprocess.run([MISSIVED, "check", "-c", f"{daemon.directory}/missived.conf"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "WRONG: certificate: it is not good for 127.0.0.1: self-signed certificate" in done.stdout


def without(name):
    return [directive for directive in README if name not in directive]


# What is wrong with the proxy, and the line that has to say so.
NGINX = {
    "host": ({"directives": without("X-Forwarded-Host")}, ("host", r"is asked for as 127.0.0.1:\d+ and not as .*X-Forwarded-Host")),
    "scheme": ({"directives": [*without("X-Forwarded-Proto"), "set_header X-Forwarded-Proto http"]}, ("scheme", "clients ask by http, and base-url has https")),
    "address": ({"directives": without("X-Forwarded-For")}, ("client address", "anybody may pretend")),
    "no address": ({"directives": [*without("X-Forwarded-For"), "set_header X-Forwarded-For ''"]}, ("client address", "is trusted and does not say for whom")),
    "both": ({"directives": [*without("set_header Forwarded"), "set_header Forwarded for=1.2.3.4"]}, ("ours", "says in two ways")),
    "untrusted": ({"directives": README, "daemon": {"trusted_proxies": "", "host": "127.0.0.1"}}, ("client address", "set trusted-proxies = 127.0.0.1")),
    "size": ({"directives": README, "server": ""}, ("body size", "refused by the proxy .413.: in nginx client_max_body_size 0")),
    "buffering": ({"directives": without("request_buffering")}, ("request buffering", "proxy_request_buffering off")),
    "methods": ({"directives": README, "server": "client_max_body_size 0; if ($request_method = MOVE) { return 405; }"}, ("MOVE", "answered 405: .*all methods")),
    "propfind": ({"directives": README, "server": "client_max_body_size 0; if ($request_method = PROPFIND) { return 403; }"}, ("PROPFIND", "answered 403")),
    "destination": ({"directives": [*README, "set_header Destination http://127.0.0.1:1/x"]}, ("MOVE", "answered 502: what the proxy makes of Destination")),
    "credentials": ({"directives": [*README, 'set_header Authorization ""']}, ("credentials", "pass Authorization on")),
    "another": ({"directives": README, "server": "location /-/ { return 404; }"}, ("ours", "is answered .404, nginx.* not this daemon")),
}


@pytest.mark.parametrize("kind", NGINX)
def test_nginx(behind, kind):
    how, (what, pattern) = NGINX[kind]
    daemon, proxy = behind(**how)
    found = wrong(check(daemon, proxy.certificate))
    assert list(found) == [what] and re.search(pattern, found[what]), found


APACHE = {
    "size": ({"lines": "RewriteEngine on\nRewriteCond %{HTTP:Content-Length} -gt10000000\nRewriteRule . - [R=413]"},
             ("body size", "refused by the proxy .413.")),
    "host": ({"lines": "ProxyAddHeaders Off\nRequestHeader set X-Forwarded-For 192.0.2.4"}, ("host", "is to pass Host on")),
    "scheme": ({"lines": 'RequestHeader set X-Forwarded-Proto "http"'}, ("scheme", "clients ask by http")),
    "destination": ({"lines": "RequestHeader edit Destination ^https http\nRequestHeader edit Destination 127.0.0.1 localhost"}, ("MOVE", "answered 502")),
    "methods": ({"lines": "RewriteEngine on\nRewriteCond %{REQUEST_METHOD} MOVE\nRewriteRule . - [F]"}, ("MOVE", "answered 403")),
    "both": ({"lines": "RequestHeader set Forwarded for=1.2.3.4"}, ("ours", "says in two ways")),
}


@pytest.mark.parametrize("kind", APACHE)
def test_apache(behind, kind):
    how, (what, pattern) = APACHE[kind]
    daemon, proxy = behind(proxy=Apache, **how)
    found = wrong(check(daemon, proxy.certificate))
    assert list(found) == [what] and re.search(pattern, found[what]), found


def test_the_way_is_gone(behind, world, prosody):
    """A proxy that does not run, one that leads elsewhere, a name that is none, a certificate of another name."""
    daemon, proxy = behind(directives=README)
    proxy.stop()
    found = check(daemon, proxy.certificate)
    assert list(wrong(found)) == ["reachable"] and "Connection refused" in wrong(found)["reachable"]
    assert found["uploads"][0] == "not looked at"
    elsewhere, proxy = behind(directives=README)
    elsewhere.stop()
    found = check(elsewhere, proxy.certificate)
    assert set(wrong(found)) == {"daemon", "ours"} and "does not reach the daemon" in wrong(found)["ours"]
    assert "Is it running? Where missived.socket" in wrong(found)["daemon"] and found["xmpp"][0] == "not looked at"
    elsewhere.start()
    elsewhere.stop()
    nowhere = world.daemon(prosody, base_url="http://files.invalid")
    assert "has no address" in wrong(check(nowhere))["name"]
    named, proxy = behind(directives=README)
    named.stop()
    named.settings["http"]["base-url"] = f"https://127.0.0.2:{proxy.port}"
    named.start()
    assert "reachable" in wrong(check(named, proxy.certificate))


def test_each_address(world, prosody, tmp_path):
    """A second address of the name that leads to something else."""
    port = free_port()
    daemon = world.daemon(prosody, port=port, base_url=f"http://files.two.example:{port}", trusted_proxies="")
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 files.two.example\n127.0.0.2 files.two.example\n127.0.0.1 localhost\n")
    other = ThreadingHTTPServer(("127.0.0.2", port), SimpleHTTPRequestHandler)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    try:
        done = subprocess.run(["unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "-", MISSIVED,
                               "-c", f"{daemon.directory}/missived.conf", "check"], capture_output=True, text=True, timeout=120)
    finally:
        other.shutdown(), other.server_close()
    assert "ok: reachable: 127.0.0.1:" in done.stdout and "ok: reachable: 127.0.0.2:" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1 and re.search("^WRONG: ours: (127.0.0.2:|base-url is answered)", done.stdout, re.M), done.stdout


def test_two_of_them(world, prosody):
    """Another store's daemon at the address is not taken for ours."""
    one = world.daemon(prosody)
    two = world.daemon(ComponentServerOnce(world), base_url=one.base)
    assert "not this daemon" in wrong(check(two))["ours"]


class ComponentServerOnce(ComponentServer):
    def __init__(self, world):
        super().__init__()
        self.world = world
        world.people.append(self)

    def disconnect(self):
        if not self.closing:
            self.close()


def test_xmpp(world):
    """A server that does not list the component, and whose clock is wrong; one that is gone."""
    server = ComponentServerOnce(world)
    daemon = world.daemon(server)
    found = check(daemon)
    assert found["disco#items"][0] == "not looked at" and "does not come back" in wrong(found)["disco#info"]
    server.close()
    daemon.wait_for("event=xmpp-lost")
    assert "is not connected" in wrong(check(daemon))["xmpp"]


def test_disk(world, prosody):
    daemon = world.daemon(prosody, keep_free="9000T")
    found = wrong(check(daemon))
    assert "uploads are refused" in found["disk"]


def test_nobody_else_is_told(world, prosody):
    """Without the store's secret, with an old signature, or with one for something else, there is nothing."""
    daemon = world.daemon(prosody)
    for field in (None, "", "x", "1-2-3", f"{2 ** 62}-{'a' * 32}-{'b' * 64}", "9" * 200 + "-" + "a" * 64):
        answer = requests.get(daemon.base + "/-/check", headers={"Missive-Check": field} if field is not None else {}, timeout=20)
        assert (answer.status_code, answer.text) == (404, "There is nothing here.\n"), field
        foreign = requests.get(daemon.base + "/-/check", headers={"Missive-Check": field or "x", "Host": "other.example"}, timeout=20)
        assert foreign.status_code == 421


def test_never_started(world, prosody, tmp_path):
    daemon = world.daemon(prosody)
    daemon.stop()
    os.rename(daemon.store, str(tmp_path / "away"))
    assert set(wrong(check(daemon))) == {"disk", "store"}
    os.rename(str(tmp_path / "away"), daemon.store)
    daemon.start()
