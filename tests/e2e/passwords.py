"""App passwords as people make and use them."""

import sqlite3
import subprocess
from contextlib import closing

import requests

from adhoc import Command
from daemon import basic


def made(person, label="a test", **fields):
    """By the ad-hoc command: the result's fields, each its value."""
    command = Command(person, "password-new").submit(label=label, **fields)
    assert command.status == "completed"
    return {var: values[0] for var, values in command.fields.items()}


class Device:
    """A WebDAV client with an app password."""

    def __init__(self, daemon, jid, password, address=None):
        self.daemon, self.jid, self.password, self.address = daemon, jid, password, address

    def ask(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.address:
            headers["X-Forwarded-For"] = self.address
        if method == "PROPFIND":
            headers.setdefault("Depth", "0")
        url = path if path.startswith("http") else self.daemon.base + path
        return requests.request(method, url, data=body, headers={**basic(self.jid, self.password), **headers}, timeout=20)

    def status(self, method, path, body=None, **headers):
        return self.ask(method, path, body, **headers).status_code

    def at(self, address, password=None):
        return Device(self.daemon, self.jid, password or self.password, address)


def device(person, **fields):
    return Device(person.daemon, person.bare, made(person, **fields)["password"])


def rows(daemon, sql, *values):
    """What the table says now; changes too."""
    with closing(sqlite3.connect(f"{daemon.store}/missive.db", timeout=20)) as db, db:
        return db.execute(sql, values).fetchall()


def curl(*arguments):
    """The status."""
    return subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *arguments], capture_output=True,
                          text=True, timeout=20).stdout
