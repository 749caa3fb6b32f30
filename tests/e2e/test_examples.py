"""The files in dist/examples, each with the very server that it is for; those for nginx and Apache are test_proxy's and test_smuggling's."""

import os
import re
import shutil
import subprocess

import pytest

from daemon import Daemon
from missive import Missive
from proxy import EXAMPLES, example
from servers import PASSWORD, Ejabberd, Prosody, open_directory

ROOT = os.path.dirname(os.path.dirname(EXAMPLES))
SECRET = "what /etc/missive/secret says"
ROMEO, JULIET = "romeo@example.org", "juliet@example.org"


class ProsodyByExample(Prosody):
    """As Debian's: the example is a file that the server's own includes."""

    def __init__(self, directory):
        super().__init__(directory)
        with open(self.config) as f:
            text = f.read()
        text = text[:text.index('VirtualHost "localhost"')].replace("network_settings = { nagle = false }\n", "")
        included = self.write("missive.cfg.lua", example("prosody.cfg.lua", {}))
        self.write("prosody.cfg.lua", f'{text}VirtualHost "example.org"\nInclude "{included}"\n')
        accounts = f"{self.directory}/data/example%2eorg/accounts"
        os.makedirs(accounts)
        for name in ("romeo", "juliet"):
            with open(f"{accounts}/{name}.dat", "w") as f:
                f.write(f'return {{ ["password"] = "{PASSWORD}"; }};')


class EjabberdByExample(Ejabberd):
    def __init__(self, directory):
        super().__init__(directory)
        included = self.write("missive.yml", example("ejabberd.yml", {"port: 5347": f"port: {self.component}"}))
        with open(self.config) as f:
            text = re.sub(r"^hosts: .*", "hosts: [example.org]", f.read(), count=1, flags=re.M)
        text = re.sub(r"^  - port: \d+\n.*\n    module: ejabberd_service\n.*\n.*\n", "", text, count=1, flags=re.M)
        text = re.sub(r"^  mod_(disco|multicast): .*\n", "", text, flags=re.M)
        assert "ejabberd_service" not in text and "multicast" not in text
        self.write("ejabberd.yml", f"{text}include_config_file: {included}\n")
        for path in (self.config, included):
            shutil.chown(path, "ejabberd", "ejabberd")
        self.registered = True

    def start(self):
        super().start()
        for jid in (ROMEO, JULIET):
            self.register(jid)


@pytest.fixture(params=[ProsodyByExample, EjabberdByExample])
def by_example(request):
    directory = open_directory()
    server = request.param(f"{directory}/server")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(directory)


def test_xmpp_server(by_example, tmp_path):
    """The component is let in with the secret, found by who has an account, and carries a file to who is offline."""
    daemon = Daemon(tmp_path / "missived", by_example.component, domain="files.example.org", secret=SECRET, users="example.org")
    daemon.start()
    try:
        romeo, juliet = (Missive(tmp_path / jid, by_example, jid) for jid in (ROMEO, JULIET))
        romeo.file("missive.txt", b"But soft")
        romeo.run("send", "missive.txt", JULIET)
        juliet.run("receive", "--once", "--yes")
        assert juliet.files() == ["missive.txt"]
    finally:
        daemon.stop()


def test_systemd_override(tmp_path):
    """systemd takes it beside the unit, and reads from it what it says."""
    unit = tmp_path / "missived.service"
    with open(f"{ROOT}/dist/missived.service") as f:
        unit.write_text(re.sub(r"(?<=[=])/\S+/missived", "/bin/true", f.read()))
    (tmp_path / "missived.service.d").mkdir()
    (tmp_path / "missived.service.d/override.conf").write_text(example("override.conf", {}))
    assert verify(unit) == ""
    (tmp_path / "missived.service.d/wrong.conf").write_text("[Service]\nReadWritePath=/srv/missive\n")
    assert "ReadWritePath" in verify(unit)


def verify(unit):
    """What systemd has to say of this unit and what is beside it; of others' it may say anything."""
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)], capture_output=True, text=True, timeout=60)
    return "\n".join(line for line in done.stderr.split("\n") if str(unit.parent) in line or "missived" in line)
