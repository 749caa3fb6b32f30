"""Ordinary WebDAV clients against the daemon: litmus, curl, cadaver, rclone."""

import os
import subprocess
import unicodedata

import pytest

from daemon import MISSIVED, new_id
from passwords import made
from test_passwords import mint

ROMEO = "romeo@localhost"


@pytest.mark.parametrize("scheme,hidden", [("Digest SHA-256", []), ("Basic", ["Digest"])])
@pytest.mark.parametrize("suite", ["basic", "copymove", "props", "locks", "http"])
def test_litmus(world, prosody, proxied, tmp_path, suite, scheme, hidden):
    """As somebody who is asked over XMPP, by the scheme that is said."""
    daemon = world.daemon(prosody, host="127.0.0.1")
    romeo = world.person(ROMEO)
    proxy, id = proxied(daemon, hidden), new_id()
    result = subprocess.run(["litmus", proxy.base + "/", ROMEO, id], cwd=tmp_path, text=True, timeout=120,
                            capture_output=True, env={**os.environ, "TESTS": suite, "HOME": str(tmp_path)})
    assert result.returncode == 0 and "FAIL" not in result.stdout, result.stdout
    assert "100.0%" in result.stdout and "skipped" not in result.stdout and "WARNING" not in result.stdout, result.stdout
    assert set(proxy.schemes()) <= {None, scheme} and scheme in proxy.schemes()
    # A Basic claim shows the word that was typed, a Digest claim its cnonce.
    assert romeo.prompts and all((prompt.id == id) == (scheme == "Basic") for prompt in romeo.prompts)


def test_curl(world, prosody, tmp_path):
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    (tmp_path / "file").write_bytes(os.urandom(3 << 20))

    def curl(*arguments):
        return subprocess.run(["curl", "-sS", "-u", f"{romeo.full}:{new_id()}", *arguments], cwd=tmp_path, text=True,
                              capture_output=True, timeout=60, check=True).stdout
    assert curl("-T", "file", daemon.base + "/file", "-w", "%{http_code}") == "201"
    assert curl("-o", "again", daemon.base + "/file", "-w", "%{http_code}") == "200"
    assert (tmp_path / "file").read_bytes() == (tmp_path / "again").read_bytes()
    os.truncate(tmp_path / "again", 1 << 20)
    curl("-C", "-", "-o", "again", daemon.base + "/file")
    assert (tmp_path / "file").read_bytes() == (tmp_path / "again").read_bytes()
    assert curl("-X", "DELETE", daemon.base + "/file", "-w", "%{http_code}") == "204"


def test_cadaver(world, prosody, tmp_path):
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1\nlogin {romeo.bare}\npassword {new_id()}\n")
    (tmp_path / "file.txt").write_text("hello")
    commands = "mkcol sub\nput file.txt\nls\ncd sub\nput file.txt other.txt\nls\nget other.txt back.txt\ndelete other.txt\nquit\n"
    result = subprocess.run(["cadaver", daemon.base + "/"], cwd=tmp_path, input=commands, text=True, capture_output=True,
                            timeout=60, env={**os.environ, "HOME": str(tmp_path)})
    assert "file.txt" in result.stdout and "failed" not in result.stdout.lower(), result.stdout
    assert (tmp_path / "back.txt").read_text() == "hello"
    assert romeo.hrefs("/") == ["/", "/file.txt", "/sub/"]


def test_cadaver_edits(world, prosody, tmp_path):
    """What its `edit` does (lock, get, put, unlock), properties, copies and moves: with locks of its own held and let go."""
    daemon = world.daemon(prosody)
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1\nlogin {ROMEO}\npassword {mint(daemon, ROMEO)}\n")
    first, second = os.urandom(100000), os.urandom(90000)
    (tmp_path / "first").write_bytes(first)
    (tmp_path / "second").write_bytes(second)

    def cadaver(*commands):
        result = subprocess.run(["cadaver", daemon.base + "/"], cwd=tmp_path, input="\n".join([*commands, "quit", ""]), text=True,
                                capture_output=True, timeout=60, env={**os.environ, "HOME": str(tmp_path)})
        return result.stdout
    said = cadaver("put first doc", "propset doc colour red", "lock doc", "get doc got", "put second doc", "discover doc",
                   "copy doc copy", "unlock doc", "discover doc", "propget copy colour", "get copy copied")
    assert "failed" not in said.lower() and "Value of colour is: red" in said, said
    assert said.count("Scope: exclusive") == 1 and "no locks found" in said, said
    assert (tmp_path / "got").read_bytes() == first and (tmp_path / "copied").read_bytes() == second
    said = cadaver("lock doc", "mkcol sub", "lock sub", "put first sub/in", "move copy sub/moved", "propget sub/moved colour",
                   "propdel sub/moved colour", "unlock sub", "unlock doc", "get sub/in in", "get sub/moved moved")
    assert "failed" not in said.lower() and "Value of colour is: red" in said, said
    assert (tmp_path / "in").read_bytes() == first and (tmp_path / "moved").read_bytes() == second
    assert "Could not fetch property" in cadaver("propget sub/moved colour")
    assert "urn:uuid:" in cadaver("lock doc", "showlocks")
    said = cadaver("put first doc")
    assert "423 Locked" in said and "succeeded" not in said, said  # another session has no token


def test_curl_of_unknown_length(world, prosody, tmp_path):
    """From a pipe: chunked."""
    daemon = world.daemon(prosody)
    content = os.urandom(2 << 20)
    login = ["curl", "-sS", "-u", f"{ROMEO}:{mint(daemon, ROMEO)}"]
    result = subprocess.run([*login, "-T", "-", daemon.base + "/piped", "-w", "%{http_code}"], input=content, capture_output=True,
                            timeout=60, check=True)
    assert result.stdout == b"201"
    assert subprocess.run([*login, daemon.base + "/piped"], capture_output=True, timeout=60, check=True).stdout == content


