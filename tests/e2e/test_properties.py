"""Live properties beyond RFC 4918, times that clients set, extended MKCOL."""

import pytest

ROMEO, BENVOLIO, JULIET, TYBALT = ("romeo@localhost", "benvolio@localhost", "juliet@capulet.localhost",
                                   "tybalt@capulet.localhost")
NS = "http://www.xmpp.org/extensions/xep-0129.html#ns"


@pytest.fixture
def romeo(world, prosody):
    world.daemon(prosody)
    return world.person(ROMEO)


def ask(person, path, *names, depth="0"):
    body = "<propfind xmlns='DAV:'><prop>" + "".join(f"<{name}/>" for name in names) + "</prop></propfind>"
    return person.propfind(path, body.encode(), depth=depth).text


def set_property(person, path, xml):
    body = f"<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop>{xml}</D:prop></D:set></D:propertyupdate>"
    return person.request("PROPPATCH", path, body.encode()).text


def mkcol(person, path, xml, content_type="application/xml; charset=utf-8", root="mkcol"):
    body = f"<D:{root} xmlns:D='DAV:'><D:set><D:prop>{xml}</D:prop></D:set></D:{root}>"
    headers = {"Content-Type": content_type} if content_type else {}
    return person.request("MKCOL", path, body.encode(), headers=headers)


def test_acl(world, romeo):
    """RFC 3744: the owner sees who may read, be it by an inherited list; readers see neither that nor each other."""
    juliet = world.person(JULIET)
    romeo.request("MKCOL", "/c")
    romeo.put("/c/a", b"x")
    text = ask(romeo, "/c/a", "acl", "owner", "group", "acl-restrictions", "principal-collection-set")
    assert text.count("<D:ace>") == 1 and "<D:property><D:owner/></D:property>" in text
    assert "<D:owner><D:href>/-/principal/romeo%40localhost</D:href></D:owner>" in text and "<D:group></D:group>" in text
    assert "<D:principal-collection-set><D:href>/-/principal/</D:href>" in text and "<D:grant-only/>" in text
    romeo.share("/c", [JULIET, f"{BENVOLIO}/home"])
    text = ask(romeo, "/c/a", "acl")
    assert "<D:href>/-/principal/juliet%40capulet.localhost</D:href>" in text
    assert "<D:href>/-/principal/benvolio%40localhost/home</D:href>" in text
    assert text.count("<D:inherited><D:href>/c/</D:href></D:inherited>") == 2
    assert "inherited" not in ask(romeo, "/c", "acl") and "juliet" in ask(romeo, "/c", "acl")
    romeo.share("/c/a", [])
    assert ask(romeo, "/c/a", "acl").count("<D:ace>") == 1, "an empty list of its own closes it"
    romeo.share("/c/a", [JULIET])
    text = ask(juliet, "/c/a", "acl", "owner")
    assert "403" in text and "benvolio" not in text and "ace" not in text and "romeo" in text
    for name in ("acl", "owner", "group", "principal-collection-set", "supported-privilege-set", "quota-used-bytes", "sync-token"):
        assert "cannot-modify-protected-property" in set_property(romeo, "/c", f"<D:{name}/>"), name


