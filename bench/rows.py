"""What is measured: a row of DESIGN section 7 each, with the peers that can do it. A server that answers wrongly ends the run."""

import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL, LARGE = 4 << 10, 256 << 20
DAV = {"Content-Type": "application/xml"}


def fail(server, what):
    raise SystemExit(f"{server.name}: {what}")


class Client:
    """One connection that is kept."""

    def __init__(self, server):
        self.server = server
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

    def ask(self, method, path, body=None, headers=None, status=None):
        self.connection.request(method, path, body, {**self.server.headers, **(headers or {})})
        answer = self.connection.getresponse()
        content = answer.read()
        if status and answer.status not in status:
            fail(self.server, f"{method} {path}: {answer.status} {content[:200]!r}")
        return answer, content

    def close(self):
        self.connection.close()


def content(length):
    return hashlib.shake_128(b"missive").digest(length)


def put(server, path, body):
    """Into the depot of who serves one, over HTTP where there is none."""
    if server.name != "missived":
        os.makedirs(os.path.dirname(server.depot + path), exist_ok=True)
        with open(server.depot + path, "wb") as f:
            f.write(body)
        return
    client = Client(server)
    client.ask("PUT", path, body, status=(201, 204))
    client.close()


def make_collection(server, path, members, body=b"x" * 100):
    if server.name != "missived":
        os.makedirs(server.depot + path, exist_ok=True)
        os.chmod(server.depot + path, 0o777)
        for n in range(members):
            with open(f"{server.depot}{path}f{n:06}", "wb") as f:
                f.write(body)
        return
    client = Client(server)
    client.ask("MKCOL", path, status=(201,))
    for n in range(members):
        client.ask("PUT", f"{path}f{n:06}", body, status=(201,))
    client.close()


def check_get(server, path, body):
    client = Client(server)
    answer, got = client.ask("GET", path, status=(200,))
    if got != body or int(answer.headers["Content-Length"]) != len(body):
        fail(server, f"GET {path} has other bytes")
    client.close()


def wrk(server, method, path, connections, seconds, size=0, prefix=""):
    """(requests a second, microseconds of CPU a request, bytes a second)"""
    headers = [word for pair in server.headers.items() for word in pair]
    before = server.cpu()
    output = subprocess.run(
        ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "60s", "-s", f"{HERE}/load.lua",
         server.base + path, "--", method, str(size), prefix, *headers], check=True, capture_output=True, text=True).stdout
    used = server.cpu() - before
    result = json.loads(output.strip().splitlines()[-1])
    if result["refused"] or not result["requests"]:
        fail(server, f"{method} {path}: {result}")
    return {"rate": result["requests"] / result["seconds"], "cpu": used / result["requests"] * 1e6,
            "bytes": result["bytes"] / result["seconds"]}


class Row:
    """`servers` are measured in turn, `rounds` times; `value` is what is compared, less of it is better unless `more`."""

    rounds = 3
    more = False

    def prepare(self, server):
        pass

    def measure(self, server):
        raise NotImplementedError


class SmallGet(Row):
    name, title = "get-small", "GET 4 KiB, keep-alive, 32 connections; missived with app password and jidlist, the others without"
    servers, value, unit, target = ("missived", "lighttpd", "nginx"), "cpu", "us CPU a request", "at most lighttpd's CPU"

    def prepare(self, server):
        put(server, "/small", content(SMALL))
        if server.name == "missived":
            share(server, "/small")
        check_get(server, "/small", content(SMALL))

    def measure(self, server):
        return wrk(server, "GET", "/small", 32, 3)


def share(server, path):
    """With whom then asks: the list is looked at."""
    body = (b"<propertyupdate xmlns='DAV:'><set><prop><jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>"
            b"<jid>juliet@capulet.lit</jid></jidlist></prop></set></propertyupdate>")
    client = Client(server)
    client.ask("PROPPATCH", path, body, DAV, (207,))
    client.close()
    server.headers = server.password("juliet@capulet.lit")


class LargeGet(Row):
    name, title = "get-large", "GET 256 MiB"
    servers, value, unit, more, target = ("missived", "nginx", "lighttpd"), "bytes", "bytes a second", True, "at least nginx"

    def prepare(self, server):
        put(server, "/large", content(LARGE))
        check_get(server, "/large", content(LARGE))

    def measure(self, server):
        return wrk(server, "GET", "/large", 1, 3)


class SmallPut(Row):
    name, title = "put-small", "PUT 4 KiB, 64 connections; missived durable, nginx not"
    servers, value, unit, more, target = ("missived", "nginx"), "rate", "requests a second", True, "at least nginx's rate"

    def prepare(self, server):
        self.count = 0

    def measure(self, server):
        self.count += 1
        path = f"/put{self.count}-{server.name}/"
        make_collection(server, path, 0)
        result = wrk(server, "PUT", path, 64, 3, SMALL, path)
        check_get(server, f"{path}0-2", b"x" * SMALL)
        return result


