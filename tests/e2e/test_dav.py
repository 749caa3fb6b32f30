"""RFC 4918 and 9110: methods, properties, conditions, ranges."""

import email
import re
import time
import xml.etree.ElementTree as ET
from email.utils import formatdate

import pytest

ROMEO, JULIET = "romeo@localhost", "juliet@capulet.localhost"
NS = "http://www.xmpp.org/extensions/xep-0129.html#ns"


@pytest.fixture
def romeo(world, prosody):
    world.daemon(prosody)
    return world.person(ROMEO)


def properties(answer):
    """{property: (status, element)} of a single response."""
    assert answer.status_code == 207, answer.text
    found = {}
    for propstat in ET.fromstring(answer.content).iter("{DAV:}propstat"):
        status = int(propstat.find("{DAV:}status").text.split()[1])
        for element in propstat.find("{DAV:}prop"):
            found[element.tag] = (status, element)
    return found


def patch(*instructions):
    return ("<?xml version='1.0'?><D:propertyupdate xmlns:D='DAV:' xmlns:x='urn:x'>"
            + "".join(f"<D:{verb}><D:prop>{inside}</D:prop></D:{verb}>" for verb, inside in instructions)
            + "</D:propertyupdate>").encode()


def test_put_get_delete(romeo):
    answer = romeo.put("/a.txt", b"hello", headers={"Content-Type": "text/plain; charset=utf-8"})
    assert answer.status_code == 201 and answer.headers["Location"] == romeo.daemon.base + "/a.txt"
    etag = answer.headers["ETag"]
    assert re.fullmatch('"[0-9a-f]+"', etag)
    answer = romeo.get("/a.txt")
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (200, b"hello", etag)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    head = romeo.request("HEAD", "/a.txt")
    for name in ("Content-Length", "ETag", "Last-Modified", "Content-Type", "Accept-Ranges"):
        assert head.headers[name] == answer.headers[name]
    answer = romeo.put("/a.txt", b"other", new=False)
    assert answer.status_code == 204 and answer.headers["ETag"] != etag
    assert romeo.request("DELETE", "/a.txt").status_code == 204
    assert romeo.get("/a.txt").status_code == 404
    assert romeo.request("DELETE", "/a.txt").status_code == 404
    assert romeo.put("/empty", b"").status_code == 201
    assert romeo.get("/empty").content == b""


def test_collections(romeo):
    assert romeo.request("MKCOL", "/c/").status_code == 201
    assert romeo.request("MKCOL", "/c").status_code == 405
    assert romeo.request("MKCOL", "/x/y").status_code in (403, 409)
    assert romeo.request("MKCOL", "/d", b"<x/>").status_code == 415
    assert romeo.put("/c/f", b"x").status_code == 201
    assert romeo.put("/c/x/f", b"x").status_code == 409
    assert romeo.put("/c/f/g", b"x").status_code == 409
    assert romeo.put("/c", b"x", new=False).status_code == 405
    assert romeo.put("/c/new/", b"x").status_code == 409
    for method in ("PUT", "MKCOL", "LOCK"):
        answer = romeo.request(method, "/c/f/", b"" if method == "PUT" else None)
        assert answer.status_code == 405 and "GET" in answer.headers["Allow"], method
    assert romeo.get("/c").headers["Content-Location"] == "/c/"
    assert romeo.get("/c/f/").status_code == 404
    assert romeo.request("DELETE", "/c", headers={"Depth": "0"}).status_code == 400
    assert romeo.request("DELETE", "/c").status_code == 204
    assert romeo.get("/c/f").status_code in (403, 404)
    assert romeo.request("DELETE", "/").status_code == 405
    assert romeo.put("/f", b"x", headers={"Content-Range": "bytes 0-0"}).status_code == 400


def test_names(romeo):
    """A name comes back in hrefs as it went in, and is found however its characters were composed."""
    for sent in ("/e%CC%81", "/a%20b%23%3F", "/%F0%9F%98%80", "/a'b(c)"):
        assert romeo.put(sent, b"x").status_code == 201, sent
    hrefs = romeo.hrefs("/")
    assert "/e%CC%81" in hrefs and "/a%20b%23%3F" in hrefs and "/%F0%9F%98%80" in hrefs
    assert romeo.get("/%C3%A9").status_code == 200
    assert romeo.put("/%C3%A9", b"x").status_code == 412
    for href in hrefs[1:]:
        assert romeo.get(href).status_code == 200


