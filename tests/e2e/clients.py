"""XMPP clients that people use, as Debian has them: each in a terminal, with settings of its own and an account that it knows."""

import os
import re
import shutil
import subprocess

from servers import DOMAIN, PASSWORD, open_directory
from terminal import Terminal


class Client:
    """Logs in when it is made; it is there for others, too, when that returns."""

    def __init__(self, server, jid):
        self.bare = jid
        self.directory = open_directory()
        for name in ("config", "data", "cache"):
            os.makedirs(f"{self.directory}/{name}/{self.program}")
        command = self.prepare(server)
        self.terminal = Terminal(self.directory, command, {
            "HOME": self.directory, "XDG_CONFIG_HOME": f"{self.directory}/config",
            "XDG_DATA_HOME": f"{self.directory}/data", "XDG_CACHE_HOME": f"{self.directory}/cache"})
        try:
            self.log_in()
        except BaseException:
            self.close()
            raise

    def write(self, name, text):
        with open(f"{self.directory}/{name}", "w") as f:
            f.write(text)

    def close(self):
        self.terminal.close()
        shutil.rmtree(self.directory)


class Profanity(Client):
    """Knows no prompts: they are messages to it, and one types OK."""

    program = "profanity"
    resource = "profanity"

    def prepare(self, server):
        self.write("config/profanity/profrc", f"""
[connection]
account={self.bare}
[notifications]
message=false
invite=false
[ui]
splash=false
roster=false
inpblock=20
inpblock.dynamic=false
""")
        self.write("data/profanity/accounts", f"""
[{self.bare}]
enabled=true
jid={self.bare}
resource={self.resource}
password={PASSWORD}
server=127.0.0.1
port={server.c2s}
tls.policy=trust
presence.login=online
presence.last=online
""")
        return ["profanity"]

    def log_in(self):
        # What it says when it has heard from all services of its server.
        self.terminal.wait_for("OMEMO: cannot publish")

    def confirm(self, url, yes):
        """Goes to the window that has come up, reads, and types the answer."""
        window = self.terminal.wait_for(rf"<< chat message: {re.escape(DOMAIN)} \(win (\d+)\)")[1]
        self.terminal.type(f"/win {window}")
        self.terminal.wait_for(rf'(?s){re.escape(DOMAIN)}: .* answer OK.*GET {re.escape(url)}\s')
        self.terminal.type("OK" if yes else "No")

    def send_file(self, path, jid):
        """Through an upload slot (XEP-0363); the window of that chat shows what came of it, or the first one."""
        self.terminal.type(f"/msg {jid}")
        self.terminal.wait_for(rf"^ {re.escape(jid)} ")
        self.terminal.type(f"/sendfile {path}")

    def save(self, path, jid, name):
        """Fetches what the URL in a message of somebody's names, which begins with this name; there may be older ones."""
        window = self.terminal.wait_for(rf"<< chat message: {re.escape(jid)}\S* \(win (\d+)\)")[1]
        self.terminal.type(f"/win {window}")
        url = self.terminal.wait_for(rf": (https?://[^/\s]+/{re.escape(name)}\S+)$")[1]
        self.terminal.type(f"/url save {url} {path}")
        self.terminal.wait_for(f"Saved to '{re.escape(path)}'")

    def commands(self):
        """The nodes of the component's commands (XEP-0050): it is by them that one names a command here."""
        self.terminal.type(f"/cmd list {DOMAIN}")
        return re.findall(r"!   (\S+)", self.terminal.wait_for(r"! Ad hoc commands:\n(.*!   .*\n)+.*! *$")[0])

    def command(self, node, *fields):
        """Runs a command, with what is typed into its form if it has one; the screen shows what came of it."""
        self.terminal.type("/win 1")
        self.terminal.type("/clear")
        self.terminal.type(f"/cmd exec {node} {DOMAIN}")
        if fields:
            self.terminal.wait_for("Use '/form submit'")
            for field in fields:
                self.terminal.type(f"/{field}")
            self.terminal.type("/form submit")


class Poezio(Client):
    """Shows a prompt as a dialogue, in a tab of its own, in which Reject is chosen unless one chooses Accept."""

    program = "poezio"
    resource = "poezio-test"

    def prepare(self, server):
        name, device = self.resource.split("-")
        self.write("config/poezio/poezio.cfg", f"""
[Poezio]
jid = {self.bare}/{name}
device_id = {device}
password = {PASSWORD}
custom_host = 127.0.0.1
custom_port = {server.c2s}
ca_cert_path = {server.certificate}
use_log = false
""")
        # It does not run as root.
        for root, _, files in os.walk(self.directory):
            for path in [root] + [f"{root}/{name}" for name in files]:
                shutil.chown(path, "nobody", "nogroup")
        return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "poezio"]

    def log_in(self):
        self.terminal.wait_for(rf"\[\+\] {re.escape(self.bare)} \(1\)")

    def confirm(self, url, yes):
        tab = self.terminal.wait_for(r"^ *(\d)\.HTTP Verif")[1]
        self.terminal.press(f"M-{tab}")
        self.terminal.wait_for(rf'using method "GET" for the url "{re.escape(url)}"')
        # An Enter that it reads together with another key is dropped.
        if yes:
            self.terminal.press("Right")
        chosen = "Accept" if yes else "Reject"
        self.terminal.wait_for(rf"\x1b\[[\d;]*[1-9][\d;]*m {chosen} ", coloured=True)
        self.terminal.press("Enter")


def go_sendxmpp(server, jid, path, to):
    """Sends a file through an upload slot. It trusts whom OpenSSL's variable names, for XMPP and for HTTPS."""
    return subprocess.run(
        ["go-sendxmpp", "--username", jid, "--password", PASSWORD, "--jserver", f"127.0.0.1:{server.c2s}",
         "--http-upload", path, to],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": os.path.dirname(path), "SSL_CERT_FILE": server.certificate})
