"""missived as users run it: its file, its process, its log."""

import base64
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing

import requests

from servers import DOMAIN, SECRET, free_port, listens, wait_until

BUILD = os.environ.get("MISSIVE_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
MISSIVED = os.path.abspath(os.path.join(BUILD, "missived"))


class Daemon:
    def __init__(self, directory, component_port, **settings):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.port = settings.pop("port", None) or free_port()
        self.base = settings.get("base_url", f"http://127.0.0.1:{self.port}")
        self.store = f"{self.directory}/store"
        self.settings = {
            "http": {"listen": f"127.0.0.1:{self.port}", "base-url": self.base, "threads": "2"},
            "xmpp": {"server": f"127.0.0.1:{component_port}", "domain": DOMAIN, "secret": SECRET, "users": "localhost",
                     "confirm-timeout": "4s"},
            "store": {"path": self.store},
            # Everybody in a test asks from one address: who tests limits sets them.
            "limits": {"keep-free": "0", "prompts-per-pair": "1000", "prompts-per-address": "1000",
                       "prompts-per-known-pair": "1000", "silence": "0s",
                       "refusals": "1000", "wrong-passwords": "1000", "wrong-passwords-per-address": "1000"},
        }
        # Whatever is tested is fenced. Root stays root here, because so do the directories of tests; test_user.py has it become somebody.
        self.settings["system"] = {"fence": os.environ.get("MISSIVE_FENCE", "yes")}
        if os.geteuid() == 0:
            self.settings["system"]["user"] = "root"
        if os.environ.get("MISSIVE_MAY_BLOCK"):
            self.settings["store"]["may-block"] = "yes"
        for name, value in settings.items():
            section, key = SECTION_OF[name]
            self.settings.setdefault(section, {})[key] = value
            if value is None:  # the daemon's own default
                del self.settings[section][key]
        self.program = MISSIVED
        self.process = None
        self.lines = []
        self.changed = threading.Condition()

    def write_config(self):
        path = f"{self.directory}/missived.conf"
        with open(path, "w") as f:
            for section, keys in self.settings.items():
                f.write(f"[{section}]\n")
                for key, value in keys.items():
                    for one in value if isinstance(value, list) else [value]:
                        f.write(f"{key} = {one}\n")
        return path

    def start(self, link=True, before=(), environment=None, pass_fds=()):
        self.process = subprocess.Popen([*before, self.program, "-c", self.write_config()], stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})}, pass_fds=pass_fds)
        self.lines = []
        self.reader = threading.Thread(target=self.read, args=(self.process,), daemon=True)
        self.reader.start()
        if self.settings.get("log", {}).get("level", "info") in ("debug", "info"):
            self.wait_for(event("started"))
            if link:
                self.wait_for(event("xmpp-up"))
        else:  # nothing is said
            wait_until(lambda: listens(self.port) and (not link or self.health().ok), "missived has started")
        return self

    def read(self, process):
        for line in process.stderr:
            with self.changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        process.wait()  # its end of the log is closed a moment before it can be seen to have ended
        with self.changed:
            self.changed.notify_all()

    def wait_for(self, pattern, count=1, seconds=20):
        """Waits until that many lines of the log match."""
        def matching():
            return [line for line in self.lines if re.search(pattern, line)]
        with self.changed:
            if not self.changed.wait_for(lambda: len(matching()) >= count or self.process.poll() is not None, seconds):
                raise AssertionError(f"no line {pattern!r} in {self.lines[-20:]}")
            found = matching()
        assert len(found) >= count, f"no line {pattern!r} in {self.lines[-40:]}"
        return found[count - 1]

    def log(self):
        with self.changed:
            return "\n".join(self.lines)

    def stop(self):
        """Ends it as an operator would; it must end well, without a sanitizer's complaint."""
        if not self.process:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"missived did not stop: {self.lines[-20:]}")
        self.reader.join(10)
        assert status == 0, f"missived ended with {status}:\n{self.log()}"

    def kill(self):
        process, self.process = self.process, None
        process.kill()
        process.wait()
        self.reader.join(10)

    def blobs(self):
        """Those that nothing names are removed a moment later: waits for that, but not for ever."""
        for _ in range(500):
            found = self.files()
            try:
                with closing(sqlite3.connect(f"file:{self.store}/missive.db?mode=ro", uri=True)) as db:
                    named = {name for name, in db.execute("SELECT blob FROM content UNION SELECT blob FROM partial")}
            except sqlite3.OperationalError:
                break
            if {os.path.basename(path) for path in found} <= named:
                break
            time.sleep(0.01)
        return found

    def files(self):
        return [os.path.join(root, name) for root, _, names in os.walk(f"{self.store}/blobs") for name in names]

    def check_store(self):
        """When it has stopped: the database is whole, and the files are those that it names, with all their bytes."""
        with closing(sqlite3.connect(f"{self.store}/missive.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            whole = dict(db.execute("SELECT blob, length FROM content WHERE blob IS NOT NULL"))
            parts = dict(db.execute("SELECT blob, received FROM partial"))
        found = {os.path.basename(path): os.path.getsize(path) for path in self.files()}
        assert {name: length for name, length in found.items() if name not in parts} == whole
        assert all(found.get(name, -1) >= received for name, received in parts.items()), (found, parts)

    def health(self):
        return requests.get(self.base + "/-/health", timeout=10)


def event(name):
    """A pattern for its line, in either format of the log."""
    return rf'event(?:=|":"){name}\b'


SECTION_OF = {
    "base_url": ("http", "base-url"), "host": ("http", "host"), "threads": ("http", "threads"),
    "listen": ("http", "listen"), "tls_cert": ("http", "tls-cert"), "tls_key": ("http", "tls-key"),
    "metrics": ("http", "metrics"),
    "trusted_proxies": ("http", "trusted-proxies"), "allow_plain": ("http", "allow-plain"),
    "confirm_timeout": ("xmpp", "confirm-timeout"), "confirm_reuse": ("xmpp", "confirm-reuse"),
    "domain": ("xmpp", "domain"), "secret": ("xmpp", "secret"), "users": ("xmpp", "users"), "admins": ("xmpp", "admins"), "max_file_size": ("limits", "max-file-size"), "keep_free": ("limits", "keep-free"),
    "wrong_passwords": ("limits", "wrong-passwords"),
    "wrong_passwords_per_address": ("limits", "wrong-passwords-per-address"),
    "prompts": ("limits", "prompts"), "prompts_per_pair": ("limits", "prompts-per-pair"),
    "prompts_per_address": ("limits", "prompts-per-address"),
    "prompts_per_known_pair": ("limits", "prompts-per-known-pair"), "silence": ("limits", "silence"),
    "refusals": ("limits", "refusals"),
    "quota": ("limits", "quota"), "resources": ("limits", "resources"), "connections": ("limits", "connections"),
    "connections_per_address": ("limits", "connections-per-address"), "may_block": ("store", "may-block"),
    "log_format": ("log", "format"), "log_level": ("log", "level"),
    "slots": ("limits", "slots"), "public": ("slots", "public"),
    "expires": ("limits", "expires"), "expires_message": ("limits", "expires-message"),
    "expires_profile": ("limits", "expires-profile"), "expires_ephemeral": ("limits", "expires-ephemeral"),
    "expires_permanent": ("limits", "expires-permanent"),
    "fence": ("system", "fence"), "user": ("system", "user"),
    "once_kept": ("limits", "once-kept"), "expiry_notice": ("limits", "expiry-notice"),
    "target": ("limits", "target"), "head": ("limits", "head"), "fields": ("limits", "fields"),
    "head_time": ("limits", "head-time"), "idle_time": ("limits", "idle-time"), "body_rate": ("limits", "body-rate"),
    "drain": ("limits", "drain"), "drain_time": ("limits", "drain-time"), "xml_body": ("limits", "xml-body"),
    "properties": ("limits", "properties"), "property_size": ("limits", "property-size"),
    "properties_size": ("limits", "properties-size"), "ranges": ("limits", "ranges"),
    "conditions": ("limits", "conditions"), "conditions_size": ("limits", "conditions-size"),
    "locks_per_resource": ("limits", "locks-per-resource"), "locks_per_account": ("limits", "locks-per-account"),
    "lock_time": ("limits", "lock-time"), "nonce_time": ("limits", "nonce-time"),
}



def sanitized():
    with open(MISSIVED, "rb") as f:
        return b"__asan_init" in f.read()


def new_id():
    """A transaction identifier that was never used before."""
    return f"id-{os.getpid()}-{base64.b32encode(os.urandom(10)).decode().lower()}"


def basic(jid, transaction_id=None):
    text = jid if transaction_id is None else f"{jid}:{transaction_id}"
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}