def test_allprop(romeo):
    romeo.put("/a.html", b"hello", headers={"Content-Type": "text/html"})
    found = properties(romeo.propfind("/a.html"))
    assert found["{DAV:}getcontentlength"][1].text == "5"
    assert found["{DAV:}getcontenttype"][1].text == "text/html"
    assert found["{DAV:}getetag"][1].text == romeo.get("/a.html").headers["ETag"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["{DAV:}creationdate"][1].text)
    assert found["{DAV:}getlastmodified"][1].text == romeo.get("/a.html").headers["Last-Modified"]
    assert list(found["{DAV:}resourcetype"][1]) == []
    romeo.request("MKCOL", "/c")
    found = properties(romeo.propfind("/c", b"<propfind xmlns='DAV:'><allprop/></propfind>"))
    assert found["{DAV:}resourcetype"][1][0].tag == "{DAV:}collection"
    assert "{DAV:}getcontentlength" not in found


def test_prop(romeo):
    romeo.put("/a", b"hello")
    found = properties(romeo.propfind("/a", f"""<propfind xmlns='DAV:'><prop><owner/><current-user-principal/>
        <current-user-privilege-set/><jidlist xmlns='{NS}'/><displayname/><none xmlns='urn:none'/><bare xmlns=''/>
        </prop></propfind>""".encode()))
    assert found["{DAV:}owner"][1][0].text == "/-/principal/romeo%40localhost"
    assert found["{DAV:}current-user-principal"][1][0].text == "/-/principal/romeo%40localhost"
    privileges = {p[0].tag for p in found["{DAV:}current-user-privilege-set"][1]}
    assert {"{DAV:}read", "{DAV:}write-content", "{DAV:}write-properties"} <= privileges
    assert found[f"{{{NS}}}jidlist"][0] == 404
    assert found["{urn:none}none"][0] == 404 and found["bare"][0] == 404
    romeo.share("/a", [JULIET, "benvolio@localhost/home"])
    found = properties(romeo.propfind("/a", f"<propfind xmlns='DAV:'><prop><jidlist xmlns='{NS}'/></prop></propfind>"))
    assert [jid.text for jid in found[f"{{{NS}}}jidlist"][1]] == [JULIET, "benvolio@localhost/home"]
    romeo.share("/a", [])
    found = properties(romeo.propfind("/a", f"<propfind xmlns='DAV:'><prop><jidlist xmlns='{NS}'/></prop></propfind>"))
    assert found[f"{{{NS}}}jidlist"][0] == 200 and list(found[f"{{{NS}}}jidlist"][1]) == []


def test_propname(romeo):
    romeo.put("/a", b"hello")
    romeo.request("PROPPATCH", "/a", patch(("set", "<x:dead>value</x:dead>")))
    found = properties(romeo.propfind("/a", b"<propfind xmlns='DAV:'><propname/></propfind>"))
    assert "{DAV:}getetag" in found and "{urn:x}dead" in found and found["{urn:x}dead"][1].text is None


@pytest.mark.parametrize("body", [b"<propfind xmlns='DAV:'>", b"<other/>", b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
                                  b"<propfind xmlns='DAV:'/>", b"not xml", b"<propfind xmlns='urn:x'><allprop/></propfind>"])
def test_wrong_bodies(romeo, body):
    romeo.put("/a", b"hello")
    assert romeo.propfind("/a", body).status_code == 400
    assert romeo.request("PROPPATCH", "/a", body).status_code == 400
    assert romeo.request("PROPFIND", "/a", headers={"Depth": "2"}).status_code == 400


@pytest.mark.parametrize("inside", ["<prop/><allprop/>", "<propname/><allprop/>", "<prop/><propname/>", "<include/>"])
def test_one_question(romeo, inside):
    """RFC 4918, 14.20: propname, or allprop with include, or prop."""
    romeo.put("/a", b"hello")
    assert romeo.propfind("/a", f"<propfind xmlns='DAV:'>{inside}</propfind>").status_code == 400


