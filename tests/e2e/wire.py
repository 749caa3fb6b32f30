"""HTTP as bytes, for what no library would send."""

import socket

from daemon import basic, new_id


def connect(daemon, seconds=20):
    return socket.create_connection(("127.0.0.1", daemon.port), timeout=seconds)


def head(daemon, line, *fields, person=None, id=None):
    lines = [line, f"Host: 127.0.0.1:{daemon.port}", *fields]
    if person:
        lines.append("Authorization: " + basic(person.full, id or new_id())["Authorization"])
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body


class Reader:
    """Reads answers from a connection one after the other."""

    def __init__(self, s):
        self.s = s
        self.data = b""

    def more(self):
        got = self.s.recv(1 << 20)
        self.data += got
        return bool(got)

    def until(self, end):
        while end not in self.data:
            if not self.more():
                raise EOFError(self.data)
        part, self.data = self.data.split(end, 1)
        return part

    def exactly(self, size):
        while len(self.data) < size:
            if not self.more():
                raise EOFError(f"{len(self.data)} bytes and not {size}")
        part, self.data = self.data[:size], self.data[size:]
        return part

    def answer(self, method="GET"):
        lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        status = int(lines[0].split()[1])
        fields = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            assert name.lower() not in fields or name == "WWW-Authenticate"
            fields[name.lower()] = value.strip()
        body = b""
        if method != "HEAD" and status >= 200 and status not in (204, 304):
            if fields.get("transfer-encoding") == "chunked":
                while size := int(self.until(b"\r\n"), 16):
                    body += self.exactly(size)
                    assert self.exactly(2) == b"\r\n"
                assert self.until(b"\r\n") == b""
            else:
                body = self.exactly(int(fields["content-length"]))
        return Answer(status, fields, body)

    def at_end(self):
        """That the other side says no more and closes."""
        while self.more():
            pass
        return self.data == b""


def ask(daemon, data):
    """One answer to these bytes, and whether the connection was closed behind it."""
    with connect(daemon) as s:
        s.sendall(data)
        reader = Reader(s)
        answer = reader.answer()
        if answer.fields.get("connection") != "close":
            s.shutdown(socket.SHUT_WR)
        assert reader.at_end(), reader.data
        return answer
