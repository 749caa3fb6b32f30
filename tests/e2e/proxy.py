"""nginx and Apache in front of missived: TLS outside, plain HTTP behind, in a directory of their own, by the files in dist/examples."""

import os
import re
import signal
import subprocess

from servers import free_port, listens, make_certificate, wait_until

EXAMPLES = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../dist/examples"))
STREAMS = ["http_version 1.1", "request_buffering off", "buffering off", "read_timeout 90s"]

# The directives, behind "proxy_", of other proxies that say in one way or another for whom they ask.
KINDS = {
    "host": [*STREAMS, "set_header Host $http_host", "set_header X-Forwarded-For $remote_addr"],
    "forwarded": [*STREAMS, """set_header Forwarded 'for="$remote_addr";host="$http_host";proto=$scheme'""",
                  "set_header X-Forwarded-For ''", "set_header X-Forwarded-Host ''", "set_header X-Forwarded-Proto ''"],
    "nothing": [*STREAMS, "set_header X-Forwarded-For $remote_addr"],
}


def directives():
    """Those of the example, behind "proxy_"."""
    with open(f"{EXAMPLES}/nginx.conf") as f:
        return [line for line in re.findall(r"^\s+proxy_(.*);$", f.read(), re.M) if not line.startswith("pass ")]


def example(name, changes):
    """The very file that operators are given, but for what belongs to a machine: each of these stands in it once."""
    with open(f"{EXAMPLES}/{name}") as f:
        text = f.read()
    for there, here in changes.items():
        assert text.count(there) == 1, (name, there)
        text = text.replace(there, here)
    return text


class Front:
    def __init__(self, directory, upstream, port=None, **how):
        self.directory = str(directory)
        os.makedirs(self.directory)
        make_certificate(self.directory)
        self.certificate = f"{self.directory}/cert.pem"
        self.port = port or free_port()
        self.errors, self.log = f"{self.directory}/error.log", f"{self.directory}/access.log"
        config = f"{self.directory}/{self.name}.conf"
        with open(config, "w") as f:
            f.write(self.config(upstream, **how))
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(self.command(config), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        try:
            wait_until(lambda: self.running() and listens(self.port), f"{self.name} starts")
        except BaseException:
            self.stop()
            raise

    def machine(self):
        return {"/etc/missive/fullchain.pem": f"{self.directory}/cert.pem", "/etc/missive/privkey.pem": f"{self.directory}/key.pem"}

    def passed_on(self, method=""):
        """How many requests missived was given: its log of those that it has had an answer to, or has waited for one."""
        with open(self.log) as f:
            return len([line for line in f if not line.startswith("-") and method in line])

    def running(self):
        if self.process.poll() is not None:
            with open(self.errors) as f:
                raise AssertionError(f"{self.name} has ended: " + f.read())
        return True

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Nginx(Front):
    name = "nginx"

    def config(self, upstream, kind="example", directives=None, server="client_max_body_size 0;"):
        """`directives`: in place of a kind's; `server`: lines for the whole server, in place of a limit on bodies."""
        paths = "\n".join(f"{temporary}_temp_path {self.directory}/{temporary};"
                          for temporary in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""
daemon off;
user root;
worker_processes 1;
pid {self.directory}/nginx.pid;
error_log {self.errors};
events {{ worker_connections 256; }}
http {{
    log_format passed '$upstream_addr $request';
    access_log {self.log} passed;
    {paths}
    {self.site(upstream, directives or KINDS[kind], server) if directives or kind != "example" else self.example(upstream)}
}}
"""

    def example(self, upstream):
        return example("nginx.conf", {**self.machine(), "listen 443": f"listen 127.0.0.1:{self.port}",
                                      "server 127.0.0.1:8080": f"server 127.0.0.1:{upstream}"})

    def site(self, upstream, directives, server):
        directives = "\n".join(f"proxy_{directive};" for directive in directives)
        return f"""
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
"""

    def command(self, config):
        return ["nginx", "-p", self.directory, "-e", self.errors, "-c", config]


class Apache(Front):
    name = "apache"

    def config(self, upstream, lines=None):
        """`lines`: in place of the example, but for the pass itself."""
        site = self.site(upstream, lines) if lines is not None else self.example(upstream)
        modules = "\n".join(f"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so"
                            for module in ("mpm_event", "authz_core", "ssl", "headers", "proxy", "proxy_http", "rewrite", "alias"))
        return self.whole(modules, site)

    def example(self, upstream):
        return example("apache.conf", {**self.machine(), "*:443": f"127.0.0.1:{self.port}",
                                       "http://127.0.0.1:8080/": f"http://127.0.0.1:{upstream}/"})

    def site(self, upstream, lines):
        return f"""
SSLEngine on
SSLSessionCache none
SSLCertificateFile {self.directory}/cert.pem
SSLCertificateKeyFile {self.directory}/key.pem
ProxyTimeout 90
AllowEncodedSlashes NoDecode
{lines}
ProxyPass / http://127.0.0.1:{upstream}/ nocanon
"""

    def whole(self, modules, site):
        return f"""
ServerRoot {self.directory}
ServerName 127.0.0.1
PidFile {self.directory}/apache.pid
DefaultRuntimeDir {self.directory}
ErrorLog {self.errors}
User www-data
Group www-data
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
{modules}
Listen 127.0.0.1:{self.port}
CustomLog {self.log} "%{{Content-Security-Policy}}o %R %>s %r"
{site}
"""

    def command(self, config):
        return ["apache2", "-DFOREGROUND", "-f", config]


FRONTS = {"nginx": Nginx, "apache": Apache}
