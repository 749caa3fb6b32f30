"""What is measured: a row of DESIGN section 7 each, with the peers that can do it. A server that answers wrongly ends the run."""

import concurrent.futures
import functools
import hashlib
import http.client
import importlib.util
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import servers

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = f"{HERE}/../tests/e2e"
SMALL, LARGE, COLD = 4 << 10, 256 << 20, 64 << 20
DAV = {"Content-Type": "application/xml"}


def fail(server, what):
    raise SystemExit(f"{server.name}: {what}")


def tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def from_tests(name):
    """A module of the end-to-end tests that stands by itself."""
    spec = importlib.util.spec_from_file_location(f"tests_{name}", f"{TESTS}/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Client:
    """One connection that is kept."""

    def __init__(self, server):
        self.server = server
        self.connection = (http.client.HTTPSConnection("127.0.0.1", server.port, timeout=300, context=tls_context())
                           if server.tls else http.client.HTTPConnection("127.0.0.1", server.port, timeout=300))

    def ask(self, method, path, body=None, headers=None, status=None):
        self.connection.request(method, path, body, {**self.server.headers, **(headers or {})})
        answer = self.connection.getresponse()
        content = answer.read()
        if status and answer.status not in status:
            fail(self.server, f"{method} {path}: {answer.status} {content[:200]!r}")
        return answer, content

    def close(self):
        self.connection.close()


@functools.cache
def content(length):
    return hashlib.shake_128(b"missive").digest(length)


def put(server, path, body):
    """Into the depot of who serves one, over HTTP where there is none."""
    if not server.durable:
        os.makedirs(os.path.dirname(server.depot + path), exist_ok=True)
        with open(server.depot + path, "wb") as f:
            f.write(body)
        return
    client = Client(server)
    client.ask("PUT", path, body, status=(201, 204))
    client.close()


def make_collection(server, path, members, body=b"x" * 100):
    if not server.durable:
        os.makedirs(server.depot + path, exist_ok=True)
        os.chmod(server.depot + path, 0o777)
        for n in range(members):
            with open(f"{server.depot}{path}f{n:06}", "wb") as f:
                f.write(body)
        return
    client, at_once = Client(server), 16
    client.ask("MKCOL", path, status=(201,))
    client.close()

    def put_some(first):
        one = Client(server)
        for n in range(first, members, at_once):
            one.ask("PUT", f"{path}f{n:06}", body, status=(201,))
        one.close()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        list(pool.map(put_some, range(at_once)))


def check_get(server, path, body):
    client = Client(server)
    answer, got = client.ask("GET", path, status=(200,))
    if got != body or int(answer.headers["Content-Length"]) != len(body):
        fail(server, f"GET {path} has other bytes")
    client.close()


def wrk(server, method, path, connections, seconds, size=0, prefix=""):
    """Requests a second, microseconds of CPU a request, megabytes a second, milliseconds that 99 of 100 requests take at most."""
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
            "megabytes": result["bytes"] / result["seconds"] / 1e6, "p99": result["p99"]}


class Row:
    """`servers` are measured in turn, `rounds` times; `value` is what is compared, less of it is better unless `more`."""

    rounds = 3
    more = False
    also = {}  # further columns: {key of a sample: title}

    def open(self, directory, build):
        """{name: server}, started."""
        return {name: servers.make(name, directory, build).start() for name in self.servers}

    def close(self, opened):
        for server in opened.values():
            servers.remove(server)

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
    servers, value, unit, more, target = ("missived", "nginx", "lighttpd"), "megabytes", "MB a second", True, "at least nginx"

    def prepare(self, server):
        put(server, "/large", content(LARGE))
        check_get(server, "/large", content(LARGE))

    def measure(self, server):
        return wrk(server, "GET", "/large", 1, 2)


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
    servers, value, unit, more, target = ("missived", "nginx"), "megabytes", "MB a second", True, "at least 0.9 of nginx"

    def prepare(self, server):
        self.count = 0

    def measure(self, server):
        self.count += 1
        body, client, before = content(LARGE), Client(server), server.cpu()
        start = time.monotonic()
        client.ask("PUT", f"/large-put-{self.count}", body, status=(201,))
        seconds, used = time.monotonic() - start, server.cpu() - before
        client.close()
        check_get(server, f"/large-put-{self.count}", body)
        return {"megabytes": LARGE / seconds / 1e6, "cpu": used * 1e6}