def test_prop_of_nothing(romeo):
    romeo.put("/a", b"hello")
    answer = romeo.propfind("/a", "<propfind xmlns='DAV:'><future/><prop/></propfind>")
    assert properties(answer) == {} and " 200 " in answer.text
    found = properties(romeo.propfind("/a", "<propfind xmlns='DAV:'><allprop/><include><owner/><x/></include></propfind>"))
    assert found["{DAV:}owner"][0] == 200 and found["{DAV:}x"][0] == 404 and found["{DAV:}getetag"][0] == 200


def test_names_of_the_xml_namespace(romeo):
    """It may not be declared as a default (XML namespaces, 3): the answer would not be readable."""
    romeo.put("/a", b"hello")
    found = properties(romeo.propfind("/a", "<propfind xmlns='DAV:'><prop><xml:space/></prop></propfind>"))
    assert found["{http://www.w3.org/XML/1998/namespace}space"][0] == 404
    found = properties(romeo.request("PROPPATCH", "/a", patch(("set", "<xml:space>v</xml:space>"))))
    assert found["{http://www.w3.org/XML/1998/namespace}space"][0] == 200
    found = properties(romeo.propfind("/a", "<propfind xmlns='DAV:'><propname/></propfind>"))
    assert "{http://www.w3.org/XML/1998/namespace}space" in found


def test_page_is_bounded_by_what_it_holds(romeo):
    """What is asked for twice is told once, and a page ends when it is long."""
    romeo.request("MKCOL", "/c")
    for name in "abcdefghi":
        romeo.put(f"/c/{name}", b"x")
        romeo.request("PROPPATCH", f"/c/{name}", patch(("set", f"<x:p>{name * 60000}</x:p>")))
    asked = "<x:p/>" * 300
    answer = romeo.propfind("/c", f"<propfind xmlns='DAV:' xmlns:x='urn:x'><prop>{asked}</prop></propfind>", depth="1")
    assert answer.status_code == 207 and answer.headers.get("Transfer-Encoding") == "chunked"
    assert [p.text for p in ET.fromstring(answer.content).iter("{urn:x}p") if p.text] == [n * 60000 for n in "abcdefghi"]


def test_dead_properties(romeo):
    """A dead property keeps its markup, attributes, prefixes and xml:lang."""
    romeo.put("/a", b"hello")
    inside = ("<y:p xmlns:y='urn:y' xml:lang='de' y:a='1&amp;2'>t<b xmlns='urn:b' c='&quot;'>u</b>"
              "<!-- no --> &lt;v&gt;</y:p>")
    answer = romeo.request("PROPPATCH", "/a", patch(("set", inside)))
    assert properties(answer)["{urn:y}p"][0] == 200
    status, element = properties(romeo.propfind("/a", b"<propfind xmlns='DAV:'><prop><p xmlns='urn:y'/></prop></propfind>"))["{urn:y}p"]
    assert status == 200 and element.text == "t" and element.attrib["{urn:y}a"] == "1&2"
    assert element.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "de"
    assert element[0].tag == "{urn:b}b" and element[0].attrib["c"] == '"' and element[0].tail.strip() == "<v>"
    romeo.request("PROPPATCH", "/a", patch(("remove", "<y:p xmlns:y='urn:y'/>")))
    assert properties(romeo.propfind("/a", b"<propfind xmlns='DAV:'><prop><p xmlns='urn:y'/></prop></propfind>"))["{urn:y}p"][0] == 404
    assert romeo.put("/a", b"new", new=False).status_code == 204


def test_proppatch_is_all_or_nothing(romeo):
    romeo.put("/a", b"hello")
    found = properties(romeo.request("PROPPATCH", "/a", patch(
        ("set", "<x:one>1</x:one><D:displayname>A name</D:displayname>"), ("set", "<D:getetag>mine</D:getetag>"))))
    assert found["{DAV:}getetag"][0] == 403
    assert found["{urn:x}one"][0] == 424 and found["{DAV:}displayname"][0] == 424
    now = properties(romeo.propfind("/a"))
    assert "{urn:x}one" not in now and "{DAV:}displayname" not in now
    found = properties(romeo.request("PROPPATCH", "/a", patch(
        ("set", "<x:one>1</x:one>"), ("remove", "<x:one/>"), ("set", "<x:two>2</x:two>"),
        ("remove", "<x:never/>"))))
    assert {status for status, _ in found.values()} == {200}
    now = properties(romeo.propfind("/a"))
    assert "{urn:x}one" not in now and now["{urn:x}two"][1].text == "2"


