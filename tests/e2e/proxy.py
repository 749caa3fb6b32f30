"""nginx in front of missived: TLS outside, plain HTTP behind, in a directory of its own."""

import os
import re
import signal
import subprocess

from servers import free_port, listens, make_certificate, wait_until

STREAMS = ["http_version 1.1", "request_buffering off", "buffering off", "read_timeout 90s"]


def in_readme():
    """What README tells operators to write."""
    with open(os.path.join(os.path.dirname(__file__), "../../README.md")) as f:
        block = re.search(r"^    server \{\n(.*?)^    \}\n", f.read(), re.M | re.S)[1]
    assert "proxy_pass http://127.0.0.1:8080;" in block and "client_max_body_size 0;" in block
    return [line for line in re.findall(r"^\s+proxy_(.*);$", block, re.M) if not line.startswith("pass ")]


# The directives, behind "proxy_", of proxies that say in one way or another for whom they ask.
KINDS = {
    "readme": in_readme(),
    "host": [*STREAMS, "set_header Host $http_host", "set_header X-Forwarded-For $remote_addr"],
    "forwarded": [*STREAMS, """set_header Forwarded 'for="$remote_addr";host="$http_host";proto=$scheme'""",
                  "set_header X-Forwarded-For ''", "set_header X-Forwarded-Host ''", "set_header X-Forwarded-Proto ''"],
    "nothing": [*STREAMS, "set_header X-Forwarded-For $remote_addr"],
}


class Nginx:
    """`directives`: instead of a kind's; `server`: lines for the whole server, in place of a limit on bodies."""

    def __init__(self, directory, upstream, kind=None, port=None, directives=None, server="client_max_body_size 0;"):
        self.directory = str(directory)
        os.makedirs(self.directory)
        make_certificate(self.directory)
        self.certificate = f"{self.directory}/cert.pem"
        self.port = port or free_port()
        directives = "\n".join(f"proxy_{directive};" for directive in (KINDS[kind] if directives is None else directives))
        paths = "\n".join(f"{kind}_temp_path {self.directory}/{kind};"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{self.directory}/nginx.conf", "w") as f:
            f.write(f"""
daemon off;
user root;
worker_processes 1;
pid {self.directory}/nginx.pid;
error_log {self.directory}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    {paths}
    server {{
        listen 127.0.0.1:{self.port} ssl;
        ssl_certificate {self.directory}/cert.pem;
        ssl_certificate_key {self.directory}/key.pem;
        {server}
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            {directives}
        }}
    }}
}}
""")
        self.process = subprocess.Popen(
            ["nginx", "-p", self.directory, "-e", f"{self.directory}/error.log", "-c", f"{self.directory}/nginx.conf"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: self.running() and listens(self.port), "nginx starts")
        except BaseException:
            self.stop()
            raise

    def running(self):
        if self.process.poll() is not None:
            with open(f"{self.directory}/error.log") as f:
                raise AssertionError("nginx has ended: " + f.read())
        return True

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Apache:
    """Likewise, with what stands in `lines` besides; mod_proxy says X-Forwarded-For and X-Forwarded-Host by itself."""

    def __init__(self, directory, upstream, port=None, lines=""):
        self.directory = str(directory)
        os.makedirs(self.directory)
        make_certificate(self.directory)
        self.certificate = f"{self.directory}/cert.pem"
        self.port = port or free_port()
        modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in (
            "mpm_event", "authz_core", "proxy", "proxy_http", "ssl", "headers", "rewrite", "alias"))
        with open(f"{self.directory}/apache.conf", "w") as f:
            f.write(f"""
{modules}
ServerRoot {self.directory}
ServerName localhost
PidFile {self.directory}/apache.pid
Mutex file:{self.directory}
ErrorLog {self.directory}/error.log
Listen 127.0.0.1:{self.port}
SSLEngine on
SSLSessionCache none
SSLCertificateFile {self.directory}/cert.pem
SSLCertificateKeyFile {self.directory}/key.pem
ProxyTimeout 90
AllowEncodedSlashes NoDecode
{lines}
ProxyPass / http://127.0.0.1:{upstream}/ nocanon
""")
        self.process = subprocess.Popen(["apache2", "-D", "FOREGROUND", "-f", f"{self.directory}/apache.conf"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: self.running() and listens(self.port), "Apache starts")
        except BaseException:
            self.stop()
            raise

    def running(self):
        if self.process.poll() is not None:
            with open(f"{self.directory}/error.log") as f:
                raise AssertionError("Apache has ended: " + f.read())
        return True

    stop = Nginx.stop