class Listing(Row):
    name, title = "propfind", "PROPFIND Depth 1 of 10,000 members"
    servers, value, unit = ("missived", "nginx", "lighttpd", "apache", "rclone"), "ms", "ms"
    target = "8 ms, all of allprop"

    def prepare(self, server):
        make_collection(server, "/list/", 10000)

    def measure(self, server):
        client = Client(server)
        body = b"<?xml version='1.0'?><propfind xmlns='DAV:'><allprop/></propfind>"
        before, start, times = server.cpu(), time.monotonic(), 3
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
    """`missived` has a million resources, `missived-few` a thousand; each asks for any of the same thousand, and then for any that it has."""

    name, title = "many", "GET of a small file in a store of 1,000,000 resources, and in one of 1,000"
    servers, value, unit, target = ("missived", "missived-few"), "cpu", "us CPU a request", "at most 1.2 times the CPU, and a start in less than 2 s"
    also = {"any": "us CPU a request for any of them", "start": "start, s"}

    def prepare(self, server):
        collections = 1000 if server.name == "missived" else 1
        server.stop()
        from_tests("many").fill(f"{server.directory}/store", servers.ROMEO, collections * 1000)
        start = time.monotonic()
        server.start()
        server.took, server.collections = time.monotonic() - start, collections
        server.headers = server.password(servers.ROMEO)
        check_get(server, f"/many/{collections - 1}/999", str(1000000 + collections * 1000 - 1).encode())

    def measure(self, server):
        sample = wrk(server, "GET", "", 32, 2, 1, "/many/")
        return {**sample, "any": wrk(server, "GET", "", 32, 1, server.collections, "/many/")["cpu"], "start": server.took}


class Idle(Row):
    name, title, rounds = "idle", "10,000 idle connections, each after one request", 1
    servers, value, unit, target = ("missived", "nginx"), "each", "bytes each", "below 4 KiB"
    also = {"slower": "times the CPU of a GET beside them"}
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


class Cold(Row):
    """One connection reads a large file that is dropped from the page cache before each time, all the while that others are measured."""

    name, title = "cold", "GET 4 KiB of 100 connections beside one that reads 64 MiB from the disk again and again"
    servers, value, unit, target = ("missived", "nginx", "nginx-aio"), "p99", "ms, 99 of 100 requests", "nobody else waits for the disk"
    also = {"without": "ms without the reader", "reader": "MB a second of the reader"}

    def prepare(self, server):
        for path, length in (("/small", SMALL), ("/large", COLD)):
            put(server, path, content(length))
            check_get(server, path, content(length))

    def forget(self, server):
        fd = os.open(server.blob(COLD) if server.durable else server.depot + "/large", os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)

    def read(self, server, ended, speeds):
        body, bytes_ = memoryview(content(COLD)), memoryview(bytearray(1 << 20))
        while not ended.is_set():
            self.forget(server)
            client, at, start = Client(server), 0, time.monotonic()
            client.connection.request("GET", "/large", None, server.headers)
            answer = client.connection.getresponse()
            while (got := answer.readinto(bytes_)) > 0:
                if bytes_[:got] != body[at:at + got]:
                    fail(server, f"/large has other bytes behind {at}")
                at += got
            if at != COLD:
                fail(server, f"/large has ended behind {at} bytes")
            speeds.append(COLD / (time.monotonic() - start) / 1e6)
            client.close()

    def measure(self, server):
        without, ended, speeds = wrk(server, "GET", "/small", 100, 1), threading.Event(), []
        reader = threading.Thread(target=self.read, args=(server, ended, speeds))
        reader.start()
        sample = wrk(server, "GET", "/small", 100, 3)
        ended.set()
        reader.join()
        if not speeds:
            fail(server, "the reader has come to nothing")
        return {**sample, "without": without["p99"], "reader": sum(speeds) / len(speeds)}


class Secured(Row):
    """With the same certificate (P-256), TLS 1.3 and the same cipher suite."""

    servers, target = ("missived", "nginx"), "at least nginx"
    suite = ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)

    def open(self, directory, build):
        from_tests("servers").make_certificate(directory)
        return {name: servers.make(name, directory, build, tls=directory).start() for name in self.servers}

    def prepare(self, server):
        put(server, self.path, content(self.length))
        check_get(server, self.path, content(self.length))
        with self.connect(server, tls_context()) as s:
            if s.cipher() != self.suite:
                fail(server, f"speaks {s.cipher()}")

    def connect(self, server, context, session=None):
        return context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)), session=session)


class SecuredSmallGet(Secured):
    name, title, path, length = "tls-get-small", "GET 4 KiB through TLS 1.3, 32 connections", "/small", SMALL
    value, unit = "cpu", "us CPU a request"

    def measure(self, server):
        return wrk(server, "GET", self.path, 32, 3)


class SecuredLargeGet(Secured):
    name, title, path, length = "tls-get-large", "GET 256 MiB through TLS 1.3", "/large", LARGE
    value, unit, more = "megabytes", "MB a second", True

    def measure(self, server):
        return wrk(server, "GET", self.path, 1, 2)