def test_principals(world, romeo):
    """RFC 3744, 4: what DAV:owner and DAV:acl name can be looked at by who may see the root; all of it follows from the JID."""
    tybalt = world.person(TYBALT)
    names = ("displayname", "resourcetype", "principal-URL", "alternate-URI-set", "group-member-set", "group-membership",
             "current-user-principal", "getetag", "owner")
    for path in ("/-/principal/romeo%40localhost", "/-/principal/nobody%40localhost", "/-/principal/juliet%40capulet.lit/home",
                 "/-/principal/pubsub.capulet.lit"):
        jid = path.split("/")[3].replace("%40", "@")
        text = ask(romeo, path, *names)
        assert f"<D:href>{path}</D:href>" in text and f"<D:displayname>{jid}</D:displayname>" in text
        assert "<D:resourcetype><D:principal/></D:resourcetype>" in text and f"<D:href>xmpp:{jid}</D:href>" in text
        assert f"<D:principal-URL><D:href>/-/principal/{jid.replace('@', '%40')}</D:href>" in text
        assert "<D:current-user-principal><D:href>/-/principal/romeo%40localhost<" in text
        assert "<D:group-membership></D:group-membership>" in text
        assert "404" in text.split("<D:getetag/>")[1] and "<D:owner/>" in text.split("404")[0].split("200 OK")[1]
    everything = romeo.propfind("/-/principal/romeo%40localhost", b"<propfind xmlns='DAV:'><allprop/></propfind>", depth="1").text
    assert everything.count("<D:response>") == 1 and "romeo@localhost" in everything and "getcontentlength" not in everything
    before = len(tybalt.prompts)
    assert tybalt.propfind("/-/principal/tybalt%40capulet.localhost").status_code == 404
    assert len(tybalt.prompts) == before, "who may not see the root is not asked"
    for path in ("/-/principal/Romeo%40localhost", "/-/principal/%40", "/-/principal/", "/-/principal/a%40b/c/d", "/-/x/a%40b"):
        assert romeo.propfind(path).status_code == 404, path
    for method in ("GET", "PUT", "PROPPATCH", "DELETE", "LOCK", "MKCOL", "COPY", "REPORT"):
        answer = romeo.request(method, "/-/principal/romeo%40localhost", headers={"Destination": romeo.daemon.base + "/a"})
        assert answer.status_code == 404, method
    answer = romeo.request("OPTIONS", "/-/principal/romeo%40localhost")
    assert answer.status_code == 200 and "PUT" not in answer.headers["Allow"]


def test_win32_times(romeo):
    """What Explorer sets after a copy comes back, and its time of modification counts."""
    romeo.put("/a", b"x")
    z = "xmlns:Z='urn:schemas-microsoft-com:'"
    text = set_property(
        romeo, "/a", f"<Z:Win32CreationTime {z}>Mon, 27 Jun 2005 19:11:12 GMT</Z:Win32CreationTime>"
        f"<Z:Win32LastAccessTime {z}>Tue, 28 Jun 2005 19:11:12 GMT</Z:Win32LastAccessTime>"
        f"<Z:Win32LastModifiedTime {z}>Wed, 29 Jun 2005 19:11:12 GMT</Z:Win32LastModifiedTime>"
        f"<Z:Win32FileAttributes {z}>00000020</Z:Win32FileAttributes>")
    assert text.count("200 OK") == 1 and "4" not in text.split("<D:status>HTTP/1.1 ")[1][:1]
    everything = romeo.propfind("/a", b"<propfind xmlns='DAV:'><allprop/></propfind>").text
    assert "<D:getlastmodified>Wed, 29 Jun 2005 19:11:12 GMT</D:getlastmodified>" in everything
    assert "Mon, 27 Jun 2005 19:11:12 GMT" in everything and "00000020" in everything
    assert romeo.get("/a").headers["Last-Modified"] == "Wed, 29 Jun 2005 19:11:12 GMT"
    named = romeo.propfind("/a", f"<D:propfind xmlns:D='DAV:'><D:prop><Z:Win32LastModifiedTime {z}/></D:prop></D:propfind>".encode())
    assert ">Wed, 29 Jun 2005 19:11:12 GMT<" in named.text
    text = set_property(romeo, "/a", f"<Z:Win32FileAttributes {z}>00000001</Z:Win32FileAttributes>"
                                     f"<Z:Win32LastModifiedTime {z}>yesterday</Z:Win32LastModifiedTime>")
    assert "409" in text and "424" in text
    assert "00000020" in romeo.propfind("/a", b"<propfind xmlns='DAV:'><allprop/></propfind>").text


