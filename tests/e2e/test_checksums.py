"""Digests of content: Repr-Digest, Content-Digest and Want-Repr-Digest (RFC 9530), ownCloud's OC-Checksum."""

import base64
import hashlib
import os
import subprocess
import threading
import time
import zlib

import pytest
import requests

from daemon import basic
from test_passwords import mint

ROMEO = "romeo@localhost"


def sha(content, name="sha256"):
    return base64.b64encode(hashlib.new(name, content).digest()).decode()


@pytest.fixture
def romeo(world, prosody):
    daemon = world.daemon(prosody)
    password = mint(daemon, ROMEO)

    def ask(method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(method, daemon.base + path, data=body, headers={**basic(ROMEO, password), **headers}, timeout=30)
    ask.daemon, ask.password = daemon, password
    return ask


@pytest.mark.parametrize("size", [0, 10, 1000000])
def test_verified(romeo, size):
    """What was changed on its way is refused, and what was there stays."""
    content = os.urandom(size)
    hexed = hashlib.sha1(content).hexdigest()
    good = [{"Repr-Digest": f"sha-256=:{sha(content)}:"}, {"Content-Digest": f"sha-512=:{sha(content, 'sha512')}:"},
            {"Repr-Digest": f"unknown=:AAAA:, sha-512=:{sha(content, 'sha512')}:, sha-256=:{sha(content)}:"},
            {"OC-Checksum": f"SHA1:{hexed}"}, {"OC-Checksum": f"sha1:{hexed.upper()}"}, {"OC-Checksum": f"MD5:{hashlib.md5(content).hexdigest()}"},
            {"OC-Checksum": f"SHA256:{hashlib.sha256(content).hexdigest()}"}, {"OC-Checksum": f"Adler32:{zlib.adler32(content):08x}"}]
    for headers in good:
        assert romeo("PUT", "/a", content, **headers).status_code in (201, 204), headers
    other = content + b"x"
    bad = [{"Repr-Digest": f"sha-256=:{sha(other)}:"}, {"Content-Digest": f"sha-512=:{sha(other, 'sha512')}:"},
           {"Repr-Digest": f"sha-512=:{sha(content, 'sha512')}:, sha-256=:{sha(other)}:"},
           {"Repr-Digest": f"sha-256=:{sha(content)}:", "Content-Digest": f"sha-256=:{sha(other)}:"},
           {"OC-Checksum": f"SHA1:{hashlib.sha1(other).hexdigest()}"}, {"OC-Checksum": f"MD5:{hashlib.md5(other).hexdigest()}"}]
    for headers in bad:
        answer = romeo("PUT", "/a", content, **headers)
        assert answer.status_code == 400, headers
        assert romeo("PUT", "/new", content, **headers).status_code == 400
    assert romeo("GET", "/a").content == content and romeo("GET", "/new").status_code == 404
    assert len(romeo.daemon.blobs()) == (size > 65536)


@pytest.mark.parametrize("headers", [
    {"Repr-Digest": "sha-256"}, {"Repr-Digest": "sha-256=:AAAA:"}, {"Repr-Digest": "sha-256=AAAA"}, {"Repr-Digest": "sha-256=:!:"},
    {"Repr-Digest": "=:AAAA:"}, {"OC-Checksum": "SHA1"}, {"OC-Checksum": "SHA1:123"}, {"OC-Checksum": "SHA1:" + "g" * 40},
    {"Repr-Digest": "sha-256=:" + "A" * 43 + "=: , sha-256=:" + "B" * 42 + "A=:"}])
def test_malformed(romeo, headers):
    assert romeo("PUT", "/a", b"x", **headers).status_code == 400
    assert romeo("GET", "/a").status_code == 404


@pytest.mark.parametrize("size", [10, 1000000])
def test_wanted(romeo, size):
    """Told when it is asked for, also of what came without one; for a range it is the whole file's."""
    content = os.urandom(size)
    etag = romeo("PUT", "/a", content).headers["ETag"]
    told = f"sha-256=:{sha(content)}:"
    for _ in range(2):
        for method in ("GET", "HEAD"):
            answer = romeo(method, "/a", Want_Repr_Digest="sha-512=3, sha-256=10")
            assert answer.headers["Repr-Digest"] == told and answer.headers["ETag"] == etag
    answer = romeo("GET", "/a", Want_Repr_Digest="sha-256=1", Range="bytes=2-5")
    assert answer.status_code == 206 and answer.content == content[2:6] and answer.headers["Repr-Digest"] == told
    for field in ("sha-256=0", "md5=1", "sha-512=1", "", "sha-256"):
        assert "Repr-Digest" not in romeo("GET", "/a", Want_Repr_Digest=field).headers, field
    assert "Repr-Digest" not in romeo("GET", "/a").headers
    assert romeo("PUT", "/a", content + b"more").status_code == 204
    assert romeo("GET", "/a", Want_Repr_Digest="sha-256=1").headers["Repr-Digest"] == f"sha-256=:{sha(content + b'more')}:"


def test_takes_turns(romeo):
    """Many who want the digest of something large keep nobody from a file's being written, which needs the same threads."""
    block, count, told = os.urandom(1 << 20), 160, []
    assert romeo("PUT", "/large", iter([block] * count)).status_code == 201
    threads = [threading.Thread(target=lambda: told.append(romeo("HEAD", "/large", Want_Repr_Digest="sha-256=1").headers["Repr-Digest"]))
               for _ in range(20)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    assert not told and romeo("PUT", "/a", os.urandom(100000)).status_code == 201 and not told
    for thread in threads:
        thread.join()
    assert told == [f"sha-256=:{sha(block * count)}:"] * 20


def test_parts(romeo):
    """The digest of an upload in parts is the whole's, and is looked at with the last."""
    content = os.urandom(300000)
    for digest, status in ((sha(b"other"), 400), (sha(content), 201)):
        first = romeo("PUT", "/a", content[:100000], Content_Range="bytes 0-99999/300000", Repr_Digest=f"sha-256=:{digest}:")
        assert first.status_code == 202, "what was wrong as a whole is begun anew"
        last = romeo("PUT", "/a", content[100000:], Content_Range="bytes 100000-299999/300000", Repr_Digest=f"sha-256=:{digest}:")
        assert last.status_code == status
    assert romeo("GET", "/a").content == content


def test_property(romeo):
    ask = b"<propfind xmlns='DAV:'><prop><checksums xmlns='http://owncloud.org/ns'/></prop></propfind>"
    sha1 = hashlib.sha1(b"x").hexdigest()
    romeo("PUT", "/a", b"x")
    assert "404" in romeo("PROPFIND", "/a", ask, Depth="0").text
    romeo("PUT", "/a", b"x", OC_Checksum=f"SHA1:{sha1}")
    assert f" SHA1:{sha1}</checksum>" in romeo("PROPFIND", "/a", ask, Depth="0").text
    assert romeo("GET", "/a").headers["OC-Checksum"] == f"SHA1:{sha1}"
    romeo("COPY", "/a", Destination=romeo.daemon.base + "/b")
    assert romeo("GET", "/b").headers["OC-Checksum"] == f"SHA1:{sha1}"


def test_rclone(romeo, tmp_path):
    """rclone as for ownCloud: sends and compares digests, keeps times of modification, knows what is free."""
    source = tmp_path / "source"
    source.mkdir()
    for i, size in enumerate((0, 10, 300000)):
        (source / f"f{i}").write_bytes(os.urandom(size))
        os.utime(source / f"f{i}", (1000000000 + i, 1000000000 + i))

    def run(*arguments, code=0):
        result = subprocess.run(arguments, text=True, capture_output=True, timeout=60)
        assert result.returncode == code, result
        return result.stdout + result.stderr
    config = tmp_path / "rclone.conf"
    config.write_text(f"[m]\ntype = webdav\nurl = {romeo.daemon.base}\nvendor = owncloud\nuser = {ROMEO}\n"
                      f"pass = {run('rclone', 'obscure', romeo.password).strip()}\n")

    def rclone(*arguments, **how):
        return run("rclone", "--config", str(config), *arguments, **how)
    rclone("copy", str(source), "m:up")
    checked = rclone("check", "-vv", str(source), "m:up")
    assert "3 matching files" in checked and "could not be checked" not in checked
    assert "2001-09-09" in rclone("lsl", "m:up")
    assert "nothing to transfer" in rclone("copy", "-v", str(source), "m:up").lower()
    (source / "f1").write_bytes(b"same size!")
    os.utime(source / "f1", (1000000001, 1000000001))
    assert "1 differences found" in rclone("check", str(source), "m:up", code=1)
    about = rclone("about", "m:")
    assert "Used:" in about and "300" not in about.split("Free:")[0].split("Used:")[0] and "Free:" in about