@pytest.mark.parametrize("name", ["owner", "resourcetype", "getcontentlength", "getlastmodified", "creationdate",
                                  "current-user-principal", "current-user-privilege-set"])
def test_protected(romeo, name):
    romeo.put("/a", b"hello")
    found = properties(romeo.request("PROPPATCH", "/a", patch(("set", f"<D:{name}>x</D:{name}>"))))
    assert found[f"{{DAV:}}{name}"][0] == 403
    found = properties(romeo.request("PROPPATCH", "/a", patch(("remove", f"<D:{name}/>"))))
    assert found[f"{{DAV:}}{name}"][0] == 403


@pytest.mark.parametrize("jids", [["not a jid"], ["a@b@c"], [JULIET, ""], ["x" * 5000 + "@a"]])
def test_wrong_lists(romeo, jids):
    romeo.put("/a", b"hello")
    romeo.share("/a", [JULIET])
    inside = f"<jidlist xmlns='{NS}'>{''.join(f'<jid>{jid}</jid>' for jid in jids)}</jidlist>"
    found = properties(romeo.request("PROPPATCH", "/a", patch(("set", inside))))
    assert found[f"{{{NS}}}jidlist"][0] == 409
    found = properties(romeo.propfind("/a", f"<propfind xmlns='DAV:'><prop><jidlist xmlns='{NS}'/></prop></propfind>"))
    assert [jid.text for jid in found[f"{{{NS}}}jidlist"][1]] == [JULIET]


def test_displayname_names_the_download(romeo):
    romeo.put("/a", b"hello")
    romeo.request("PROPPATCH", "/a", patch(("set", "<D:displayname>Brief \"an\" Jürgen\u2014x.html</D:displayname>")))
    disposition = romeo.get("/a").headers["Content-Disposition"]
    assert "filename*=UTF-8''Brief%20%22an%22%20J%C3%BCrgen%E2%80%94x.html" in disposition
    assert properties(romeo.propfind("/a"))["{DAV:}displayname"][1].text == "Brief \"an\" Jürgen\u2014x.html"
    romeo.request("PROPPATCH", "/a", patch(("remove", "<D:displayname/>")))
    assert "{DAV:}displayname" not in properties(romeo.propfind("/a"))


@pytest.mark.parametrize("sent,served,disposition", [
    ("text/plain", "text/plain", "inline"),
    ("image/png", "image/png", "inline"),
    ("image/svg+xml", "image/svg+xml", "attachment"),
    ("image/other+XML; a=b", "image/other+XML; a=b", "attachment"),
    ("text/html; charset=utf-8", "text/html; charset=utf-8", "attachment"),
    ("video/mp4", "video/mp4", "inline"),
    ("nonsense", "application/octet-stream", "attachment"),
    ("text/plain; charset=\"x", "application/octet-stream", "attachment"),
    (None, "application/octet-stream", "attachment"),
])
def test_content_types(romeo, sent, served, disposition):
    romeo.put("/a", b"hello", headers={"Content-Type": sent} if sent else {})
    answer = romeo.get("/a")
    assert answer.headers["Content-Type"] == served
    assert answer.headers.get("Content-Disposition", "inline").startswith(disposition)


