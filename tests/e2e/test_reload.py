"""SIGHUP: settings that can change do, those that cannot are named, an error changes nothing, and nobody's connection is lost."""

import hashlib
import os
import re
import signal
import socket

from adhoc import Command
from daemon import basic
from passwords import Device
from servers import wait_until
from test_passwords import mint
from test_repeat import Kept
from wire import Reader, connect, head

ROMEO, JULIET, MONTAGUE = "romeo@localhost", "juliet@capulet.localhost", "romeo@montague.net"
BODY = os.urandom(64 << 10) * 256  # 16 MiB


def reload(daemon, **settings):
    """With these settings; waits for the line that says so, which has to be the given one."""
    for name, value in settings.items():
        section, key = name.split("__")
        daemon.settings.setdefault(section, {})[key.replace("_", "-")] = value
    daemon.write_config()
    reloads = len(re.findall("event=reload", daemon.log()))
    daemon.process.send_signal(signal.SIGHUP)
    return daemon.wait_for("event=reload", reloads + 1)


def test_nothing_is_lost(world, prosody):
    """An upload, a download and a prompt that wait go on across ten reloads, each with another setting."""
    daemon = world.daemon(prosody, confirm_timeout="50s")
    romeo = world.person(ROMEO)
    device = Device(daemon, ROMEO, mint(daemon, ROMEO))
    assert device.status("PUT", "/down", BODY) == 201
    romeo.answers = "nothing"
    waiting = romeo.later("PUT", "/asked", body=b"hello")
    prompt = romeo.wait_for_prompt()
    credentials = "Authorization: " + basic(ROMEO, device.password)["Authorization"]
    down, up = connect(daemon), connect(daemon)
    down.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
    down.sendall(head(daemon, "GET /down HTTP/1.1", credentials))
    up.sendall(head(daemon, "PUT /up HTTP/1.1", credentials, f"Content-Length: {len(BODY)}"))
    part, got = len(BODY) // 10, b""
    for number in range(10):
        up.sendall(BODY[number * part:(number + 1) * part])
        got += down.recv(64 << 10)
        assert "event=reloaded" in reload(daemon, limits__quota=f"{100 + number}M", limits__max_file_size=f"{50 + number}M")
    up.sendall(BODY[10 * part:])
    assert Reader(up).answer().status == 201
    while len(got) < len(BODY) + got.find(b"\r\n\r\n") + 4:
        data = down.recv(1 << 20)
        assert data, "the download was cut"
        got += data
    assert hashlib.sha256(got.split(b"\r\n\r\n", 1)[1]).digest() == hashlib.sha256(BODY).digest()
    prompt.yes()
    assert waiting.result().status_code == 201
    assert device.ask("GET", "/up").content == BODY
    assert len(re.findall("event=setting-changed section=limits setting=quota", daemon.log())) == 10
    down.close(), up.close()


def test_settings_count(world, prosody):
    daemon = world.daemon(prosody)
    romeo, stranger = world.person(ROMEO), world.person(MONTAGUE)
    device = Device(daemon, ROMEO, mint(daemon, ROMEO))
    assert device.status("PUT", "/a", b"x" * 2000) == 201
    assert stranger.put("/b").status_code == 403
    assert "usage" not in [item.get("node") for item in romeo.iq(
        "get", "files.localhost", "http://jabber.org/protocol/disco#items", "query")]
    assert "event=reloaded" in reload(daemon, xmpp__users="localhost montague.net", xmpp__admins=ROMEO, limits__max_file_size="1000",
                                      log__level="debug")
    wait_until(lambda: all(device.status("PUT", "/c", b"x" * 2000) == 413 for _ in range(8)), "no loop takes large files")
    assert stranger.put("/b").status_code == 201
    assert Command(romeo, "usage").status == "completed"
    form = romeo.iq("get", "files.localhost", "http://jabber.org/protocol/disco#info", "query")
    assert "1000" in [value.text for value in form.iter("{jabber:x:data}value")]
    assert "event=reloaded" in reload(daemon, xmpp__users="localhost", limits__max_file_size="1M", limits__resources="2",
                                      limits__wrong_passwords="1")
    wait_until(lambda: all(device.status("PUT", "/a", b"x" * 2000) == 204 for _ in range(8)), "all loops take them again")
    assert stranger.put("/b2").status_code == 403
    assert device.status("PUT", "/d", b"x") == 201 and device.status("PUT", "/e", b"x") == 507
    guess = Device(daemon, ROMEO, "mv-" + "a" * 26)
    assert [guess.status("GET", "/") for _ in range(2)] == [401, 429]
    assert "restart-needed" not in daemon.log()


