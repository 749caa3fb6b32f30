"""TLS: versions, suites, sessions that are resumed, and what a resumed session does not bring along."""

import ctypes
import os
import signal
import socket
import ssl
import subprocess

import pytest
import requests

from daemon import basic
from servers import free_port, make_certificate, wait_until
from test_passwords import mint

ROMEO = "romeo@localhost"
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = pytest.mark.parametrize("version", [V12, V13], ids=["1.2", "1.3"])


@pytest.fixture
def daemon(world, prosody, tmp_path):
    make_certificate(tmp_path)
    port = free_port()
    return world.daemon(prosody, port=port, base_url=f"https://127.0.0.1:{port}", tls_cert=f"{tmp_path}/cert.pem",
                        tls_key=f"{tmp_path}/key.pem")


def reload(daemon, tmp_path):
    """Another certificate, with which every loop then answers."""
    old = certificate(daemon)
    make_certificate(tmp_path)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("event=reloaded")
    # Each loop takes it up by itself.
    wait_until(lambda: all(certificate(daemon) != old for _ in range(20)), "the new certificate")


def certificate(daemon):
    return ssl.get_server_certificate(("127.0.0.1", daemon.port))


def context_of(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    return context


def head(daemon, line, headers={}):
    fields = {"Host": f"127.0.0.1:{daemon.port}", **headers}
    return (line + " HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n").encode()


def ask(daemon, context, line, headers={}, session=None):
    """(socket that is left open, status). The ticket has come by then."""
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", daemon.port), timeout=20), session=session)
    s.sendall(head(daemon, line, headers))
    answer = b""
    while b"\r\n\r\n" not in answer:
        got = s.recv(65536)
        assert got, answer
        answer += got
    return s, int(answer.split()[1])


def s_client(daemon, *arguments, request=""):
    result = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{daemon.port}", "-ign_eof", *arguments],
                            input=request, capture_output=True, text=True, errors="replace", timeout=20)
    return result.stdout + result.stderr


def last_request(daemon):
    return head(daemon, "GET /-/health", {"Connection": "close"}).decode()


def watched(daemon):
    """How many descriptors each loop of the daemon waits for."""
    counts = {}
    directory = f"/proc/{daemon.process.pid}"
    for fd in os.listdir(f"{directory}/fd"):
        try:
            if os.readlink(f"{directory}/fd/{fd}") == "anon_inode:[eventpoll]":
                with open(f"{directory}/fdinfo/{fd}") as f:
                    counts[fd] = sum(line.startswith("tfd:") for line in f)
        except FileNotFoundError:
            continue
    return counts


def test_content_and_reload(world, daemon, tmp_path):
    romeo = world.person(ROMEO)
    trust = f"{tmp_path}/cert.pem"
    content = bytes(range(256)) * 20000
    assert romeo.put("/a", content, verify=trust).status_code == 201
    assert romeo.get("/a", verify=trust).content == content
    reload(daemon, tmp_path)
    assert romeo.get("/a", verify=trust).content == content


class Records:
    """A TLS connection whose records can be counted."""

    def __init__(self, daemon):
        self.s = socket.create_connection(("127.0.0.1", daemon.port), timeout=20)
        self.came, self.sends = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context_of(V13).wrap_bio(self.came, self.sends)
        self.wire = b""
        self.until_done(self.tls.do_handshake)

    def until_done(self, action):
        while True:
            try:
                result = action()
                self.s.sendall(self.sends.read())
                return result
            except ssl.SSLWantReadError:
                self.s.sendall(self.sends.read())
                got = self.s.recv(1 << 20)
                assert got
                self.wire += got
                self.came.write(got)

    def get(self, daemon, path, headers, length):
        """The content, of that length, and of how many bytes each record was that brought it."""
        self.wire = b""
        self.tls.write(head(daemon, f"GET {path}", headers))
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.split(b"\r\n\r\n", 1)[1]) < length:
            answer += self.until_done(lambda: self.tls.read(1 << 20))
        sizes, at = [], 0
        while at < len(self.wire):
            sizes.append(int.from_bytes(self.wire[at + 3:at + 5], "big"))
            at += 5 + sizes[-1]
        assert at == len(self.wire) and answer.startswith(b"HTTP/1.1 200")
        return answer.split(b"\r\n\r\n", 1)[1], sizes


