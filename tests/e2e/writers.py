"""Eight who change files at once, and what each of them may then expect to find."""

import random
import threading

import requests

from daemon import basic

PATHS = ("a", "b", "c", "d")
CHANGES = ("small", "small", "large", "list", "list", "move", "copy", "delete")
LARGE = 64 << 10  # longer than that is a file of its own


class Writer:
    """A state is a dict: path -> (content, who may read). It is in `sure`, or in `next` if the change under way has happened."""

    def __init__(self, number, owner, readers, seed):
        self.owner, self.readers = owner, readers
        self.random = random.Random(f"{seed}-{number}")
        self.paths = [f"/{number}-{path}" for path in PATHS]
        self.sure = {path: None for path in self.paths}
        self.next = self.sure
        self.count = 0
        self.session = requests.Session()
        self.session.headers.update(basic(owner.jid, owner.password))

    def __setattr__(self, name, value):
        """Notes each state, when somebody has begun a history."""
        super().__setattr__(name, value)
        if name in ("sure", "next") and self.__dict__.get("history") is not None:
            self.history.append(value)

    def content(self, length):
        self.count += 1
        return f"{self.paths[0]} {self.count} ".encode() + self.random.randbytes(length)

    def ask(self, method, path, body=None, **headers):
        answer = self.session.request(method, self.owner.daemon.base + path, data=body, headers=headers, timeout=60)
        assert answer.status_code in (201, 204, 207), (method, path, answer.status_code, answer.text)
        assert answer.status_code != 207 or " 200 " in answer.text, answer.text

    def put(self, path, length):
        content = self.content(length)
        had = self.sure[path]
        self.next = {**self.sure, path: (content, had[1] if had else ())}
        self.ask("PUT", path, content)

    def change(self):
        """One, acknowledged."""
        kind = self.random.choice(CHANGES)
        path, other = self.random.sample(self.paths, 2)
        there = self.sure[path]
        if kind == "small" or not there:
            self.put(path, self.random.randrange(3000))
        elif kind == "large":
            self.put(path, LARGE + self.random.randrange(LARGE))
        elif kind == "list":
            readers = tuple(sorted(self.random.sample(sorted(self.readers), self.random.randrange(1, 3))))
            self.next = {**self.sure, path: (there[0], readers)}
            self.ask("PROPPATCH", path, jidlist(readers))
        elif kind == "move":
            self.next = {**self.sure, path: None, other: there}
            self.ask("MOVE", path, Destination=self.owner.daemon.base + other, Overwrite="T")
        elif kind == "copy":
            self.next = {**self.sure, other: (there[0], ())}
            self.ask("COPY", path, Destination=self.owner.daemon.base + other, Overwrite="T")
        else:
            self.next = {**self.sure, path: None}
            self.ask("DELETE", path)
        self.sure = self.next

    def seen(self, owner, readers):
        """The state as it is found at another daemon."""
        found = {}
        for path in self.paths:
            answer = owner.ask("GET", path)
            assert answer.status_code in (200, 404), (path, answer.status_code)
            who = tuple(sorted(jid for jid, device in readers.items() if device.status("GET", path) == 200))
            found[path] = (answer.content, who) if answer.status_code == 200 else None
            assert found[path] or not who, f"{path} is there for {who} only"
        return found


class Writers:
    def __init__(self, owner, readers, seed, count=8):
        self.all = [Writer(i, owner, readers, seed) for i in range(count)]
        self.changed = threading.Condition()
        self.acknowledged = self.most = 0
        self.error = None
        self.ended = False
        self.threads = [threading.Thread(target=self.run, args=(writer,), daemon=True) for writer in self.all]
        for thread in self.threads:
            thread.start()

    def run(self, writer):
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.ended or self.acknowledged < self.most)
                if self.ended:
                    return
            try:
                writer.change()
            except Exception as error:  # told to whoever waits
                with self.changed:
                    self.error = self.error or error
                    self.ended = True
                    self.changed.notify_all()
                return
            with self.changed:
                self.acknowledged += 1
                self.changed.notify_all()

    def work(self, changes):
        """Until so many more are acknowledged; they go on with others."""
        with self.changed:
            until = self.acknowledged + changes
            self.most = 1 << 60
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self.ended or self.acknowledged >= until, 120), "no changes any more"
            if self.error:
                raise self.error

    def pause(self):
        with self.changed:
            self.most = 0

    def states(self):
        """What may be found of each: it was, or it was to be."""
        return [(writer.sure, writer.next) for writer in self.all]

    def end(self):
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        for thread in self.threads:
            thread.join(60)


def jidlist(jids):
    inside = "".join(f"<jid>{jid}</jid>" for jid in jids)
    return (f"<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'>"
            f"{inside}</jidlist></D:prop></D:set></D:propertyupdate>").encode()
