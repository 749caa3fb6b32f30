"""What the package says a second time is what the rest of the house says."""

import os
import re
import shutil
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))


def read(path):
    with open(os.path.join(ROOT, path)) as f:
        return f.read()


def test_build_depends():
    """script/deps build, but for what every build of a package has (gcc) and what meson brings (ninja)."""
    deps = set(re.search(r'^build="(.*?)"', read("script/deps"), re.M | re.S)[1].split())
    field = re.search(r"^Build-Depends: (.*?)^Standards", read("debian/control"), re.M | re.S)[1]
    depends = {re.sub(r"[ ()]", "", package) for package in field.replace("\n", "").split(",")}
    assert {one for one in depends if "debhelper" not in one and not one.startswith("dh-")} == deps - {"gcc", "ninja-build"}


def test_version():
    version = re.search(r"version: '([\d.]+)'", read("meson.build"))[1]
    assert read("debian/changelog").startswith(f"missive ({version}) ")


def test_licence():
    """debian/copyright has LICENSE's words."""
    def words(text):
        return re.sub(r"[\s.]+", " ", text).split()
    ours = words(read("LICENSE")[read("LICENSE").index("Permission"):])
    assert words(read("debian/copyright"))[-len(ours):] == ours


def test_completion_is_shell():
    for shell, names in (("bash", ("missive.bash", "missived.bash")), ("zsh", ("_missive", "_missived"))):
        for name in names:
            subprocess.run([shell, "-n", os.path.join(ROOT, "dist/completion", name)], check=True)


def purge(directory, before=":"):
    """What the package does for that, with its directories elsewhere."""
    script = read("debian/missived.postrm").replace("#DEBHELPER#", "").replace("/var/lib/missive", f"{directory}/store").replace(
        "/etc/missive", f"{directory}/etc")
    return subprocess.run(["unshare", "-m", "sh", "-c", f"{before} && set -- purge && {script}\nls -A {directory}/store"],
                          capture_output=True, text=True)


def test_purge(tmp_path):
    """All that was stored goes, and nothing that a link leads to; a disk of its own, for the store or for blobs, is no error."""
    store, other = tmp_path / "store", tmp_path / "other"
    other.mkdir()
    (other / "mine").write_text("x")
    for mounted in (None, store, store / "blobs"):
        (store / "blobs").mkdir(parents=True, exist_ok=True)
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc" / "secret").write_text("x")
        before = f"mount -t tmpfs none {mounted}" if mounted else ":"
        done = purge(tmp_path, f"{before} && mkdir -p {store}/blobs/00 && touch {store}/missive.db {store}/.x {store}/blobs/00/x && "
                     f"ln -s {other} {store}/link")
        if mounted:
            assert (done.returncode, done.stdout, done.stderr) == (0, "blobs\n" if mounted != store else "", ""), done
        else:
            assert "No such file" in done.stderr and not store.exists(), done
        assert not (tmp_path / "etc").exists() and os.listdir(other) == ["mine"]
    shutil.rmtree(store)
    store.symlink_to(other)
    assert "No such file" in purge(tmp_path).stderr and not store.is_symlink() and os.listdir(other) == ["mine"]


def test_scripts_are_shell():
    for name in ("postinst", "postrm"):
        subprocess.run(["sh", "-n", os.path.join(ROOT, f"debian/missived.{name}")], check=True)
    for name in ("script/package", "tests/package/boot", "tests/package/booted"):
        subprocess.run(["bash", "-n", os.path.join(ROOT, name)], check=True)