def test_head_and_content_are_one_record(world, daemon, tmp_path):
    """Small content is; what is larger than a record fills the first one too."""
    romeo = world.person(ROMEO)
    credentials = basic(ROMEO, mint(daemon, ROMEO))
    for length, records in ((0, 1), (4096, 1), (15000, 1), (16384, 2), (60000, 4)):
        content = os.urandom(length)
        assert romeo.put(f"/{length}", content, verify=f"{tmp_path}/cert.pem").status_code == 201
        connection = Records(daemon)
        for _ in range(2):  # the first brings tickets too
            got, sizes = connection.get(daemon, f"/{length}", credentials, length)
            assert got == content
        assert len(sizes) == records, sizes
        connection.s.close()


def test_broken_certificate_is_not_taken(daemon, tmp_path):
    old = certificate(daemon)
    with open(f"{tmp_path}/cert.pem", "w") as f:
        f.write("no certificate")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("event=reload-failed")
    assert certificate(daemon) == old


@pytest.mark.parametrize("algorithm", ["EC", "RSA"])
def test_foreign_key_is_not_taken(daemon, tmp_path, algorithm):
    """Whatever its algorithm: with one of another than the certificate's nobody would get a handshake."""
    old = certificate(daemon)
    options = ["-pkeyopt", "ec_paramgen_curve:P-256"] if algorithm == "EC" else []
    subprocess.run(["openssl", "genpkey", "-algorithm", algorithm, *options, "-out", f"{tmp_path}/key.pem"], check=True, capture_output=True)
    daemon.process.send_signal(signal.SIGHUP)
    assert "key.pem: " in daemon.wait_for("event=reload-failed")
    assert certificate(daemon) == old
    daemon.stop()
    started = subprocess.run([daemon.program, "-c", f"{daemon.directory}/missived.conf"], capture_output=True, text=True, timeout=20)
    assert started.returncode == 1 and "key.pem: " in started.stderr, started.stderr


def test_key_with_a_passphrase_is_not_taken(daemon, tmp_path):
    """Nobody is asked for it, and asking would end the daemon."""
    old = certificate(daemon)
    os.rename(f"{tmp_path}/key.pem", f"{tmp_path}/plain.pem")
    subprocess.run(["openssl", "pkey", "-in", f"{tmp_path}/plain.pem", "-aes256", "-passout", "pass:secret", "-out", f"{tmp_path}/key.pem"],
                   check=True, capture_output=True)
    daemon.process.send_signal(signal.SIGHUP)
    assert "key.pem: it has a passphrase" in daemon.wait_for("event=reload-failed")
    assert certificate(daemon) == old
    os.replace(f"{tmp_path}/plain.pem", f"{tmp_path}/key.pem")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("event=reloaded")


@VERSIONS
def test_every_loop_resumes(daemon, version):
    """Whichever loop has sealed a ticket, all of them open it; connections stay open until two loops have some."""
    context, before, kept, session = context_of(version), watched(daemon), [], None
    for _ in range(60):
        s, status = ask(daemon, context, "GET /-/health", session=session)
        kept.append(s)
        assert status == 200 and s.version() == ("TLSv1.2" if version == V12 else "TLSv1.3")
        assert s.session_reused == (len(kept) > 1)
        session = s.session
        after = watched(daemon)
        if len(kept) > 5 and sum(after[fd] > before.get(fd, 0) for fd in after) > 1:
            break
    else:
        raise AssertionError("one loop has answered sixty times")
    for s in kept:
        s.close()


@VERSIONS
def test_resumed_after_reload(daemon, version, tmp_path):
    context = context_of(version)
    s, _ = ask(daemon, context, "GET /-/health")
    session = s.session
    s.close()
    reload(daemon, tmp_path)
    for _ in range(3):
        s, status = ask(daemon, context, "GET /-/health", session=session)
        assert status == 200 and s.session_reused
        session = s.session
        s.close()


