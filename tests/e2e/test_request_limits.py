"""What one request may be, as [limits] says: what a smaller value refuses a larger one lets in."""

import contextlib
import re
import socket
import subprocess
import threading
import time

import pytest
import requests

from daemon import MISSIVED, basic
from digest import challenges, digest
from passwords import device, rows
from servers import wait_until
from wire import Reader, ask, connect, head

ROMEO = "romeo@localhost"
OPTIONS = "OPTIONS / HTTP/1.1"

# Below all defaults, and above them.
SMALL = {"target": "256", "head": "1K", "fields": "10", "xml_body": "1K", "properties": "3", "property_size": "256",
         "properties_size": "1K", "ranges": "2", "conditions": "2", "conditions_size": "256", "locks_per_resource": "2",
         "locks_per_account": "3", "lock_time": "100s", "head_time": "1s", "idle_time": "2s", "nonce_time": "1s", "drain": "10"}
LARGE = {"target": "16K", "head": "64K", "fields": "256", "xml_body": "4M", "properties": "1024", "property_size": "1M",
         "properties_size": "4M", "ranges": "256", "conditions": "256", "conditions_size": "32K", "locks_per_resource": "64",
         "locks_per_account": "1100", "lock_time": "1w", "head_time": "30s", "nonce_time": "1h", "drain": "1M"}


def phone_of(world, prosody, settings):
    world.daemon(prosody, **settings)
    return device(world.person(ROMEO))


@pytest.fixture
def small(world, prosody):
    """A client at a daemon that allows little."""
    return phone_of(world, prosody, SMALL)


@pytest.fixture
def large(world, prosody):
    return phone_of(world, prosody, LARGE)


def target(length):
    """A request line with a target of so many bytes: each segment has 255 at most."""
    return "OPTIONS " + "".join("/" + "a" * (min(length - at, 256) - 1) for at in range(0, length, 256)) + " HTTP/1.1"


def status(daemon, line, *fields):
    return ask(daemon, head(daemon, line, *fields)).status


def head_of(daemon, length):
    """Of so many bytes."""
    return head(daemon, OPTIONS, "X: " + "v" * (length - len(head(daemon, OPTIONS, "X: "))))


# ---- heads ----

def test_heads(small):
    daemon = small.daemon
    assert status(daemon, target(256)) == 200
    assert status(daemon, target(257)) == 414
    assert ask(daemon, head_of(daemon, 1024)).status == 200
    assert ask(daemon, head_of(daemon, 1025)).status == 431
    assert status(daemon, OPTIONS, *(f"X{n}: 1" for n in range(9))) == 200
    assert status(daemon, OPTIONS, *(f"X{n}: 1" for n in range(10))) == 431


def test_larger_heads(large):
    daemon = large.daemon
    assert status(daemon, target(16 << 10)) == 200
    assert status(daemon, target((16 << 10) + 1)) == 414
    assert ask(daemon, head_of(daemon, 64 << 10)).status == 200
    assert ask(daemon, head_of(daemon, (64 << 10) + 1)).status == 431
    assert status(daemon, OPTIONS, *(f"X{n}: 1" for n in range(255))) == 200
    assert status(daemon, OPTIONS, *(f"X{n}: 1" for n in range(256))) == 431


def test_heads_of_all_sizes_behind_each_other(large):
    """Also where what was read ends in the middle of a head."""
    daemon = large.daemon
    lengths = [64 << 10, 1000, 40000, 200, 64 << 10, 65000]
    with connect(daemon) as s:
        threading.Thread(target=s.sendall, args=(b"".join(head_of(daemon, n) for n in lengths),), daemon=True).start()
        reader = Reader(s)
        assert [reader.answer().status for _ in lengths] == [200] * len(lengths)


def test_usual_heads(world, prosody):
    daemon = world.daemon(prosody)
    assert status(daemon, target(8 << 10)) == 200
    assert status(daemon, target((8 << 10) + 1)) == 414
    assert ask(daemon, head_of(daemon, 32 << 10)).status == 200
    assert ask(daemon, head_of(daemon, (32 << 10) + 1)).status == 431


def ended_after(s):
    """Seconds until the other side says or sends something."""
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        s.recv(1000)
    return time.monotonic() - began


def test_times(small):
    """Of a head, and of a connection that has served and waits."""
    with connect(small.daemon) as begun, connect(small.daemon) as idle:
        begun.sendall(b"GET / HT")
        idle.sendall(head(small.daemon, OPTIONS))
        assert Reader(idle).answer().status == 200
        assert 0.5 < ended_after(begun) < 10
        assert ended_after(idle) < 10


