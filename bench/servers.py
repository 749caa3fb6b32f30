"""The servers that are measured, each on loopback with two threads or workers and the same files: start, stop, CPU."""

import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import time

ROMEO = "romeo@localhost"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def processes(root):
    """A process and all below it."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
            except (OSError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


class Server:
    """`depot` is what it serves, where that is a directory."""

    name = None
    durable = False

    def __init__(self, directory, tls=None):
        """tls: a directory with cert.pem and key.pem, when it is to speak TLS."""
        self.directory = f"{directory}/{self.name}"
        self.depot = f"{self.directory}/depot"
        os.makedirs(self.depot)
        self.port = free_port()
        self.tls = tls
        self.base = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.headers = {}
        self.process = None

    def write(self, name, text):
        path = f"{self.directory}/{name}"
        with open(path, "w") as f:
            f.write(text)
        return path

    def launch(self, *command):
        with open(f"{self.directory}/output", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        with open(f"{self.directory}/output") as f:
            raise SystemExit(f"{self.name} does not start:\n{f.read()}")

    def stop(self):
        if self.process:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None

    def cpu(self):
        """Seconds, user and system, of all its processes: clock_getcpuclockid(3)."""
        total = 0
        for pid in processes(self.process.pid):
            try:
                total += time.clock_gettime(~pid << 3 | 2)
            except OSError:
                continue
        return total

    def resident(self):
        """Bytes, of all its processes, without what they share with files."""
        total = 0
        for pid in processes(self.process.pid):
            with open(f"/proc/{pid}/status") as f:
                total += int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1)) * 1024
        return total


class Missived(Server):
    name = "missived"
    durable = True

    def __init__(self, directory, tls=None, build=None, component=1, secret="not-used-here", users="localhost"):
        """component: the XMPP server's port for components; nobody listens on 1."""
        super().__init__(directory, tls)
        self.program = f"{build}/missived"
        self.config = self.write("missived.conf", f"""
[http]
listen = 127.0.0.1:{self.port}
base-url = {self.base}
threads = 2
{f"tls-cert = {tls}/cert.pem" if tls else ""}
{f"tls-key = {tls}/key.pem" if tls else ""}
[xmpp]
server = 127.0.0.1:{component}
domain = files.localhost
secret = {secret}
users = {users}
[store]
path = {self.directory}/store
[limits]
resources = 0
connections = 20000
connections-per-address = 0
prompts = 0
prompts-per-pair = 0
prompts-per-address = 0
silence = 0s
refusals = 0
[system]
user = root
""")

    def wait_for(self, event):
        """It listens before it has opened its store."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with open(f"{self.directory}/output") as f:
                if event in f.read():
                    return
            time.sleep(0.02)
        raise SystemExit(f"{self.name} does not start: no {event}")

    def blob(self, length):
        """Its one file of that many bytes."""
        found = [f"{root}/{name}" for root, _, names in os.walk(f"{self.directory}/store/blobs") for name in names
                 if os.path.getsize(f"{root}/{name}") == length]
        assert len(found) == 1, found
        return found[0]

    def start(self):
        self.launch(self.program, "-c", self.config)
        self.wait_for("event=started")
        self.headers = self.password(ROMEO)
        return self

    def password(self, jid):
        """The header of somebody who has an app password."""
        password = subprocess.run([self.program, "-c", self.config, "password", jid], check=True, capture_output=True,
                                  text=True).stdout.strip()
        return {"Authorization": "Basic " + base64.b64encode(f"{jid}:{password}".encode()).decode()}


class Few(Missived):
    """The same with few resources."""

    name = "missived-few"


class Nginx(Server):
    name = "nginx"
    more = ""

    def start(self):
        for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            os.makedirs(f"{self.directory}/{name}", exist_ok=True)
        temporary = "".join(f"{name}_temp_path {self.directory}/{name};" for name in ("proxy", "fastcgi", "uwsgi", "scgi"))
        secured = f"""
    ssl_certificate {self.tls}/cert.pem;
    ssl_certificate_key {self.tls}/key.pem;
    ssl_protocols TLSv1.3;
    ssl_session_tickets on;
    ssl_session_cache shared:all:10m;""" if self.tls else ""
        config = self.write("nginx.conf", f"""
load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
user root;
daemon off;
worker_processes 2;
worker_rlimit_nofile 65536;
error_log {self.directory}/error.log error;
pid {self.directory}/pid;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  sendfile on;
  {self.more}
  tcp_nopush on;
  keepalive_requests 100000000;
  client_max_body_size 0;
  client_body_buffer_size 128k;
  client_body_temp_path {self.directory}/body;
  {temporary}
  server {{
    listen 127.0.0.1:{self.port} {"ssl" if self.tls else ""} reuseport backlog=4096;
    {secured}
    root {self.depot};
    location / {{
      dav_methods PUT DELETE MKCOL COPY MOVE;
      dav_ext_methods PROPFIND OPTIONS;
      create_full_put_path on;
    }}
  }}
}}
""")
        return self.launch("nginx", "-c", config, "-p", self.directory)


class NginxThreads(Nginx):
    """What a disk must bring is read by threads of its own."""

    name, more = "nginx-aio", "aio threads;"


class Lighttpd(Server):
    name = "lighttpd"

    def start(self):
        config = self.write("lighttpd.conf", f"""
server.modules = ("mod_webdav")
server.bind = "127.0.0.1"
server.port = {self.port}
server.document-root = "{self.depot}"
server.errorlog = "{self.directory}/error.log"
server.max-worker = 2
server.max-fds = 32768
server.max-connections = 16384
server.max-keep-alive-requests = 1000000000
server.upload-dirs = ("{self.directory}")
mimetype.assign = ("" => "application/octet-stream")
webdav.activate = "enable"
""")
        return self.launch("lighttpd", "-D", "-f", config)


class Apache(Server):
    name = "apache"

    def start(self):
        modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
                            for name in ("mpm_event", "authz_core", "dav", "dav_fs", "mime"))
        config = self.write("apache.conf", f"""
{modules}
ServerName localhost
Listen 127.0.0.1:{self.port}
PidFile {self.directory}/pid
ErrorLog {self.directory}/error.log
User www-data
StartServers 2
ServerLimit 2
ThreadsPerChild 64
MaxRequestWorkers 128
KeepAlive On
MaxKeepAliveRequests 0
DocumentRoot {self.depot}
DavLockDB {self.directory}/lock
TypesConfig /dev/null
<Directory {self.depot}>
  Dav On
  Require all granted
</Directory>
""")
        os.chmod(self.directory, 0o777)
        os.chmod(self.depot, 0o777)
        return self.launch("apache2", "-DFOREGROUND", "-f", config)


class Rclone(Server):
    name = "rclone"

    def start(self):
        return self.launch("env", "GOMAXPROCS=2", f"HOME={self.directory}", "rclone", "serve", "webdav", "--addr",
                           f"127.0.0.1:{self.port}", "--log-level", "ERROR", self.depot)


KINDS = {kind.name: kind for kind in (Missived, Few, Nginx, NginxThreads, Lighttpd, Apache, Rclone)}


def make(name, directory, build, tls=None):
    kind = KINDS[name]
    return kind(directory, tls, build) if issubclass(kind, Missived) else kind(directory, tls)


def remove(server):
    server.stop()
    shutil.rmtree(server.directory)
