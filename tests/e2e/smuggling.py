"""Requests whose end somebody may see where another does not (RFC 9112, 6 and 11.2). In each lies a DELETE that must never run."""

TARGET = "/upload"


class Framing:
    def __init__(self, name, head, body, status):
        self.name, self.head, self.body, self.status = name, head, body, status

    def bytes(self, fields, hidden):
        """With Host and Authorization in `fields`, and `hidden` where no request is; {n} and {x} are its length."""
        head = self.head.format(f=fields, t=TARGET, n=len(hidden), x=f"{len(hidden):x}", n10=len(hidden) + 10)
        before, after = self.body if isinstance(self.body, tuple) else (self.body, "")
        sizes = {"x": f"{len(hidden):x}", "X": f"{len(hidden):X}"}
        return (head + before.format(**sizes)).encode("latin-1") + hidden + after.encode("latin-1")


PUT = "PUT {t} HTTP/1.1\r\n{f}"
CHUNKED = "Transfer-Encoding: chunked\r\n"
CHUNK = ("{x}\r\n", "\r\n0\r\n\r\n")
# Where the hidden one may begin: at the end of the head, behind an empty chunked body, and in a chunk.
PLACES = [("", "behind the head"), ("0\r\n\r\n", "behind no chunks"), (CHUNK, "in a chunk")]