def test_longer_times(large):
    """A head that has not come after the usual 15 s is still waited for."""
    with connect(large.daemon, 25) as s:
        s.sendall(head(large.daemon, OPTIONS)[:-2])
        s.settimeout(17)
        with pytest.raises(TimeoutError):
            s.recv(1)
        s.sendall(b"\r\n")
        assert Reader(s).answer().status == 200


# ---- bodies ----

@pytest.mark.parametrize("rate, fast_enough", [("10", True), ("1M", False)])
def test_rate(world, prosody, rate, fast_enough):
    """A thousand bytes in the 30 s that it is measured over; by default they are too few."""
    phone = phone_of(world, prosody, {"body_rate": rate})
    with connect(phone.daemon, 60) as s:
        s.sendall(head(phone.daemon, "PUT /a HTTP/1.1", "Content-Length: 2000", "Expect: 100-continue",
                       "Authorization: " + basic(ROMEO, phone.password)["Authorization"]))
        reader = Reader(s)
        assert reader.answer().status == 100
        s.sendall(b"x" * 1000)
        if fast_enough:
            s.settimeout(32)
            with pytest.raises(TimeoutError):
                reader.more()
            s.sendall(b"x" * 1000)
            assert reader.answer().status == 201
        else:
            began = time.monotonic()
            assert reader.answer().status == 408 and 25 < time.monotonic() - began < 50


@pytest.mark.parametrize("size, drain, kept", [(10, "10", True), (11, "10", False), (100 << 10, None, False), (100 << 10, "1M", True)])
def test_drain(world, prosody, size, drain, kept):
    """A refused body is read to its end for the sake of the next request, when it is small."""
    daemon = world.daemon(prosody, drain=drain)
    with connect(daemon) as s:
        s.sendall(head(daemon, "PUT /a HTTP/1.1", f"Content-Length: {size}") + b"x" * size)
        reader = Reader(s)
        answer = reader.answer()
        assert answer.status == 401 and (answer.fields.get("connection") != "close") == kept
        if kept:
            s.sendall(head(daemon, OPTIONS))
            assert reader.answer().status == 200
        else:
            s.shutdown(socket.SHUT_WR)
            assert reader.at_end()


@pytest.mark.parametrize("seconds, least, most", [("100ms", 0, 1.5), ("4s", 3, 15)])
def test_drain_time(world, prosody, seconds, least, most):
    """Who goes on sending after a refusal is listened to for so long."""
    daemon = world.daemon(prosody, drain_time=seconds)
    with connect(daemon) as s:
        s.sendall(head(daemon, "PUT /a HTTP/1.1", "Content-Length: 1000000000"))
        assert Reader(s).answer().status == 401
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 20:
                s.sendall(b"x")
                time.sleep(0.02)
        assert least < time.monotonic() - began < most


# ---- XML and properties ----

def propfind(names, pad=0):
    return ("<propfind xmlns='DAV:'><prop>" + "".join(f"<n{n}/>" for n in range(names)) + "</prop>" + " " * pad + "</propfind>").encode()


def padded(length):
    return propfind(1, length - len(propfind(1)))


def set_(phone, *values):
    """The status of the first property."""
    inside = "".join(f"<x:{name}>{'v' * size}</x:{name}>" for name, size in values)
    answer = phone.ask("PROPPATCH", "/a", f"<propertyupdate xmlns='DAV:' xmlns:x='urn:x'><set><prop>{inside}</prop></set></propertyupdate>".encode())
    return int(re.search(r"HTTP/1.1 (\d+)", answer.text)[1]) if answer.status_code == 207 else answer.status_code


def remove(phone, *names):
    inside = "".join(f"<x:{name} xmlns:x='urn:x'/>" for name in names)
    body = f"<propertyupdate xmlns='DAV:'><remove><prop>{inside}</prop></remove></propertyupdate>"
    assert " 200 " in phone.ask("PROPPATCH", "/a", body.encode()).text


def markup(phone):
    """Bytes that are kept of a property round its value."""
    assert set_(phone, ("n", 1)) == 200
    return rows(phone.daemon, "SELECT max(length(xml)) FROM property")[0][0] - 1


def test_xml(small):
    assert small.status("PROPFIND", "/", padded(1 << 10)) == 207
    assert small.status("PROPFIND", "/", padded((1 << 10) + 1)) == 413
    assert small.status("PROPFIND", "/", (part for part in [padded((1 << 10) + 1)])) == 413, "in chunks"
    assert small.status("PROPFIND", "/", propfind(3)) == 207
    assert small.status("PROPFIND", "/", propfind(4)) == 413


