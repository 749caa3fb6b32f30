"""/-/metrics: what a test has caused is what it counts; nobody reads it where it was not offered."""

import os
import socket
import time

import requests

from component_server import ComponentServer
from metrics import requests_of, scrape
from passwords import Device
from servers import free_port, wait_until
from test_passwords import mint

ROMEO = "romeo@localhost"
LARGE = 3 << 20


def with_metrics(world, server, **settings):
    return world.daemon(server, metrics=f"127.0.0.1:{free_port()}", **settings)


def difference(before, after):
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}


def test_what_was_caused(world, prosody):
    daemon = with_metrics(world, prosody)
    device = Device(daemon, ROMEO, mint(daemon, ROMEO))
    before = scrape(daemon)
    assert requests_of(before) == {}
    assert before['missive_build_info{version="0.1.0"}'] == 1
    assert before["missive_xmpp_up"] == before["missive_store_up"] == 1
    assert abs(before["process_start_time_seconds"] - time.time()) < 60
    assert before["process_resident_memory_bytes"] > 1 << 20
    assert before["process_open_fds"] == len(os.listdir(f"/proc/{daemon.process.pid}/fd")) + 1  # the scrape's own
    free = os.statvfs(daemon.store)
    assert abs(before["missive_store_free_bytes"] - free.f_bavail * free.f_frsize) < 1 << 30

    assert device.status("MKCOL", "/c/") == 201
    for number in range(3):
        assert device.status("PUT", f"/c/{number}", b"x" * LARGE) == 201
    assert device.status("PUT", "/c/0", b"y", If_None_Match="*") == 412
    for _ in range(5):
        assert len(device.ask("GET", "/c/1").content) == LARGE
    assert device.status("GET", "/c/none") == 404
    assert device.status("BREW", "/c/") == 501
    assert device.status("DELETE", "/c/2") == 204
    samples = scrape(daemon)
    assert requests_of(samples) == {("MKCOL", "201"): 1, ("PUT", "201"): 3, ("PUT", "412"): 1, ("GET", "200"): 5,
                                    ("GET", "404"): 1, ("other", "501"): 1, ("DELETE", "204"): 1}
    assert samples["missive_http_request_duration_seconds_count"] == 13
    assert 0 < samples["missive_http_request_duration_seconds_sum"] < 20
    assert 3 * LARGE < samples["missive_http_received_bytes_total"] < 3 * LARGE + 10000
    assert 5 * LARGE < samples["missive_http_sent_bytes_total"] < 5 * LARGE + 20000
    assert samples["missive_http_connections_accepted_total"] == 13
    assert samples["missive_store_resources"] == 3
    assert samples["missive_store_stored_bytes"] == 2 * LARGE
    done = difference(before, samples)
    assert done["missive_store_changes_total"] >= 5
    assert done["missive_store_batch_changes_count"] == done["missive_store_commit_duration_seconds_count"]
    assert done["missive_store_batch_changes_sum"] == done["missive_store_changes_total"]
    assert samples["missive_store_wal_bytes"] == os.stat(f"{daemon.store}/missive.db-wal").st_size > 0


def test_a_person_is_not_the_server(world, prosody):
    """What Romeo takes to answer is counted as his."""
    daemon = with_metrics(world, prosody)
    romeo = world.person(ROMEO)
    romeo.answers = "nothing"
    waiting = romeo.later("PUT", "/a", body=b"hello")
    prompt = romeo.wait_for_prompt()
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 1.1, "a second has passed")
    prompt.yes()
    assert waiting.result().status_code == 201
    assert romeo.get("/b").status_code == 403  # unanswered, after 4 s
    samples = scrape(daemon)
    assert samples["missive_confirm_duration_seconds_count"] == 2
    assert 5.0 < samples["missive_confirm_duration_seconds_sum"] < 20
    assert samples["missive_http_request_duration_seconds_count"] == 2
    assert samples["missive_http_request_duration_seconds_sum"] < 1
    assert samples['missive_confirms_total{result="asked"}'] == 2
    assert samples['missive_confirms_total{result="granted"}'] == 1
    assert samples['missive_confirms_total{result="unanswered"}'] == 1


def is_refused(daemon):
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as one:
        one.sendall(b"OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        try:
            return one.recv(1) == b""
        except ConnectionResetError:
            return True


def test_connections(world, prosody):
    daemon = with_metrics(world, prosody, threads="1", connections="2")
    held = [socket.create_connection(("127.0.0.1", daemon.port), timeout=20) for _ in range(3)]
    for one in held:
        one.sendall(b"GET / HTTP/1.1\r\n")  # an idle one would make room
    wait_until(lambda: scrape(daemon)["missive_http_connections"] == 3, "three are open")
    wait_until(lambda: is_refused(daemon), "it is full")
    samples = scrape(daemon)
    assert samples["missive_http_connections_refused_total"] == 1
    assert samples["missive_http_connections"] == 3
    for one in held:
        one.close()
    wait_until(lambda: scrape(daemon)["missive_http_connections"] == 0, "all are closed")


def test_link(world):
    server = ComponentServer()
    try:
        daemon = with_metrics(world, server)
        assert scrape(daemon)["missive_xmpp_reconnects_total"] == 0
        server.connection.shutdown(socket.SHUT_RDWR)
        daemon.wait_for("event=xmpp-up", 2)
        samples = scrape(daemon)
        assert (samples["missive_xmpp_up"], samples["missive_xmpp_reconnects_total"]) == (1, 1)
        assert samples["missive_xmpp_failures_total"] >= 1
    finally:
        server.close()
    daemon.wait_for("event=xmpp-lost", 2)
    assert scrape(daemon)["missive_xmpp_up"] == 0


def test_nothing_else_is_there(world, prosody):
    """Nor are the metrics anywhere else."""
    daemon = with_metrics(world, prosody)
    there = "http://" + daemon.settings["http"]["metrics"]
    for method, path, status in [("GET", "/", 404), ("GET", "/-/health", 404), ("PUT", "/a", 404), ("GET", "/-/metrics?a", 404),
                                 ("PUT", "/-/metrics", 405), ("OPTIONS", "/-/metrics", 405), ("HEAD", "/-/metrics", 200)]:
        assert requests.request(method, there + path, timeout=20).status_code == status, (method, path)
    assert requests.get(daemon.base + "/-/metrics", timeout=20).status_code == 404
    assert requests_of(scrape(daemon)) == {("GET", "404"): 1}
    assert "metrics-exposed" not in daemon.log()
    assert daemon.wait_for("event=request").count("url=") == 1


def test_not_unless_asked_for(world, prosody):
    daemon = world.daemon(prosody)
    assert requests.get(daemon.base + "/-/metrics", timeout=20).status_code == 404
    assert "event=metrics" not in daemon.log()


def test_off_loopback_is_warned_about(world, prosody):
    daemon = world.daemon(prosody, metrics=f"0.0.0.0:{free_port()}")
    daemon.wait_for("level=warning event=metrics-exposed")
