"""Listings: what one tells of a member is what the member tells of itself, whoever asks, whatever is asked."""

import re
import xml.etree.ElementTree as ET

import pytest

from test_sync import BENVOLIO, ROMEO, Account

D = "{DAV:}"
NS = "xmlns:D='DAV:' xmlns:j='http://www.xmpp.org/extensions/xep-0129.html#ns' xmlns:m='urn:missive:dav'"
NAMED = ("<D:getetag/><D:owner/><D:lockdiscovery/><j:jidlist/><m:expires/><m:once/><D:getetag/><u xmlns='urn:u'/>"
         "<none xmlns=''/>")
ASKED = {
    "empty": "",
    "allprop": f"<D:propfind {NS}><D:allprop/></D:propfind>",
    "include": f"<D:propfind {NS}><D:allprop/><D:include>{NAMED}<D:displayname/></D:include></D:propfind>",
    "propname": f"<D:propfind {NS}><D:propname/></D:propfind>",
    "prop": f"<D:propfind {NS}><D:prop>{NAMED}</D:prop></D:propfind>",
    "nothing": f"<D:propfind {NS}><D:prop/></D:propfind>",
}
LOCK = ("<lockinfo xmlns='DAV:'><lockscope><{}/></lockscope><locktype><write/></locktype><owner>o &amp; o</owner>"
        "</lockinfo>")
BEGIN = b'<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">\n'
END = b"</D:multistatus>\n"


def responses(account, path, depth, body):
    """{href: the bytes of its response, but for what is left of locks' time: that is another a second later}"""
    answer = account.request("PROPFIND", path, body.encode(), Depth=depth)
    assert answer.status_code == 207, (path, answer.text)
    ET.fromstring(answer.content)
    begin, *found = answer.content.split(b"<D:response>")
    assert begin == BEGIN and answer.content.endswith(b"</D:response>\n" + END)
    found = [re.sub(rb"Second-\d+", b"", one.removesuffix(END)) for one in found]
    by_href = {one[len(b"<D:href>"):one.index(b"</D:href>")].decode(): one for one in found}
    assert len(by_href) == len(found)
    return by_href


def of_themselves(account, hrefs, body):
    return {href: responses(account, href, "0", body)[href] for href in hrefs}


def patch(account, path, value):
    body = f"<D:propertyupdate {NS}><D:set><D:prop>{value}</D:prop></D:set></D:propertyupdate>"
    answer = account.request("PROPPATCH", path, body.encode())
    assert answer.status_code == 207 and "200 OK" in answer.text, answer.text


def share(account, path, *jids):
    patch(account, path, "<j:jidlist>" + "".join(f"<j:jid>{jid}</j:jid>" for jid in jids) + "</j:jidlist>")


def lock(account, path, scope, depth="0"):
    answer = account.request("LOCK", path, LOCK.format(scope).encode(), Depth=depth)
    assert answer.status_code == 200, answer.text


@pytest.fixture
def people(world, prosody):
    daemon = world.daemon(prosody)
    return Account(daemon, ROMEO), Account(daemon, BENVOLIO)


def fill(romeo, at):
    """Members of every kind: 13. Those that are closed to others."""
    for name in ("plain", "%3C%26%27%22%3E", "%C3%A9%20%25~", "named", "dead", "closed", "listed", "locked", "shared-lock",
                 "kept"):
        answer = romeo.request("PUT", f"{at}{name}", b"x" * len(name), **{"Content-Type": "text/plain; a=\"<&>\""})
        assert answer.status_code == 201
    for name in ("dir/", "dir-closed/", "dir-locked/"):
        assert romeo.request("MKCOL", f"{at}{name}").status_code == 201
    patch(romeo, f"{at}named", "<D:displayname>&lt;é &amp; 'x'&gt;</D:displayname>")
    patch(romeo, f"{at}dir/", "<D:displayname>d</D:displayname><u xmlns='urn:u'>c</u>")
    patch(romeo, f"{at}dead", "<u xmlns='urn:u' a='&quot;'>v<b/></u><none xmlns=''/>")
    patch(romeo, f"{at}kept", "<m:expires>2999-01-01T00:00:00Z</m:expires>")
    for name in ("closed", "dir-closed/"):
        share(romeo, at + name)
    share(romeo, f"{at}listed", BENVOLIO)
    for name, scope in ("locked", "exclusive"), ("shared-lock", "shared"), ("shared-lock", "shared"), ("dir-locked/", "exclusive"):
        lock(romeo, at + name, scope)
    return {f"{at}closed", f"{at}dir-closed/"}