def test_more_xml(large):
    assert large.status("PROPFIND", "/", padded(4 << 20)) == 207
    assert large.status("PROPFIND", "/", padded((4 << 20) + 1)) == 413
    found = large.ask("PROPFIND", "/", propfind(1024))
    assert found.status_code == 207 and found.text.count("<n") + found.text.count(":n") >= 1024
    assert large.status("PROPFIND", "/", propfind(1025)) == 413


def test_properties(small):
    assert small.status("PUT", "/a", b"x") == 201
    most = 256 - markup(small)
    assert set_(small, ("n", most)) == 200
    assert set_(small, ("n", most + 1)) == 507
    assert set_(small, ("a", 1), ("b", 1), ("c", 1)) == 424, "with the one that is there these are four"
    remove(small, "n")
    assert set_(small, ("a", 1), ("b", 1), ("c", 1)) == 200
    assert set_(small, ("a", 1), ("b", 1), ("c", 1), ("d", 1)) == 413
    assert set_(small, ("d", 1)) == 507
    assert set_(small, ("c", 2)) == 200


@pytest.mark.parametrize("most, told", [("1K", 507), ("2K", 200)])
def test_properties_together(world, prosody, most, told):
    phone = phone_of(world, prosody, {"properties_size": most})
    assert phone.status("PUT", "/a", b"x") == 201
    assert set_(phone, ("a", 400)) == 200
    assert set_(phone, ("b", 400)) == 200
    assert set_(phone, ("c", 400)) == told


def test_more_properties(large):
    assert large.status("PUT", "/a", b"x") == 201
    most = (1 << 20) - markup(large)
    assert set_(large, ("n", most)) == 200
    assert set_(large, ("n", most + 1)) == 507
    assert set_(large, ("n", 1), *((f"p{n}", 1) for n in range(1023))) == 200
    assert set_(large, ("more", 1)) == 507
    assert large.ask("PROPFIND", "/a").text.count("urn:x") >= 1024


def test_a_smaller_limit_loses_nothing(world, prosody):
    """What is there already is told, and can be removed."""
    daemon = world.daemon(prosody)
    phone = device(world.person(ROMEO))
    assert phone.status("PUT", "/a", b"x") == 201
    assert set_(phone, ("a", 2000), ("b", 2000), ("c", 2000)) == 200
    daemon.stop()
    daemon.settings["limits"].update({"properties": "1", "property-size": "256", "properties-size": "1K"})
    daemon.start()
    assert phone.ask("PROPFIND", "/a").text.count("v" * 2000) == 3
    assert set_(phone, ("d", 1)) == 507
    for name in "abc":
        remove(phone, name)
    assert set_(phone, ("d", 1)) == 200


# ---- ranges and conditions ----