def test_conditions(romeo):
    etag = romeo.put("/a", b"hello").headers["ETag"]
    modified = romeo.get("/a").headers["Last-Modified"]
    old, future = formatdate(0, usegmt=True), formatdate(time.time() + 9999, usegmt=True)
    for method, headers, status in [
            ("GET", {"If-None-Match": etag}, 304), ("HEAD", {"If-None-Match": f'"x", W/{etag}'}, 304),
            ("GET", {"If-None-Match": '"x"'}, 200), ("GET", {"If-None-Match": "*"}, 304),
            ("GET", {"If-Match": '"x"'}, 412), ("GET", {"If-Match": f"W/{etag}"}, 412), ("GET", {"If-Match": etag}, 200),
            ("GET", {"If-Modified-Since": modified}, 304), ("GET", {"If-Modified-Since": old}, 200),
            ("GET", {"If-Unmodified-Since": old}, 412), ("GET", {"If-Unmodified-Since": modified}, 200),
            ("GET", {"If-Modified-Since": "nonsense"}, 200),
            ("GET", {"If-None-Match": '"x"', "If-Modified-Since": future}, 200),
            ("PUT", {"If-Match": '"x"'}, 412), ("PUT", {"If-None-Match": "*"}, 412), ("PUT", {"If-None-Match": etag}, 412),
            ("DELETE", {"If-Match": '"x"'}, 412), ("PROPPATCH", {"If-Match": '"x"'}, 412), ("PROPFIND", {"If-Match": '"x"'}, 412),
            ("DELETE", {"If-Unmodified-Since": old}, 412)]:
        answer = romeo.request(method, "/a", b"changed" if method == "PUT" else None, headers=headers)
        assert answer.status_code == status, (method, headers)
        if status == 304:
            assert answer.headers["ETag"] == etag and answer.content == b""
    assert romeo.request("OPTIONS", "/a", headers={"If-Match": '"x"', "If-None-Match": "*", "If": "(<x>)"}).status_code == 200
    assert romeo.get("/a").content == b"hello"
    assert romeo.put("/a", b"new", new=False, headers={"If-Match": etag}).status_code == 204
    assert romeo.put("/a", b"newer", new=False, headers={"If-Match": etag}).status_code == 412
    assert romeo.put("/b", b"new", new=False, headers={"If-Match": "*"}).status_code == 412
    assert romeo.request("MKCOL", "/c", headers={"If-Match": "*"}).status_code == 412
    assert romeo.request("MKCOL", "/c", headers={"If-None-Match": "*"}).status_code == 201


@pytest.mark.parametrize("size", [10, 100000])
def test_ranges(romeo, size):
    content = bytes(i % 251 for i in range(size))
    etag = romeo.put("/a", content).headers["ETag"]
    for value, first, last in [("0-3", 0, 3), ("5-", 5, size - 1), ("-4", size - 4, size - 1), (f"2-{size * 2}", 2, size - 1),
                               (f"-{size * 2}", 0, size - 1)]:
        answer = romeo.get("/a", headers={"Range": f"bytes={value}"})
        assert answer.status_code == 206, value
        assert answer.content == content[first:last + 1]
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    answer = romeo.get("/a", headers={"Range": f"bytes=0-1, {size - 3}-{size - 2}, {size}-"})
    assert answer.status_code == 206 and "Content-Range" not in answer.headers
    message = email.message_from_bytes(b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n"
                                       + answer.content)
    parts = [(part["Content-Range"], part.get_payload(decode=True)) for part in message.get_payload()]
    assert parts == [(f"bytes 0-1/{size}", content[:2]), (f"bytes {size - 3}-{size - 2}/{size}", content[size - 3:size - 1])]
    assert romeo.get("/a", headers={"Range": "bytes=0-5,3-7"}).content == content
    head = romeo.request("HEAD", "/a", headers={"Range": "bytes=0-3"})
    assert head.status_code == 200 and head.headers["Content-Length"] == str(size)
    for value in (f"{size}-", "-0"):
        answer = romeo.get("/a", headers={"Range": f"bytes={value}"})
        assert answer.status_code == 416 and answer.headers["Content-Range"] == f"bytes */{size}"
    for value in ("bytes=4-2", "lines=1-2", "bytes=a-b", "bytes=", "nonsense"):
        assert romeo.get("/a", headers={"Range": value}).content == content
    for condition, status in [(etag, 206), ('"x"', 200), (f"W/{etag}", 200), ("Thu, 01 Jan 1970 00:00:00 GMT", 200)]:
        answer = romeo.get("/a", headers={"Range": "bytes=0-0", "If-Range": condition})
        assert answer.status_code == status, condition


def test_long_listing(romeo):
    """A listing of more than a page is whole, in order, and every page asks for the right again."""
    romeo.request("MKCOL", "/c")
    names = [f"{i:04}" for i in range(600)]
    for name in names:
        assert romeo.put(f"/c/{name}", b"x").status_code == 201
    assert romeo.hrefs("/c/") == ["/c/"] + [f"/c/{name}" for name in names]
    assert romeo.get("/c").text.count("\n") == 600
    body = b"<propfind xmlns='DAV:'><prop><getetag/></prop></propfind>"
    answer = romeo.propfind("/c", body, depth="1")
    assert len(re.findall("<D:getetag>", answer.text)) == 600
