"""
Nothing ambiguous in HTTP is accepted (RULES, "HTTP/1.1"): each framing of smuggling.py has a DELETE in it that its sender has the right to; the file
lives. And through nginx and Apache, which keep connections to missived open, as many requests are answered as they have passed on.
"""

import re
import socket
import ssl

import pytest
import requests

from daemon import Daemon, basic
from proxy import FRONTS
from servers import free_port, wait_until
from smuggling import TARGET, ambiguous, right
from test_passwords import mint
from wire import Reader

ROMEO = "romeo@localhost"


class Stage:
    def __init__(self, daemon, host):
        self.daemon, self.host = daemon, host
        self.authorization = basic(ROMEO, mint(daemon, ROMEO))
        self.fields = f"Host: {host}\r\nAuthorization: {self.authorization['Authorization']}\r\n"
        self.hidden = f"DELETE /sentinel HTTP/1.1\r\n{self.fields}\r\n".encode()
        self.last = f"OPTIONS / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self.put_sentinel()

    def ask(self, method, path, body=None):
        return requests.request(method, f"http://127.0.0.1:{self.daemon.port}{path}", data=body, timeout=20,
                                headers={**self.authorization, "Host": self.host})

    def put_sentinel(self):
        assert self.ask("PUT", "/sentinel", b"alive").status_code in (201, 204)

    def lives(self):
        return self.ask("GET", "/sentinel").content == b"alive"

    def answered(self, pattern=""):
        return len([line for line in self.daemon.log().split("\n") if re.search(f"event=request .*{pattern}", line)])


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """Makes daemons for the whole module, and ends them all. Nobody is asked here: no XMPP server runs."""
    made = []

    def start(**settings):
        made.append(Daemon(tmp_path_factory.mktemp("missived"), free_port(), **settings))
        return made[-1].start(link=False)
    yield start
    for daemon in made:
        daemon.stop()


@pytest.fixture(scope="module")
def stage(started):
    daemon = started()
    return Stage(daemon, f"127.0.0.1:{daemon.port}")


def exchange(s, data):
    """All that the other side says until it closes, or says nothing for a while."""
    said = b""
    try:
        s.sendall(data)
        while more := s.recv(1 << 16):
            said += more
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError, TimeoutError):
        pass
    return said


@pytest.mark.parametrize("framing", ambiguous(), ids=lambda framing: framing.name.replace(" ", "-"))
def test_hidden_is_never_run(stage, framing):
    deleted = stage.answered("method=DELETE")
    with socket.create_connection(("127.0.0.1", stage.daemon.port), timeout=20) as s:
        s.sendall(framing.bytes(stage.fields, stage.hidden) + stage.last)
        s.shutdown(socket.SHUT_WR)
        reader = Reader(s)
        answer = reader.answer("PUT")
        assert answer.status == framing.status and answer.fields["connection"] == "close"
        assert reader.at_end(), reader.data
    assert stage.lives() and stage.answered("method=DELETE") == deleted
    assert stage.ask("GET", TARGET).status_code == 404


@pytest.mark.parametrize("framing", right(), ids=lambda framing: framing.name.replace(" ", "-"))
def test_what_is_right_is_taken(stage, framing):
    """The hidden one is what was uploaded; the same bytes as a request of their own delete."""
    with socket.create_connection(("127.0.0.1", stage.daemon.port), timeout=20) as s:
        s.sendall(framing.bytes(stage.fields, stage.hidden))
        reader = Reader(s)
        assert reader.answer("PUT").status == framing.status
        assert stage.lives() and stage.ask("GET", TARGET).content == stage.hidden
        s.sendall(stage.hidden + stage.last)
        assert [reader.answer().status for _ in range(2)] == [204, 200]
        assert reader.at_end()
    assert not stage.lives()
    stage.put_sentinel()
    assert stage.ask("DELETE", TARGET).status_code == 204


class Behind(Stage):
    """Through a proxy, as dist/examples has it."""

    def __init__(self, start, kind, directory):
        port = free_port()
        daemon = start(base_url=f"https://127.0.0.1:{port}", trusted_proxies="127.0.0.1")
        self.front = FRONTS[kind](directory, daemon.port, port)
        self.context = ssl.create_default_context(cafile=self.front.certificate)
        self.direct = 0
        super().__init__(daemon, f"127.0.0.1:{port}")

    def send(self, data):
        with socket.create_connection(("127.0.0.1", self.front.port), timeout=20) as plain, \
                self.context.wrap_socket(plain, server_hostname="127.0.0.1") as s:
            s.settimeout(1)
            return exchange(s, data)

    def ask(self, *request):
        self.direct += 1
        return super().ask(*request)

    def even(self):
        """As many requests are answered as were passed on, of each method."""
        return self.front.passed_on() == self.answered() - self.direct and \
            self.front.passed_on("DELETE") == self.answered("method=DELETE ")


@pytest.fixture(scope="module", params=FRONTS)
def behind(request, started, tmp_path_factory):
    made = Behind(started, request.param, tmp_path_factory.mktemp("behind") / request.param)
    yield made
    made.front.stop()


def test_as_many_on_both_sides(behind):
    """A DELETE that the proxy has not seen as a request is none for missived either."""
    for framing in ambiguous() + right():
        seen = behind.front.passed_on("DELETE")
        behind.send(framing.bytes(behind.fields, behind.hidden) + behind.last)
        assert b" 200 " in behind.send(behind.last), framing.name
        wait_until(behind.even, f"{framing.name}: {behind.front.passed_on()} requests are passed on and {behind.answered()} answered")
        if behind.front.passed_on("DELETE") == seen:
            assert behind.lives(), framing.name
        else:
            behind.put_sentinel()
    assert behind.front.passed_on() > 2 * len(right())