def ranged(phone, count):
    return phone.status("GET", "/a", Range="bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(count)))


@pytest.mark.parametrize("settings, most", [(SMALL, 2), ({}, 16), (LARGE, 256)], ids=["small", "usual", "large"])
def test_ranges(world, prosody, settings, most):
    phone = phone_of(world, prosody, settings)
    assert phone.status("PUT", "/a", b"x" * 1000) == 201
    assert ranged(phone, most) == 206
    assert ranged(phone, most + 1) == 200


def conditions(phone, count):
    return phone.status("PUT", "/a", b"y", If="(" + "Not<a>" * count + ")")


@pytest.mark.parametrize("settings, most", [(SMALL, 2), ({}, 64), (LARGE, 256)], ids=["small", "usual", "large"])
def test_conditions(world, prosody, settings, most):
    phone = phone_of(world, prosody, settings)
    assert phone.status("PUT", "/a", b"x") == 201
    assert conditions(phone, most) == 204
    assert conditions(phone, most + 1) == 400


@pytest.mark.parametrize("settings, most", [(SMALL, 256), ({}, 8 << 10), (LARGE, 32 << 10)], ids=["small", "usual", "large"])
def test_length_of_conditions(world, prosody, settings, most):
    phone = phone_of(world, prosody, settings)
    assert phone.status("PUT", "/a", b"x") == 201
    usual = "(Not<" + "a" * (most - 7) + ">)"
    assert len(usual) == most
    assert phone.status("PUT", "/a", b"y", If=usual) == 204
    assert phone.status("PUT", "/a", b"y", If=usual[:-2] + "a>)") == 400


# ---- locks ----

def lock(phone, path, scope="shared", **headers):
    return phone.ask("LOCK", path, f"<lockinfo xmlns='DAV:'><lockscope><{scope}/></lockscope><locktype><write/></locktype></lockinfo>".encode(),
                     **{"Depth": "0", **headers})


@pytest.mark.parametrize("settings, most", [(SMALL, 2), ({}, 16), (LARGE, 64)], ids=["small", "usual", "large"])
def test_locks_of_a_resource(world, prosody, settings, most):
    phone = phone_of(world, prosody, settings)
    assert phone.status("PUT", "/a", b"x") == 201
    for _ in range(most):
        assert lock(phone, "/a").status_code == 200
    assert lock(phone, "/a").status_code == 403
    assert phone.ask("PROPFIND", "/a").text.count("urn:uuid:") == most
    assert phone.status("PUT", "/a", b"y") == 423


@pytest.mark.parametrize("settings, most", [(SMALL, 3), (LARGE, 1100)], ids=["small", "large"])
def test_locks_of_an_account(world, prosody, settings, most):
    phone = phone_of(world, prosody, settings)
    with requests.Session() as session:
        def take(n):
            body = b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>"
            return session.request("LOCK", f"{phone.daemon.base}/{n}", data=body, timeout=20,
                                   headers=basic(ROMEO, phone.password)).status_code
        assert {take(n) for n in range(most)} == {201}
        assert take(most) == 403
    assert phone.status("PUT", f"/{most}", b"x") == 201


@pytest.mark.parametrize("settings, most", [(SMALL, 100), ({}, 3600), (LARGE, 7 * 24 * 3600)], ids=["small", "usual", "large"])
def test_time_of_locks(world, prosody, settings, most):
    phone = phone_of(world, prosody, settings)
    for n, (asked, told) in enumerate([(f"Second-{most - 10}", most - 10), (f"Second-{most + 10}", most), ("Infinite", most)]):
        answer = lock(phone, f"/{n}", Timeout=asked)
        assert answer.status_code == 201
        assert told - 5 <= int(re.search(r"Second-(\d+)", answer.text)[1]) <= told


# ---- nonces ----

def challenge(phone):
    return challenges(requests.get(phone.daemon.base + "/", timeout=10))["SHA-256"]


def digested(phone, nonce, count):
    """The status, and whether the nonce was too old."""
    answer = requests.get(phone.daemon.base + "/a", timeout=10, headers={
        "Authorization": digest(nonce, "GET", "/a", ROMEO, phone.password, count)})
    return answer.status_code, "stale=true" in answer.headers.get("WWW-Authenticate", "")


def test_nonces(small):
    nonce, counts = challenge(small), iter(range(1, 100000))
    wait_until(lambda: digested(small, nonce, next(counts)) == (401, True), "it is too old")
    assert digested(small, challenge(small), 1) == (404, False)


def test_longer_nonces(large):
    """Behind the time that is too long for the small one."""
    nonce, ends = challenge(large), time.monotonic() + 2
    for count in range(1, 100000):
        assert digested(large, nonce, count) == (404, False)
        if time.monotonic() > ends:
            break


# ---- the file ----

@pytest.mark.parametrize("setting, wrong, right", [
    ("target", "16385", "16384"), ("head", "1023", "1024"), ("fields", "9", "10"), ("head-time", "0", "1000ms"),
    ("idle-time", "61min", "60min"), ("body-rate", "0", "1"), ("drain", "2M", "1M"), ("drain-time", "99ms", "100ms"),
    ("xml-body", "5M", "4096K"), ("properties", "0", "1"), ("property-size", "255", "256"), ("properties-size", "1", "1K"),
    ("ranges", "0", "256"), ("conditions", "257", "256"), ("conditions-size", "33K", "32K"), ("locks-per-resource", "65", "64"),
    ("locks-per-account", "4097", "4096"), ("lock-time", "8d", "7d"), ("nonce-time", "2h", "1h"), ("connections", "0", "1"),
    ("silence", "25h", "1d")])
def test_range_of_values(tmp_path, setting, wrong, right):
    def check(value):
        file = tmp_path / "missived.conf"
        file.write_text(f"[xmpp]\nsecret = x\n[limits]\n{setting} = {value}\n")
        done = subprocess.run([MISSIVED, "-t", "-c", file], capture_output=True, text=True, timeout=20)
        return done.returncode, done.stderr.replace(str(file), "FILE")

    assert check(right) == (0, "")
    status_, error = check(wrong)
    assert status_ == 1 and re.fullmatch(rf"FILE:4: {setting} must be from \w+ to \w+\n", error), error