def test_error_changes_nothing(world, prosody):
    daemon = world.daemon(prosody)
    device = Device(daemon, ROMEO, mint(daemon, ROMEO))
    line = reload(daemon, limits__max_file_size="1", limits__quota="lots")
    number = open(f"{daemon.directory}/missived.conf").read().splitlines().index("quota = lots") + 1
    assert f"{daemon.directory}/missived.conf:{number}: this is no number of bytes" in line and "event=reload-failed" in line
    assert device.status("PUT", "/a", b"long enough") == 201
    os.rename(f"{daemon.directory}/missived.conf", f"{daemon.directory}/gone")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("event=reload-failed", 2)
    daemon.settings["limits"]["quota"] = "0"
    assert "event=reloaded" in reload(daemon)
    wait_until(lambda: all(device.status("PUT", "/a", b"long enough") == 413 for _ in range(8)), "now it counts")
    assert len(re.findall("setting-changed", daemon.log())) == 1


def test_restart_is_asked_for(world, prosody):
    """Of what cannot change, each time; it has not changed."""
    daemon = world.daemon(prosody)
    reload(daemon, http__threads="3", limits__silence="1min", xmpp__secret="another", limits__quota="1M")
    reload(daemon)
    for count in (1, 2):
        for section, name in (("http", "threads"), ("limits", "silence"), ("xmpp", "secret")):
            daemon.wait_for(f"level=warning event=restart-needed section={section} setting={name}$", count)
    assert len(re.findall("restart-needed", daemon.log())) == 6
    assert "another" not in daemon.log()
    assert daemon.health().ok


def test_secret_in_a_file(world, prosody, tmp_path):
    """Another word in the same file waits for a restart, too."""
    daemon = world.daemon(prosody)
    daemon.stop()
    file = tmp_path / "secret"
    file.write_text(daemon.settings["xmpp"].pop("secret") + "\n")
    daemon.settings["xmpp"]["secret-file"] = str(file)
    daemon.start()
    reload(daemon)
    assert "restart-needed" not in daemon.log()
    file.write_text("another\n")
    reload(daemon)
    daemon.wait_for("level=warning event=restart-needed section=xmpp setting=secret-file$")
    assert "another" not in daemon.log()


def test_kept_answers_rest_on_settings(world, prosody):
    """What is answered from memory is forgotten with the settings that it came by."""
    daemon = world.daemon(prosody, trusted_proxies="127.0.0.1", threads="1")
    device = Device(daemon, ROMEO, mint(daemon, ROMEO))
    assert device.status("PUT", "/c", b"x") == 201
    kept = Kept(daemon, ROMEO, device.password, "/c", ["X-Forwarded-For: 192.0.2.9"], connections=1)
    assert kept.statuses(20) == {200}
    daemon.wait_for("event=request method=GET .* address=192.0.2.9 ", 20)
    reload(daemon, http__trusted_proxies="")
    # The loop was told before the line was written, and takes orders before requests or behind one that was there.
    kept.ask(2)
    assert kept.statuses() == {200}
    daemon.wait_for("event=request method=GET .* address=127.0.0.1 ", 1)
    assert len(re.findall("event=request method=GET .* address=192.0.2.9 ", daemon.log())) <= 22
    kept.close()


def test_unchanged_costs_nothing(world, prosody, monkeypatch):
    """Who sends SIGHUP each minute for new certificates keeps their memory."""
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
    daemon = world.daemon(prosody)
    device = Device(daemon, ROMEO, mint(daemon, ROMEO))
    for _ in range(20):
        reload(daemon)
    memory = int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{daemon.process.pid}/status").read())[1])
    for _ in range(200):
        reload(daemon)
    after = int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{daemon.process.pid}/status").read())[1])
    assert after - memory < 2048, (memory, after)
    assert device.status("OPTIONS", "/") == 200 and daemon.health().ok
