"""Digest as a client makes it (RFC 7616, 3.4), with every part open to change."""

import hashlib
import re

from daemon import new_id

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def challenges(answer):
    """The Digest challenges of a 401 by algorithm, in order: each a dict of its parameters."""
    found = {}
    for text in re.split(r"(?:^|, )(?=Digest |Basic )", answer.headers["WWW-Authenticate"]):
        if text.startswith("Digest "):
            one = {name: value.strip('"') for name, value in re.findall(r'([\w*]+)=("[^"]*"|[^,\s]+)', text)}
            found[one["algorithm"]] = one
    return found


def schemes(answer):
    """The schemes that a 401 offers, in order."""
    return re.findall(r"(?:^|, )(Digest|Basic) ", answer.headers["WWW-Authenticate"])


def digest(challenge, method, uri, jid, password="", count=1, /, cnonce=None, leave_out=(), more="", **changed):
    """The field's value. changed: what is sent in place of what was hashed."""
    def h(text):
        return HASHES[challenge["algorithm"]](text.encode()).hexdigest()
    cnonce = new_id() if cnonce is None else cnonce
    nc = f"{count:08x}"
    response = h(":".join((h(f"{jid}:{challenge['realm']}:{password}"), challenge["nonce"], nc, cnonce, "auth",
                           h(f"{method}:{uri}"))))
    said = {"username": f'"{jid}"', "realm": f'"{challenge["realm"]}"', "nonce": f'"{challenge["nonce"]}"',
            "uri": f'"{uri}"', "response": f'"{response}"', "algorithm": challenge["algorithm"], "cnonce": f'"{cnonce}"',
            "opaque": f'"{challenge["opaque"]}"', "qop": "auth", "nc": nc}
    said.update({name.replace("_extended", "*"): value for name, value in changed.items()})
    return "Digest " + ", ".join(f"{name}={value}" for name, value in said.items() if name not in leave_out) + more