def heads():
    """What makes a head ambiguous: (name, the bytes, what missived answers)."""
    def put(name, status, *fields):
        return name, PUT + "".join(field + "\r\n" for field in fields) + "\r\n", status
    for length in ("0", "5", "{n}"):
        yield put(f"length {length} and chunked", 400, f"Content-Length: {length}", "Transfer-Encoding: chunked")
        yield put(f"chunked and length {length}", 400, "Transfer-Encoding: chunked", f"Content-Length: {length}")
    yield put("length and identity", 400, "Content-Length: {n}", "Transfer-Encoding: identity")
    yield put("bad length and chunked", 400, "Content-Length: x", "Transfer-Encoding: chunked")
    yield put("empty length and chunked", 400, "Content-Length:", "Transfer-Encoding: chunked")
    for name, value in [
            ("twice chunked in a list", "chunked, chunked"), ("chunked, identity", "chunked, identity"),
            ("identity, chunked", "identity, chunked"), ("identity", "identity"), ("gzip, chunked", "gzip, chunked"),
            ("chunked, gzip", "chunked, gzip"), ("xchunked", "xchunked"), ("chunkedx", "chunkedx"), ("quoted", '"chunked"'),
            ("with a parameter", "chunked;q=1"), ("comma before", ",chunked"), ("comma behind", "chunked,"),
            ("cow", "cow"), ("nothing", ""), ("high byte", "chunked\xa0"), ("long s", "chunk\xc4\xb1ed")]:
        yield put(f"coding: {name}", 501, f"Transfer-Encoding: {value}")
    yield put("coding: vertical tab before", 400, "Transfer-Encoding:\x0bchunked")
    yield put("coding: vertical tab behind", 400, "Transfer-Encoding: chunked\x0b")
    yield put("coding: form feed before", 400, "Transfer-Encoding:\x0cchunked")
    yield put("coding: NUL behind", 400, "Transfer-Encoding: chunked\x00")
    yield put("coding: NUL in the name", 400, "Transfer-Encoding\x00: chunked")
    yield put("coding twice", 501, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked")
    yield put("coding twice, identity second", 501, "Transfer-Encoding: chunked", "Transfer-Encoding: identity")
    yield put("coding twice, identity first", 501, "Transfer-Encoding: identity", "Transfer-Encoding: chunked")
    yield put("coding twice in two cases", 501, "Transfer-Encoding: chunked", "transfer-encoding: cow")
    yield put("coding on a folded line", 400, "Transfer-Encoding:\r\n chunked")
    yield put("coding on a line folded by a tab", 400, "Transfer-Encoding:\r\n\tchunked")
    yield put("coding behind a fold", 400, "X: y\r\n Transfer-Encoding: chunked")
    yield put("coding with a space before the colon", 400, "Transfer-Encoding : chunked")
    yield put("coding with a tab before the colon", 400, "Transfer-Encoding\t: chunked")
    yield put("coding with a blank before its name", 400, " Transfer-Encoding: chunked")
    yield put("coding without a colon", 400, "Transfer-Encoding chunked")
    yield put("coding behind a bare CR", 400, "X: y\rTransfer-Encoding: chunked")
    yield put("coding behind a bare LF", 400, "X: y\nTransfer-Encoding: chunked")
    yield put("coding with a bare LF", 400, "X: y", "Transfer-Encoding: chunked\nX: y")
    yield put("length behind a bare LF", 400, "X: y\nContent-Length: {n}")
    yield put("length behind a bare CR", 400, "X: y\rContent-Length: {n}")
    yield put("an empty name", 400, ": y", "Content-Length: {n}")
    yield put("an empty name, then a head's end", 400, ": y")
    yield "head ends in bare LFs", PUT + "Content-Length: {n}\n\n", 400
    yield "head ends in CRLF LF", PUT + "Content-Length: {n}\r\n\n", 400
    yield "head ends in LF CRLF", PUT + "Content-Length: {n}\n\r\n", 400
    yield "head ends in CR CR LF", PUT + "Content-Length: {n}\r\r\n\r\n", 400
    yield "blanks on the empty line", PUT + "Content-Length: {n}\r\n \r\n", 400
    yield "a NUL on the empty line", PUT + "Content-Length: {n}\r\n\x00\r\n\r\n", 400
    yield "request line ends in LF", "PUT {t} HTTP/1.1\n{f}Content-Length: {n}\r\n\r\n", 400
    yield "HTTP/1.0, chunked", "PUT {t} HTTP/1.0\r\n{f}" + CHUNKED + "\r\n", 400
    yield "HTTP/1.0, chunked, kept alive", "PUT {t} HTTP/1.0\r\n{f}Connection: keep-alive\r\n" + CHUNKED + "\r\n", 400
    yield "HTTP/1.0, chunked and length", "PUT {t} HTTP/1.0\r\n{f}Content-Length: {n}\r\n" + CHUNKED + "\r\n", 400
    for name, value in [
            ("plus", "+{n}"), ("minus", "-{n}"), ("minus nothing", "-0"), ("hexadecimal", "0x{x}"), ("exponent", "1e2"), ("point", "{n}.0"),
            ("two", "{n} {n}"), ("list", "{n}, {n}"), ("other list", "0, {n}"), ("other list, turned round", "{n}, 0"), ("comma", "{n},"),
            ("nothing", ""), ("underscore", "1_0"), ("letter behind", "{n}a"), ("quoted", '"{n}"'), ("beyond 63 bits", "9223372036854775808"),
            ("beyond 64 bits", "18446744073709551617"), ("round to {n}", "1844674407370955161600{n}"), ("full width", "\xef\xbc\x95"),
            ("NUL", "{n}\x00"), ("vertical tab", "\x0b{n}"), ("superscript", "\xb2"), ("semicolon", "{n};q=1")]:
        yield put(f"length: {name}", 400, f"Content-Length: {value}")
    yield put("length twice", 400, "Content-Length: {n}", "Content-Length: {n}")
    yield put("length twice, two of them", 400, "Content-Length: 0", "Content-Length: {n}")
    yield put("length twice, in two cases", 400, "Content-Length: {n}", "content-length: 0")
    yield put("length with a space before the colon", 400, "Content-Length : {n}")
    yield put("length on a folded line", 400, "Content-Length:\r\n {n}")
    yield put("length goes on behind a fold", 400, "Content-Length: {n}\r\n 0")
    yield put("length with a blank before its name", 400, " Content-Length: {n}")
    yield put("length with a high byte in its name", 400, "Content-Length\xa0: {n}")
    yield put("length with an odd name", 400, "Content(Length): {n}")
    yield put("a bracket in a name", 400, "X[y]: z", "Content-Length: {n}")
    yield put("a control in a name", 400, "X\x01: z", "Content-Length: {n}")
    yield put("DEL in a value", 400, "X: \x7f", "Content-Length: {n}")
    yield put("ESC in a value", 400, "X: \x1b", "Content-Length: {n}")
    yield put("two Hosts", 400, "Host: other.example", "Content-Length: {n}")
    yield "absolute target with another host", "PUT http://other.example{t} HTTP/1.1\r\n{f}Content-Length: {n}\r\n\r\n", 421
    yield "absolute target with a user", "PUT http://u@other.example{t} HTTP/1.1\r\n{f}Content-Length: {n}\r\n\r\n", 400
    yield "two blanks in the request line", "PUT  {t} HTTP/1.1\r\n{f}Content-Length: {n}\r\n\r\n", 400
    yield "a tab in the request line", "PUT\t{t} HTTP/1.1\r\n{f}Content-Length: {n}\r\n\r\n", 400
    yield "a blank behind the version", "PUT {t} HTTP/1.1 \r\n{f}Content-Length: {n}\r\n\r\n", 400
    yield "a blank in the target", "PUT {t} x HTTP/1.1\r\n{f}Content-Length: {n}\r\n\r\n", 400
    yield "no version", "PUT {t}\r\n{f}Content-Length: {n}\r\n\r\n", 400
    yield "a version of small letters", "PUT {t} http/1.1\r\n{f}Content-Length: {n}\r\n\r\n", 400
    yield "HTTP/1.10", "PUT {t} HTTP/1.10\r\n{f}Content-Length: {n}\r\n\r\n", 400
    yield "HTTP/2.0", "PUT {t} HTTP/2.0\r\n{f}Content-Length: {n}\r\n\r\n", 505
    yield "an unknown expectation", PUT + "Expect: 100-continue, x\r\nContent-Length: {n}\r\n\r\n", 417


# Bodies that are malformed: a head that is right, and chunks that somebody reads otherwise.
CHUNKS = [(name, body, 400) for name, body in [
    ("size: plus", "+{x}\r\n"), ("size: minus", "-{x}\r\n"), ("size: 0x", "0x{x}\r\n"), ("size: 0X", "0X{x}\r\n"),
    ("size: nothing", "\r\n"), ("size: blank before", " {x}\r\n"), ("size: blank behind", "{x} \r\n"), ("size: two", "{x} 0\r\n"),
    ("size: no", "0 {x}\r\n"), ("size: quoted", "\"{x}\"\r\n"), ("size: seventeen digits", "000000000000000{x}\r\n"),
    ("size: beyond 63 bits", "8000000000000000\r\n"), ("size: beyond 64 bits", "100000000000000{x}\r\n"), ("size: h", "{x}h\r\n"),
    ("size: underscore", "{x}_0\r\n"), ("size: vertical tab", "{x}\x0b\r\n"), ("size: NUL", "{x}\x00\r\n"), ("size: high byte", "{x}\xa0\r\n"),
    ("size: ends in LF", "{x}\n"), ("size: ends in CR", "{x}\r"), ("size: ends in CR CR LF", "{x}\r\r\n"),
    ("no chunks, ended by LF", "0\n\n"), ("no chunks, ended by CRLF LF", "0\r\n\n"), ("no chunks, ended by CR", "0\r\r"),
    ("extension: LF", "0;x\n\r\n"), ("extension: bare CR", "0;x\r\r\n\r\n"), ("extension: NUL", "0;x\x00\r\n\r\n"),
    ("extension: open quotes", "0;x=\"\r\n\r\n"), ("extension: an open quote behind a backslash", "0;x=\"\\\"\r\n\r\n"),
    ("extension: quotes for a name", "0;\"x=\"\r\n\r\n"), ("extension: LF in quotes", "0;x=\"\n\"\r\n\r\n"), ("extension: CRLF in quotes, then no size", "{x};x=\"\r\n0\r\n\r\n"),
    ("extension: without a semicolon", "0 x\r\n\r\n"), ("extension: equals", "0=x\r\n\r\n"), ("extension: too long", "0;" + "x" * 300 + "\r\n\r\n"),
    ("chunk: longer than its size", "1\r\nab\r\n0\r\n\r\n"), ("chunk: ended by LF", "1\r\na\n0\r\n\r\n"),
    ("chunk: ended by nothing", "1\r\na0\r\n\r\n"), ("chunk: ended by CR", "1\r\na\r0\r\n\r\n"), ("chunk: ended by two bytes", "1\r\naXX0\r\n\r\n"),
    ("trailer: no colon", "0\r\nTrailer\r\n\r\n"), ("trailer: empty name", "0\r\n: x\r\n\r\n"), ("trailer: blank before the colon", "0\r\nX : y\r\n\r\n"),
    ("trailer: folded", "0\r\nX: y\r\n z\r\n\r\n"), ("trailer: LF", "0\r\nX: y\n\r\n"), ("trailer: NUL", "0\r\nX: \x00\r\n\r\n"),
    ("trailer: a request", "0\r\n"), ("trailer: too long", "0\r\nX: " + "y" * 9000 + "\r\n\r\n"),
]]

# What two readers read alike: the hidden one is in the body and is content.
RIGHT = [
    ("a length", PUT + "Content-Length: {n}\r\n\r\n", ""),
    ("a length with zeros before it", PUT + "Content-Length: 00{n}\r\n\r\n", ""),
    ("a length with blanks round it", PUT + "Content-Length: \t {n} \t\r\n\r\n", ""),
    ("a length, its name in other letters", PUT + "cONTENT-lENGTH:{n}\r\n\r\n", ""),
    ("a chunk", PUT + CHUNKED + "\r\n", CHUNK),
    ("a chunk of a size in capitals", PUT + CHUNKED + "\r\n", ("{X}\r\n", "\r\n0\r\n\r\n")),
    ("a chunk of a size with zeros", PUT + CHUNKED + "\r\n", ("000{x}\r\n", "\r\n000\r\n\r\n")),
    ("a coding in other letters", PUT + "tRANSFER-eNCODING: \tChunKED \r\n\r\n", CHUNK),
    ("an extension", PUT + CHUNKED + "\r\n", ("{x};a=b;c=\"d\"\r\n", "\r\n0;e\r\n\r\n")),
    ("an extension with a blank before it", PUT + CHUNKED + "\r\n", ("{x} ;a\r\n", "\r\n0\r\n\r\n")),
    ("trailers", PUT + CHUNKED + "\r\n", ("{x}\r\n", "\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")),
    ("a coding that is no coding", PUT + "X-Transfer-Encoding: chunked\r\nTransfer_Encoding: chunked\r\nContent-Length: {n}\r\n\r\n", ""),
]


def ambiguous():
    found = [Framing(f"{name}, {where}", head, body, status) for name, head, status in heads() for body, where in PLACES]
    return found + [Framing(name, PUT + CHUNKED + "\r\n", body, status) for name, body, status in CHUNKS]


def right():
    return [Framing(name, head, body, 201) for name, head, body in RIGHT]
