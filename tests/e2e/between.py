"""Between a client and the daemon: sees what the client sends, and can keep challenges from it."""

import re
import socket
import threading


class Proxy:
    """A TCP proxy that passes every byte on, except lines of answers that begin with one of `hidden`."""

    def __init__(self, daemon, hidden=()):
        self.daemon = daemon
        self.hidden = [b"WWW-Authenticate: " + one.encode() for one in hidden]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.seen = []
        self.ends = [self.listener]
        self.threads = []
        self.run(self.accept)

    def run(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.daemon.port))
            sent = []
            self.seen.append(sent)
            self.ends += [client, server]
            self.run(self.copy, client, server, lambda data: sent.append(data) or data)
            self.run(self.copy, server, client, self.hider())

    def copy(self, source, target, through):
        try:
            while data := source.recv(1 << 16):
                target.sendall(through(data))
            target.sendall(through(b""))
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def hider(self):
        """Holds back the beginning of a line only while it may become one that is hidden."""
        rest, inside = b"", False

        def may_be_hidden(line):
            return any(line[:len(one)] == one[:len(line)] for one in self.hidden)

        def pass_on(data):
            nonlocal rest, inside
            out = b""
            for line in (rest + data).splitlines(keepends=True):
                ends = line.endswith(b"\n")
                rest = b"" if ends or inside or not data or not may_be_hidden(line) else line
                if not rest and (inside or not ends or not may_be_hidden(line)):
                    out += line
                inside = not ends and not rest
            return out
        return pass_on

    def schemes(self):
        """The scheme of each request's credentials, as it was sent; None where there were none."""
        heads = []
        for sent in self.seen:
            for head in re.findall(rb"[A-Z]+ \S+ HTTP/1\.1\r\n(?:[^\r\n]+\r\n)*\r\n", b"".join(sent), re.M):
                field = re.search(rb"^Authorization: (\w+) (?:.*algorithm=\"?([\w-]+))?", head, re.M)
                heads.append(" ".join(part.decode() for part in field.groups() if part) if field else None)
        return heads

    def close(self):
        for end in self.ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
        for thread in self.threads:
            thread.join(10)