def test_oc_mtime(romeo):
    for value, date in (("1405659692", "Fri, 18 Jul 2014 05:01:32 GMT"), ("1405659692.75", "Fri, 18 Jul 2014 05:01:32 GMT"),
                        ("0", "Thu, 01 Jan 1970 00:00:00 GMT")):
        answer = romeo.put("/a", b"x", new=False, headers={"X-OC-Mtime": value})
        assert answer.status_code in (201, 204) and answer.headers["X-OC-Mtime"] == "accepted"
        assert romeo.get("/a").headers["Last-Modified"] == date
    etag = romeo.get("/a").headers["ETag"]
    for wrong in ("", "-1", "soon", "1e9", "99999999999999", "1405659692 "[:-1] + "x"):
        assert romeo.put("/a", b"y", new=False, headers={"X-OC-Mtime": wrong}).status_code == 400, wrong
    assert romeo.get("/a").headers["ETag"] == etag
    assert "X-OC-Mtime" not in romeo.put("/a", b"y", new=False).headers
    assert "1970" not in romeo.get("/a").headers["Last-Modified"], "new content has a time of its own"


def test_told_times_and_conditions(romeo):
    """Content that is new is new for who goes by dates, also when its client tells a time of long ago."""
    first, second = "Fri, 18 Jul 2014 05:01:32 GMT", "Sun, 09 Sep 2001 01:46:40 GMT"
    romeo.put("/a", b"x", headers={"X-OC-Mtime": "1405659692"})
    assert romeo.get("/a", headers={"If-Modified-Since": first}).status_code == 304
    assert romeo.put("/a", b"y", new=False, headers={"X-OC-Mtime": "1000000000", "If-Unmodified-Since": first}).status_code == 204
    answer = romeo.get("/a", headers={"If-Modified-Since": first})
    assert answer.status_code == 200 and answer.content == b"y" and answer.headers["Last-Modified"] == second
    assert romeo.get("/a", headers={"If-Modified-Since": second}).status_code == 304
    assert romeo.put("/a", b"lost", new=False, headers={"If-Unmodified-Since": first}).status_code == 412
    assert romeo.put("/a", b"z", new=False, headers={"If-Unmodified-Since": second}).status_code == 204
    assert romeo.get("/a").content == b"z"


def test_extended_mkcol(world, romeo):
    """RFC 5689: a collection and its jidlist in one request, all or nothing."""
    juliet = world.person(JULIET)
    answer = mkcol(romeo, "/c", "<D:resourcetype><D:collection/></D:resourcetype><D:displayname>Letters</D:displayname>"
                   f"<jidlist xmlns='{NS}'><jid>{JULIET}</jid></jidlist><x xmlns='urn:x'>v</x>")
    assert answer.status_code == 201 and answer.headers["Location"] == romeo.daemon.base + "/c"
    text = romeo.propfind("/c", b"<propfind xmlns='DAV:'><allprop/></propfind>").text
    assert "Letters" in text and "urn:x" in text and "<D:collection/>" in text
    romeo.put("/c/a", b"for juliet")
    assert juliet.get("/c/a").content == b"for juliet"
    assert mkcol(romeo, "/d", "<D:displayname>D</D:displayname>", content_type=None).status_code == 201
    assert romeo.request("MKCOL", "/e", headers={"Content-Type": "application/xml"}).status_code == 201
    for xml, status, condition in (
            ("<D:resourcetype><D:collection/><C:calendar xmlns:C='urn:ietf:params:xml:ns:caldav'/></D:resourcetype>", 403,
             "valid-resourcetype"),
            ("<D:resourcetype/>", 403, "valid-resourcetype"),
            ("<D:displayname>N</D:displayname><D:getetag>x</D:getetag>", 424, "cannot-modify-protected-property"),
            (f"<jidlist xmlns='{NS}'><jid>@no jid@</jid></jidlist>", 424, "409")):
        answer = mkcol(romeo, "/n", xml)
        assert answer.status_code == status and condition in answer.text, xml
        assert romeo.get("/n").status_code == 404
    assert mkcol(romeo, "/n", "", root="propfind").status_code == 400
    assert mkcol(romeo, "/n", "<D:displayname>N</D:displayname>", content_type="text/plain").status_code == 415
    assert romeo.request("MKCOL", "/n", b"<D:mkcol", headers={"Content-Type": "text/xml"}).status_code == 400
    assert mkcol(romeo, "/c", "<D:displayname>Other</D:displayname>").status_code == 405
    assert romeo.hrefs("/") == ["/", "/c/", "/d/", "/e/"]