class LargePut(Row):
    name, title = "put-large", "PUT 256 MiB; missived durable, nginx not"
    servers, value, unit, more, target = ("missived", "nginx"), "bytes", "bytes a second", True, "at least 0.9 of nginx"

    def prepare(self, server):
        self.count = 0

    def measure(self, server):
        self.count += 1
        body, client, before = content(LARGE), Client(server), server.cpu()
        start = time.monotonic()
        client.ask("PUT", f"/large-put-{self.count}", body, status=(201,))
        seconds = time.monotonic() - start
        client.close()
        check_get(server, f"/large-put-{self.count}", body)
        return {"bytes": LARGE / seconds, "cpu": (server.cpu() - before) * 1e6}


class Listing(Row):
    name, title = "propfind", "PROPFIND Depth 1 of 10,000 members"
    servers, value, unit = ("missived", "nginx", "lighttpd", "apache", "rclone"), "ms", "ms"
    target = "8 ms, all of allprop"

    def prepare(self, server):
        make_collection(server, "/list/", 10000)

    def measure(self, server):
        client = Client(server)
        body = b"<?xml version='1.0'?><propfind xmlns='DAV:'><allprop/></propfind>"
        before, start, times = server.cpu(), time.monotonic(), 5
        for _ in range(times):
            _, got = client.ask("PROPFIND", "/list/", body, {**DAV, "Depth": "1"}, (207,))
        seconds, used = time.monotonic() - start, server.cpu() - before
        client.close()
        found = len(re.findall(rb"<(?:\w+:)?href[^>]*>", got))
        if found != 10001:
            fail(server, f"PROPFIND lists {found} of 10,001")
        return {"ms": seconds / times * 1000, "cpu": used / times * 1e6}


class Tree(Row):
    servers, value, unit = ("missived", "nginx"), "ms", "ms"

    def prepare(self, server):
        self.at = {}
        make_collection(server, f"/{self.name}/", 10000)

    def measure(self, server):
        at = self.at.setdefault(server.name, [f"/{self.name}/", 0])
        at[1] += 1
        to, client, before = f"/{self.name}-{at[1]}/", Client(server), server.cpu()
        start = time.monotonic()
        client.ask(self.method, at[0], headers={"Destination": server.base + to, "Overwrite": "F"}, status=(201, 204))
        seconds = time.monotonic() - start
        check_get(server, f"{to}f009999", b"x" * 100)
        client.close()
        if self.method == "MOVE":
            at[0] = to
        return {"ms": seconds * 1000, "cpu": (server.cpu() - before) * 1e6}


class Move(Tree):
    name, title, method, target = "move", "MOVE of a tree of 10,000", "MOVE", "below 2 ms"


class Copy(Tree):
    name, title, method, target = "copy", "COPY of a tree of 10,000", "COPY", "without moving content"


class Many(Row):
    """The same GET in a store of a thousand resources and of a million."""

    name, title = "many", "GET 4 KiB among 1,000 and among 1,000,000 resources"
    servers, value, unit, target = ("missived",), "ratio", "times the CPU", "at most 1.2"

    def prepare(self, server):
        put(server, "/one", content(SMALL))
        make_collection(server, "/tree/", 1000)
        self.few = [wrk(server, "GET", "/one", 32, 3)["cpu"] for _ in range(3)]
        client = Client(server)
        client.ask("MKCOL", "/many/", status=(201,))
        for n in range(99):
            client.ask("COPY", "/tree/", headers={"Destination": f"{server.base}/many/{n}/"}, status=(201,))
        for n in range(9):
            client.ask("COPY", "/many/", headers={"Destination": f"{server.base}/many{n}/"}, status=(201,))
        client.close()

    def measure(self, server):
        cpu = wrk(server, "GET", "/one", 32, 3)["cpu"]
        return {"ratio": cpu / sorted(self.few)[1], "cpu": cpu}


class Idle(Row):
    name, title, rounds = "idle", "10,000 idle connections, each after one request", 1
    servers, value, unit, target = ("missived", "nginx"), "each", "bytes each", "below 4 KiB"
    count = 10000

    def prepare(self, server):
        put(server, "/small", content(SMALL))

    def measure(self, server):
        head = "".join(f"{name}: {value}\r\n" for name, value in server.headers.items())
        request = f"HEAD /small HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{head}\r\n".encode()
        without, before = wrk(server, "GET", "/small", 32, 2), server.resident()
        sockets = []
        for _ in range(self.count):
            one = socket.create_connection(("127.0.0.1", server.port))
            one.sendall(request)
            if not one.recv(4096).startswith(b"HTTP/1.1 200"):
                fail(server, "an idle connection was refused")
            sockets.append(one)
        held = server.resident() - before
        beside = wrk(server, "GET", "/small", 32, 2)
        for one in sockets:
            one.close()
        return {"each": held / self.count, "cpu": beside["cpu"], "slower": beside["cpu"] / without["cpu"]}


ROWS = {row.name: row for row in (SmallGet, LargeGet, SmallPut, LargePut, Listing, Move, Copy, Idle, Many)}
