"""Slots (XEP-0363) as an XMPP client asks for them and fills them."""

import os
import sqlite3
from contextlib import closing
from xml.sax.saxutils import quoteattr

import requests

from person import STANZAS

UPLOAD = "urn:xmpp:http:upload:0"
PURPOSE = "urn:xmpp:http:upload:purpose:0"


class Refused(Exception):
    def __init__(self, iq):
        error = iq.find("{jabber:client}error")
        self.type = error.get("type")
        self.condition = next(c.tag.split("}")[1] for c in error if c.tag.startswith(f"{{{STANZAS}}}"))
        text = error.find(f"{{{STANZAS}}}text")
        self.text = text.text if text is not None else None
        largest = error.find(f"{{{UPLOAD}}}file-too-large/{{{UPLOAD}}}max-file-size")
        self.max_file_size = int(largest.text) if largest is not None else None
        retry = error.find(f"{{{UPLOAD}}}retry")
        self.retry = retry.get("stamp") if retry is not None else None
        super().__init__(f"{self.type} {self.condition}: {self.text}")


def request(inside="", **attributes):
    said = " ".join(f"{name.replace('_', '-')}={quoteattr(str(value))}" for name, value in attributes.items())
    return f"<request xmlns='{UPLOAD}' {said}>{inside}</request>"


class Slot:
    def __init__(self, person, filename="photo.jpg", size=5, content_type=None, inside="", seconds=20):
        more = {} if content_type is None else {"content_type": content_type}
        answer = person.ask("get", request(inside, filename=filename, size=size, **more), seconds=seconds)
        if answer.get("type") == "error":
            raise Refused(answer)
        slot = answer.find(f"{{{UPLOAD}}}slot")
        put, get = slot.find(f"{{{UPLOAD}}}put"), slot.find(f"{{{UPLOAD}}}get")
        (header,) = put.findall(f"{{{UPLOAD}}}header")
        assert header.get("name") == "Authorization"
        self.url, self.authorization = put.get("url"), header.text
        assert get.get("url") == self.url and self.url.startswith(person.daemon.base + "/")
        assert self.authorization.startswith("Bearer ")
        self.token = self.authorization[7:]
        self.path = self.url[len(person.daemon.base):]

    def request(self, method, body=None, url=None, **headers):
        return requests.request(method, url or self.url, data=body, timeout=20, allow_redirects=False, headers={
            "Authorization": self.authorization, **{name.replace("_", "-"): value for name, value in headers.items()}})

    def put(self, body=b"hello", **more):
        return self.request("PUT", body, **more)


def fetch(url, method="GET", **headers):
    """By somebody who has nothing but the URL."""
    return requests.request(method, url, headers=headers, timeout=20, allow_redirects=False)


def make_late(daemon):
    """The time of all slots is over."""
    with closing(sqlite3.connect(os.path.join(daemon.store, "missive.db"), timeout=20)) as db:
        db.execute("UPDATE slot SET until = until - 300001")
        db.commit()


def filled(person, body=b"hello", **how):
    slot = Slot(person, size=len(body), **how)
    assert slot.put(body).status_code == 201
    assert fetch(slot.url).content == body
    return slot


def is_link(slot):
    answer = fetch(slot.url)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def crossing(answer):
    """What web pages of other origins are told."""
    return {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-control-")}
