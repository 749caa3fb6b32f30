"""nginx in front of missived: TLS outside, plain HTTP behind, in a directory of its own."""

import os
import signal
import subprocess

from servers import free_port, listens, make_certificate, wait_until

# What a proxy may say of the request; ADDRESS is always told.
FIELDS = {
    "host": ["Host $http_host", "X-Forwarded-For $remote_addr", "X-Forwarded-Proto $scheme"],
    "x-forwarded": ["X-Forwarded-For $remote_addr", "X-Forwarded-Host $http_host", "X-Forwarded-Proto $scheme"],
    "forwarded": ["""Forwarded 'for="$remote_addr";host="$http_host";proto=$scheme'"""],
    "nothing": ["X-Forwarded-For $remote_addr"],
}


class Nginx:
    def __init__(self, directory, upstream, fields, port=None):
        self.directory = str(directory)
        os.makedirs(self.directory)
        make_certificate(self.directory)
        self.certificate = f"{self.directory}/cert.pem"
        self.port = port or free_port()
        said = "\n".join(f"proxy_set_header {field};" for field in FIELDS[fields])
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
        client_max_body_size 0;
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_read_timeout 90s;
            {said}
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