@VERSIONS
def test_not_resumed_after_restart(daemon, version):
    """The keys were never written anywhere."""
    context = context_of(version)
    s, _ = ask(daemon, context, "GET /-/health")
    session = s.session
    s.close()
    daemon.stop()
    daemon.start()
    s, status = ask(daemon, context, "GET /-/health", session=session)
    assert status == 200 and not s.session_reused
    s.close()


@VERSIONS
def test_resumed_session_proves_nobody(daemon, version):
    password = mint(daemon, ROMEO)
    device = basic(ROMEO, password)
    made = requests.put(daemon.base + "/private", b"secret", headers=device, verify=daemon.settings["http"]["tls-cert"],
                        timeout=20)
    assert made.status_code == 201
    context = context_of(version)
    s, status = ask(daemon, context, "GET /private", device)
    assert status == 200
    session = s.session
    s.close()
    s, status = ask(daemon, context, "GET /private", session=session)
    assert s.session_reused and status == 401
    s.close()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_resumes(daemon, tmp_path, version):
    session = f"{tmp_path}/session.pem"
    assert "\nNew, TLS" in s_client(daemon, version, "-sess_out", session, request=last_request(daemon))
    again = s_client(daemon, version, "-sess_in", session, request=last_request(daemon))
    assert "\nReused, TLS" in again and "HTTP/1.1 200" in again


def allow_early_data(path):
    """In a client's session, whatever the server has said."""
    lib = ctypes.CDLL("libssl.so.3")
    for name in ("BIO_new_file", "PEM_read_bio_SSL_SESSION"):
        getattr(lib, name).restype = ctypes.c_void_p
    bio = ctypes.c_void_p(lib.BIO_new_file(path.encode(), b"r"))
    session = ctypes.c_void_p(lib.PEM_read_bio_SSL_SESSION(bio, None, None, None))
    lib.BIO_free(bio)
    assert session.value and lib.SSL_SESSION_set_max_early_data(session, ctypes.c_uint32(16384)) == 1
    bio = ctypes.c_void_p(lib.BIO_new_file(path.encode(), b"w"))
    assert lib.PEM_write_bio_SSL_SESSION(bio, session) == 1
    lib.BIO_free(bio)
    lib.SSL_SESSION_free(session)


def test_early_data_is_never_a_request(daemon, tmp_path):
    """What is sent before the handshake has ended could be sent again by whoever has seen it."""
    session, early = f"{tmp_path}/session.pem", f"{tmp_path}/early"
    device = basic(ROMEO, mint(daemon, ROMEO))
    with open(early, "wb") as f:
        f.write(head(daemon, "MKCOL /early/", device))
    first = s_client(daemon, "-tls1_3", "-sess_out", session, request=last_request(daemon))
    assert "Max Early Data: 0" in first
    offered = s_client(daemon, "-tls1_3", "-sess_in", session, "-early_data", early, request=last_request(daemon))
    assert "Early data was not sent" in offered
    allow_early_data(session)
    forced = s_client(daemon, "-tls1_3", "-sess_in", session, "-early_data", early, request=last_request(daemon))
    assert "Early data was rejected" in forced and "Reused, TLSv1.3" in forced and "HTTP/1.1 200" in forced
    found = requests.request("MKCOL", daemon.base + "/early/", headers=device, verify=daemon.settings["http"]["tls-cert"], timeout=20)
    assert found.status_code == 201


@pytest.mark.parametrize("arguments, accepted", [
    (("-tls1_3",), True),
    (("-tls1_2",), True),
    (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), False),
    (("-tls1", "-cipher", "ALL:@SECLEVEL=0"), False),
    (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), True),
    (("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"), True),
    (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"), False),
    (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"), False),
    (("-tls1_2", "-cipher", "AECDH-AES128-SHA:@SECLEVEL=0"), False),
    (("-alpn", "http/1.1"), True),
    (("-alpn", "h2,http/1.1"), True),
    (("-alpn", "h2"), False),
    (("-alpn", "http/1.0,imap"), False),
])
def test_versions_suites_and_protocols(daemon, arguments, accepted):
    output = s_client(daemon, *arguments, request=last_request(daemon))
    assert ("HTTP/1.1 200" in output) == accepted, output
    if not accepted:
        assert "alert" in output, output
    elif "-alpn" in arguments:
        assert "ALPN protocol: http/1.1" in output, output