def test_rclone_moves_on_the_server(world, prosody, tmp_path):
    """A tree with a large file and names in both normalisation forms moves and is copied without being sent again."""
    daemon = world.daemon(prosody)
    source = tmp_path / "source"
    (source / "sub dir").mkdir(parents=True)
    (source / "large").write_bytes(os.urandom(70 << 20))
    for form in ("NFC", "NFD"):
        (source / "sub dir" / unicodedata.normalize(form, f"{form} Übergröße")).write_bytes(os.urandom(1000))

    def run(*arguments):
        return subprocess.run(arguments, text=True, capture_output=True, timeout=120, check=True).stdout.strip()
    config = tmp_path / "rclone.conf"
    config.write_text(f"[m]\ntype = webdav\nurl = {daemon.base}\nvendor = other\nuser = {ROMEO}\n"
                      f"pass = {run('rclone', 'obscure', mint(daemon, ROMEO))}\n")

    def rclone(*arguments):
        return run("rclone", "--config", str(config), *arguments)

    def expect(method, count):
        """The log tells of an answer after it has gone out."""
        daemon.wait_for(f"method={method} ", count)
        assert daemon.log().count(f"method={method} ") == count
    rclone("copy", str(source), "m:up")
    rclone("check", "--download", str(source), "m:up")
    expect("PUT", 3)
    rclone("moveto", "m:up", "m:below/moved")
    expect("MOVE", 1)
    rclone("copyto", "m:below/moved/large", "m:copy of it")
    expect("COPY", 1)
    rclone("moveto", "m:copy of it", "m:below/moved/sub dir/also large")
    rclone("check", "--download", "--one-way", str(source), "m:below/moved")
    expect("PUT", 3)
    assert rclone("sha1sum", "--download", "m:below/moved/sub dir/also large").split()[0] == \
        run("sha1sum", str(source / "large")).split()[0]
    assert len(daemon.blobs()) == 1


def test_rclone(world, prosody, tmp_path):
    """copy, check, move, delete of a tree with odd names, with an app password."""
    daemon = world.daemon(prosody)
    source = tmp_path / "source"
    (source / "sub dir").mkdir(parents=True)
    for i in range(12):
        (source / f"file{i}").write_bytes(os.urandom(1 + i * i * 2000))
    (source / "sub dir" / "ü & #%+.txt").write_text("hello")

    def run(*arguments):
        return subprocess.run(arguments, text=True, capture_output=True, timeout=60, check=True).stdout.strip()
    password = run(MISSIVED, "-c", f"{daemon.directory}/missived.conf", "password", ROMEO)
    config = tmp_path / "rclone.conf"
    config.write_text(f"[m]\ntype = webdav\nurl = {daemon.base}\nvendor = other\nuser = {ROMEO}\n"
                      f"pass = {run('rclone', 'obscure', password)}\n")

    def rclone(*arguments):
        return run("rclone", "--config", str(config), *arguments)
    rclone("copy", str(source), "m:up")
    rclone("check", "--download", str(source), "m:up")
    rclone("mkdir", "m:new")
    rclone("move", "m:up", "m:new/moved")
    rclone("check", "--download", str(source), "m:new/moved")
    rclone("copyto", "m:new/moved/sub dir/ü & #%+.txt", "m:copy")
    assert rclone("cat", "m:copy") == "hello"
    assert sorted(rclone("lsf", "m:").split("\n")) == ["copy", "new/"]
    rclone("purge", "m:new")
    assert rclone("lsf", "m:") == "copy"


def test_rclone_one_collection(world, prosody, tmp_path):
    """With a password for one collection rclone syncs into it and makes folders."""
    world.daemon(prosody)
    romeo = world.person(ROMEO)
    assert romeo.request("MKCOL", "/photos/").status_code == 201
    password = made(romeo, collection="/photos/")["password"]
    source = tmp_path / "source"
    (source / "sub/deep").mkdir(parents=True)
    (source / "sub/deep/a").write_bytes(b"hello")

    def rclone(*arguments):
        return subprocess.run(["rclone", "--config", str(tmp_path / "rclone.conf"), *arguments], text=True, capture_output=True,
                              timeout=120, check=True).stdout.strip()
    (tmp_path / "rclone.conf").write_text(
        f"[m]\ntype = webdav\nurl = {romeo.daemon.base}/photos\nvendor = owncloud\nuser = {ROMEO}\n"
        f"pass = {rclone('obscure', password)}\n")
    rclone("sync", str(source), "m:")
    rclone("check", "--download", str(source), "m:")
    rclone("copy", str(source), "m:again/and/again")
    assert sorted(rclone("lsf", "-R", "--files-only", "m:").split()) == ["again/and/again/sub/deep/a", "sub/deep/a"]
    rclone("purge", "m:again")
    assert romeo.hrefs("/photos/") == ["/photos/", "/photos/sub/"]


def test_litmus_in_one_collection(world, prosody, tmp_path):
    """All that litmus asks for holds inside."""
    daemon = world.daemon(prosody)
    romeo = world.person(ROMEO)
    assert romeo.request("MKCOL", "/photos/").status_code == 201
    password = made(romeo, collection="/photos/")["password"]
    result = subprocess.run(["litmus", daemon.base + "/photos/", ROMEO, password], cwd=tmp_path, text=True, timeout=120,
                            capture_output=True, env={**os.environ, "HOME": str(tmp_path)})
    assert result.returncode == 0 and "FAIL" not in result.stdout and "skipped" not in result.stdout, result.stdout
