"""Real XMPP servers on loopback, each in a directory of its own: start, restart, stop."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

SECRET = "the-component-secret"
PASSWORD = "a-password"
DOMAIN = "files.localhost"

# localhost's accounts may upload; capulet.localhost's may receive.
ACCOUNTS = [
    "romeo@localhost", "benvolio@localhost", "mercutio@localhost", "jürgen@localhost", "strasse@localhost",
    "juliet@capulet.localhost", "tybalt@capulet.localhost",
    "romeo@montague.net", "juliet@capulet.com",
]
HOSTS = ["localhost", "capulet.localhost", "montague.net", "capulet.com"]


PORTS = set()


def free_port():
    """Never the same twice, and none of those that the kernel gives to who connects: what listens there may stop and start again."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        first = int(f.read().split()[0])
    while True:
        port = random.randrange(10000, max(first, 20000))
        with socket.socket() as s:
            if port not in PORTS and s.connect_ex(("127.0.0.1", port)) != 0:
                PORTS.add(port)
                return port


def wait_until(check, what, seconds=30, every=0.02):
    """For what tells nobody when it happens: a port that opens, a process that ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = check()
        if value:
            return value
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds} s")


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def open_directory():
    """A new one that other accounts can reach. Not below pytest's own: every pytest that starts closes that to all but its user."""
    directory = tempfile.mkdtemp(prefix="missive-tests-")
    os.chmod(directory, 0o711)
    return directory


def make_certificate(directory):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-keyout", f"{directory}/key.pem", "-out", f"{directory}/cert.pem", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,DNS:capulet.localhost,DNS:files.localhost,DNS:example.org,IP:127.0.0.1"],
        check=True, capture_output=True)


class Server:
    def __init__(self, directory):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.c2s = free_port()
        self.component = free_port()
        self.process = None
        make_certificate(self.directory)
        self.certificate = f"{self.directory}/cert.pem"

    def write(self, name, text):
        path = f"{self.directory}/{name}"
        with open(path, "w") as f:
            f.write(text)
        return path

    def launch(self, command):
        self.log = open(f"{self.directory}/output.log", "ab")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                        start_new_session=True)
        wait_until(lambda: self.running() and listens(self.c2s) and listens(self.component),
                   f"{self.name} starts (see {self.directory})", 60)

    def running(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} has ended: see {self.directory}")
        return True

    def stop(self):
        if not self.process:
            return
        self.end(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.end(signal.SIGKILL)
            self.process.wait()
        self.process = None
        self.log.close()


    def end(self, number):
        os.killpg(self.process.pid, number)


class Prosody(Server):
    name = "prosody"
    multicast = False

    def __init__(self, directory):
        super().__init__(directory)
        os.makedirs(f"{self.directory}/data", exist_ok=True)
        hosts = "\n".join(f'VirtualHost "{host}"\n  disco_items = {{ {{ "{DOMAIN}", "Missive" }} }}' for host in HOSTS[1:])
        self.config = self.write("prosody.cfg.lua", f"""
run_as_root = true
daemonize = false
pidfile = "{self.directory}/prosody.pid"
data_path = "{self.directory}/data"
log = {{ info = "{self.directory}/prosody.log" }}
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
component_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.c2s} }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
s2s_direct_tls_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
component_ports = {{ {self.component} }}
network_settings = {{ nagle = false }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "offline", "ping", "carbons" }}
modules_disabled = {{ "s2s" }}
authentication = "internal_plain"
c2s_require_encryption = true
limits = {{ c2s = {{ rate = "10mb/s" }} }}
ssl = {{ key = "{self.directory}/key.pem", certificate = "{self.directory}/cert.pem" }}
VirtualHost "localhost"
{hosts}
Component "{DOMAIN}"
component_secret = "{SECRET}"
Component "bare.load"
component_secret = "{SECRET}"
Component "people.load"
component_secret = "{SECRET}"
""")
        for jid in ACCOUNTS:
            user, host = jid.split("@")
            directory = f"{self.directory}/data/{encode(host)}/accounts"
            os.makedirs(directory, exist_ok=True)
            with open(f"{directory}/{encode(user)}.dat", "w") as f:
                f.write(f'return {{ ["password"] = "{PASSWORD}"; }};')

    def start(self):
        self.launch(["prosody", "-F", "--config", self.config])


def encode(name):
    """As Prosody names its files."""
    return "".join(c if c.isascii() and c.isalnum() else "".join(f"%{b:02x}" for b in c.encode()) for c in name)


class Ejabberd(Server):
    name = "ejabberd"
    multicast = True

    def __init__(self, directory):
        super().__init__(directory)
        self.api = free_port()
        self.registered = False
        with open(f"{self.directory}/both.pem", "w") as both:
            for part in ("cert.pem", "key.pem"):
                with open(f"{self.directory}/{part}") as f:
                    both.write(f.read())
        self.config = self.write("ejabberd.yml", f"""
hosts: [{', '.join(HOSTS)}]
loglevel: info
certfiles: ["{self.directory}/both.pem"]
auth_method: internal
auth_password_format: plain
disable_sasl_mechanisms: []
listen:
  - {{port: {self.c2s}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true}}
  - port: {self.component}
    ip: "127.0.0.1"
    module: ejabberd_service
    access: all
    password: "{SECRET}"
  - port: {self.api}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers: {{/api: mod_http_api}}
acl:
  loopback: {{ip: [127.0.0.0/8]}}
api_permissions:
  local: {{from: [mod_http_api], who: [{{access: {{allow: [{{acl: loopback}}]}}}}], what: [register]}}
modules:
  mod_disco: {{extra_domains: []}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_roster: {{}}
  mod_carboncopy: {{}}
  mod_multicast: {{host: "multicast.@HOST@", access: all}}
""")
        self.control = self.write("ejabberdctl.cfg", f"""
ERL_OPTIONS="+S 1:1"
ERL_DIST_PORT={free_port()}
INET_DIST_INTERFACE=127.0.0.1
EJABBERD_PID_PATH={self.directory}/ejabberd.pid
""")
        for name in ("logs", "spool"):
            os.makedirs(f"{self.directory}/{name}", exist_ok=True)
        for root, _, files in os.walk(self.directory):
            for path in [root] + [f"{root}/{name}" for name in files]:
                shutil.chown(path, "ejabberd", "ejabberd")

    def start(self):
        self.launch([
            "ejabberdctl", "--config", self.config, "--ctl-config", self.control, "--logs", f"{self.directory}/logs",
            "--spool", f"{self.directory}/spool", "--node", f"missive{self.c2s}@localhost", "foreground"])
        wait_until(lambda: listens(self.api), "ejabberd's API")
        if not self.registered:
            for jid in ACCOUNTS:
                self.register(jid)
        self.registered = True

    def end(self, number):
        # su has given the Erlang machine a session of its own.
        with open(f"{self.directory}/ejabberd.pid") as f:
            os.kill(int(f.read()), number)
        if number == signal.SIGKILL:
            super().end(number)

    def register(self, jid):
        user, host = jid.split("@")
        body = json.dumps({"user": user, "host": host, "password": PASSWORD}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.api}/api/register", body,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


SERVERS = {"prosody": Prosody, "ejabberd": Ejabberd}