@pytest.mark.parametrize("asked", ASKED)
def test_members_tell_the_same(people, asked):
    romeo, benvolio = people
    romeo.request("MKCOL", "/c/")
    closed = fill(romeo, "/c/")
    share(romeo, "/c/", BENVOLIO)
    for account, hidden in (romeo, set()), (benvolio, closed):
        listed = responses(account, "/c/", "1", ASKED[asked])
        assert len(listed) == 14 - len(hidden) and not hidden & set(listed)
        assert listed == of_themselves(account, listed, ASKED[asked])
        text = b"".join(listed.values())
        if account is benvolio:
            assert b"activelock" not in text and b"locktoken" not in text and b"benvolio" not in text
        elif asked in ("allprop", "include"):
            assert text.count(b"<D:activelock>") == 4
            assert b"<D:activelock>" not in listed["/c/plain"]


def test_lock_from_above(people):
    """It holds on all members, beside their own, and on nothing beside the tree."""
    romeo, _ = people
    for path in ("/c/", "/c/d/", "/e/"):
        assert romeo.request("MKCOL", path).status_code == 201
    for path in ("/c/d/f", "/c/d/g", "/c/h", "/e/f"):
        assert romeo.request("PUT", path, b"x").status_code == 201
    lock(romeo, "/c/d/f", "shared")
    lock(romeo, "/c/", "shared", "infinity")
    lock(romeo, "/e/", "exclusive")
    for path in ("/c/d/", "/c/", "/e/", "/"):
        listed = responses(romeo, path, "1", "")
        assert listed == of_themselves(romeo, listed, "")
    listed = responses(romeo, "/c/d/", "1", "")
    assert listed["/c/d/f"].count(b"<D:activelock>") == 2
    assert listed["/c/d/g"].count(b"<D:activelock>") == 1
    # A lock on a collection alone is not its members'.
    assert b"<D:activelock>" not in responses(romeo, "/e/", "1", "")["/e/f"]


def test_locks_in_a_report(people):
    romeo, _ = people
    assert romeo.request("MKCOL", "/c/").status_code == 201
    for path in ("/c/a", "/c/b"):
        assert romeo.request("PUT", path, b"x").status_code == 201

    def told():
        root = ET.fromstring(romeo.report("/c/", prop="<lockdiscovery/>").content)
        return {one.findtext(f"{D}href"): len(list(one.iter(f"{D}activelock"))) for one in root.iter(f"{D}response")}
    assert told() == {"/c/a": 0, "/c/b": 0}
    lock(romeo, "/c/a", "shared")
    assert told() == {"/c/a": 1, "/c/b": 0}
    lock(romeo, "/c/", "shared", "infinity")
    assert told() == {"/c/a": 2, "/c/b": 1}


@pytest.mark.parametrize("asked", ["allprop", "prop"])
def test_root(people, asked):
    romeo, benvolio = people
    fill(romeo, "/")
    for account, count in (romeo, 14), (benvolio, 2):
        listed = responses(account, "/", "1", ASKED[asked])
        assert len(listed) == count
        assert listed == of_themselves(account, listed, ASKED[asked])


def test_bytes(people):
    """One whole answer, byte for byte but for what is new each time."""
    romeo, _ = people
    assert romeo.request("PUT", "/a%20b", b"12345", **{"X-OC-Mtime": "784111777"}).status_code == 201
    answer = romeo.request("PROPFIND", "/a%20b", Depth="0")
    root = ET.fromstring(answer.content)
    created, etag = (next(root.iter(D + name)).text for name in ("creationdate", "getetag"))
    assert re.fullmatch(r'"[0-9a-f]{16}"', etag)
    entries = "".join(f"<D:lockentry><D:lockscope><D:{scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
                      for scope in ("exclusive", "shared"))
    assert answer.text == (
        f"{BEGIN.decode()}<D:response><D:href>/a%20b</D:href>"
        f"<D:propstat><D:prop><D:creationdate>{created}</D:creationdate><D:getcontentlength>5</D:getcontentlength>"
        f"<D:getcontenttype>application/octet-stream</D:getcontenttype><D:getetag>{etag}</D:getetag>"
        "<D:getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT</D:getlastmodified><D:lockdiscovery></D:lockdiscovery>"
        f"<D:supportedlock>{entries}</D:supportedlock><D:resourcetype></D:resourcetype>"
        f"</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n{END.decode()}")