class Handshake(Secured):
    name, title, path, length = "tls-handshake", "Connection through TLS 1.3 with a full handshake and one HEAD", "/small", SMALL
    value, unit, resumed, count = "cpu", "us CPU a connection", False, 500

    def measure(self, server):
        head = "".join(f"{name}: {value}\r\n" for name, value in server.headers.items())
        request = f"HEAD {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{head}Connection: close\r\n\r\n".encode()
        context, session, before = tls_context(), None, server.cpu()
        for n in range(self.count):
            with self.connect(server, context, session) as s:
                s.sendall(request)
                if not s.recv(4096).startswith(b"HTTP/1.1 200") or s.session_reused != (self.resumed and n > 0):
                    fail(server, "a handshake went otherwise")
                session = s.session if self.resumed else None
        return {"cpu": (server.cpu() - before) / self.count * 1e6}


class Resumption(Handshake):
    name, title, resumed = "tls-resumed", "Connection through TLS 1.3 with a resumed session and one HEAD", True


class Confirms(Row):
    """
    Beside a component that does nothing but ask: what the server relays. The answering side is the same. The busiest thread, be it the
    server's or ours, says how many a machine of its own would let through; the rates say how much others use this one.
    """

    value, unit, target = "busiest", "us CPU of the busiest thread, the server's or ours", "at most 1.25 times what the server takes alone"
    also = {"rate": "a second"}
    count = 4000

    def open(self, directory, build):
        tests = from_tests("servers")
        self.program = f"{directory}/iqload"
        subprocess.run(["cc", "-O2", "-o", self.program, f"{TESTS}/iqload.c", "-lcrypto"], check=True)
        self.server = tests.SERVERS[self.servers[1]](tests.open_directory())
        self.server.start()
        self.secret, port = tests.SECRET, str(self.server.component)
        self.people = subprocess.Popen([self.program, "answer", port, "people.load", self.secret], stdout=subprocess.PIPE, text=True)
        if self.people.stdout.readline() != "ready\n":
            raise SystemExit("iqload does not answer")
        self.daemon = servers.Missived(directory, None, build, port, self.secret, "people.load")
        self.daemon.launch(self.daemon.program, "-c", self.daemon.config)
        deadline = time.monotonic() + 30
        while self.run(self.daemon, "http", str(self.daemon.port), "juliet@people.load/home", "1", "1") is None:
            if time.monotonic() > deadline:
                fail(self.daemon, f"nobody can be asked:\n{getattr(self, 'wrong', None)}")
            time.sleep(0.1)
        return dict(zip(self.servers, (self.daemon, self.server)))

    def close(self, opened):
        servers.remove(self.daemon)
        self.people.kill()
        self.people.wait()
        self.people.stdout.close()
        self.server.stop()
        shutil.rmtree(self.server.directory)

    def run(self, server, *arguments):
        """Each answer is looked at by the program. None: one was not as it must be."""
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            self.wrong = done.stderr
        return float(done.stdout) if done.returncode == 0 else None

    def measure(self, server):
        count, waiting, juliet = str(self.count), "64", "juliet@people.load/home"
        pids = [servers.processes(one.process.pid) for one in (self.daemon, self.server)]
        before = [busiest(one) for one in pids]
        if server is self.daemon:
            rate = self.run(server, "http", str(server.port), juliet, count, waiting)
        else:
            rate = self.run(server, "ask", str(server.component), "bare.load", self.secret, juliet, count, waiting)
        if rate is None:
            raise SystemExit(f"{server.name}: an answer was wrong:\n{self.wrong}")
        ours, theirs = (after - was for after, was in zip(map(busiest, pids), before))
        return {"rate": rate, "cpu": (ours if server is self.daemon else theirs) / self.count * 1e6,
                "busiest": max(ours, theirs) / self.count * 1e6}


def busiest(pids):
    """Seconds that the busiest thread of these processes has used."""
    most = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as f:
                most = max(most, int(f.read().split()[0]) / 1e9)
    return most


class ConfirmsByProsody(Confirms):
    name, title, servers = "confirms-prosody", "Confirms through Prosody, 64 waiting; and what it relays of IQs", ("missived", "prosody")


class ConfirmsByEjabberd(Confirms):
    name, title, servers = "confirms-ejabberd", "Confirms through ejabberd, 64 waiting; and what it relays of IQs", ("missived", "ejabberd")


ROWS = {row.name: row for row in (SmallGet, LargeGet, SmallPut, LargePut, Listing, Move, Copy, Idle, Many, Cold, SecuredSmallGet,
                                  SecuredLargeGet, Handshake, Resumption, ConfirmsByProsody, ConfirmsByEjabberd)}
