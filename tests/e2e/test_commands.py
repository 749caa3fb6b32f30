"""Ad-hoc commands: who is offered which, and how a call goes."""

import pytest

import slots
from adhoc import COMMANDS, Command, Refused, listed
from servers import wait_until

ROMEO, BENVOLIO = "romeo@localhost", "benvolio@localhost"


@pytest.fixture
def romeo(world, server):
    world.daemon(server, quota="1M")
    return world.person(ROMEO)


def test_listed(romeo):
    """XEP-0050, 2: the component says that it has commands, and which."""
    assert "account" in listed(romeo)
    info = romeo.iq("get", "files.localhost", "http://jabber.org/protocol/disco#info", "query")
    assert COMMANDS in [f.get("var") for f in info.iter("{http://jabber.org/protocol/disco#info}feature")]
    query = "<query xmlns='http://jabber.org/protocol/disco#info' node='%s'/>"
    info = romeo.ask("get", query % "account")
    identity = next(info.iter("{http://jabber.org/protocol/disco#info}identity"))
    assert (identity.get("category"), identity.get("type")) == ("automation", "command-node")
    assert romeo.ask("get", query % "no-such-node").get("type") == "error"


def test_account(romeo):
    assert romeo.put("/a", b"12345").status_code == 201
    command = Command(romeo, "account")
    assert command.status == "completed"
    assert command.fields["bytes"] == ["5"] and command.fields["resources"] == ["1"]
    assert command.fields["left"] == [str((1 << 20) - 5)]


@pytest.mark.parametrize("attributes,condition,specific", [
    ("node='no-such-command'", "item-not-found", []),
    ("action='execute'", "bad-request", []),
    ("node='account' sessionid='abc'", "bad-request", ["bad-sessionid"]),
    ("node='account' action='next'", "bad-request", ["bad-sessionid"]),
])
def test_malformed(romeo, attributes, condition, specific):
    answer = romeo.ask("set", f"<command xmlns='{COMMANDS}' {attributes}/>")
    refused = Refused(answer)
    assert (refused.condition, refused.specific) == (condition, specific)


# ---- my files ----

JULIET, TYBALT = "juliet@capulet.localhost", "tybalt@capulet.localhost"


def paths(command):
    """Of what a result lists."""
    return [var.split("/", 3)[3] for var in command.fields]


def test_files(romeo, world):
    benvolio = world.person(BENVOLIO)
    assert Command(romeo, "files").note == "You have no files here."
    assert romeo.put("/très cool.txt", b"12345", headers={"Content-Type": "text/plain"}).status_code == 201
    assert romeo.request("MKCOL", "/folder/").status_code == 201
    assert benvolio.put("/his", b"x").status_code == 201
    romeo.share("/très cool.txt", [JULIET])
    command = Command(romeo, "files")
    assert command.status == "completed" and paths(command) == ["folder/", "tr%C3%A8s%20cool.txt"]
    url = romeo.daemon.base + "/tr%C3%A8s%20cool.txt"
    assert command.labels[url] == "très cool.txt"
    assert command.fields[url][0] == url and command.fields[url][1].startswith("5 bytes, text/plain, 20")
    assert command.fields[url][2:] == [f"shared with {JULIET}"]


def test_files_say_who_has_them(romeo, world):
    """Who has fetched what, until when it is kept, and what is a link."""
    juliet = world.person(JULIET)
    assert romeo.put("/a", b"content").status_code == 201
    romeo.share("/a", [JULIET])
    body = (b"<propertyupdate xmlns='DAV:'><set><prop><expires xmlns='urn:missive:dav'>2099-01-02T03:04:05Z</expires></prop></set>"
            b"</propertyupdate>")
    assert romeo.request("PROPPATCH", "/a", body).status_code == 207
    assert juliet.get("/a").status_code == 200
    url = romeo.daemon.base + "/a"

    def lines():
        return Command(romeo, "files").fields[url][3:]
    fetched = wait_until(lambda: [line for line in lines() if "fetched" in line], "the fetch is kept")
    assert len(fetched) == 1 and fetched[0].startswith(f"fetched by {JULIET}/home, 20")
    assert lines()[-1] == "kept until 2099-01-02 03:04 UTC"
    slot = slots.filled(romeo, filename="photo.png")
    assert Command(romeo, "files").fields[slot.url][2] == "whoever has the URL may read it"


def test_delete(romeo, world):
    benvolio = world.person(BENVOLIO)
    for path in ("/a", "/b"):
        assert romeo.put(path, b"x").status_code == 201
    assert romeo.request("MKCOL", "/c/").status_code == 201
    assert romeo.put("/c/d", b"x").status_code == 201
    assert benvolio.put("/his", b"x").status_code == 201
    command = Command(romeo, "files-delete")
    assert command.status == "executing" and set(command.options["files"]) == {"/a", "/b", "/c/"}
    for fields, condition in [({}, "bad-request"), ({"files": ["/his"]}, "item-not-found"),
                              ({"files": ["/a", "/nothing"]}, "item-not-found"), ({"urls": ["/"]}, "item-not-found"),
                              ({"urls": ["http://elsewhere.example/a"]}, "bad-request")]:
        with pytest.raises(Refused) as refused:
            command.send("complete", fields)
        assert refused.value.condition == condition, fields
    assert romeo.get("/a").status_code == 200, "what is refused has changed nothing"
    command.submit(files=["/a"], urls=[romeo.daemon.base + "/c/d"])
    assert command.status == "completed" and command.note == "Deleted: 2."
    assert [romeo.get(path).status_code for path in ("/a", "/b", "/c/d")] == [404, 200, 404]
    assert benvolio.get("/his").status_code == 200
    romeo.daemon.wait_for("event=command jid=romeo@localhost node=files-delete .*/c/d of romeo@localhost")
    with pytest.raises(Refused) as refused:
        command.submit(files=["/b"])
    assert refused.value.specific == ["bad-sessionid"], "it has ended"


def test_locked_is_refused(romeo):
    """In a form nobody can show the token."""
    lock = (b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>")
    assert romeo.request("MKCOL", "/c/").status_code == 201
    assert romeo.put("/c/d", b"x").status_code == 201
    assert romeo.request("LOCK", "/c/d", lock).status_code == 200
    for path in ("/c/d", "/c/"):
        with pytest.raises(Refused) as refused:
            Command(romeo, "files-delete").submit(urls=[path])
        assert refused.value.condition == "conflict" and "locked" in refused.value.text
    assert romeo.get("/c/d").status_code == 200


def test_share_and_stop(romeo, world):
    juliet, tybalt = world.person(JULIET), world.person(TYBALT)
    assert romeo.put("/a", b"content").status_code == 201
    assert Command(juliet, "shared").note == "Nobody has shared anything with you here."
    command = Command(romeo, "files-share")
    for jids in ([], ["capulet.localhost"], ["no jid @"]):
        with pytest.raises(Refused) as refused:
            command.submit(files=["/a"], jids=jids)
        assert refused.value.condition == "bad-request"
    assert juliet.get("/a").status_code == 403
    command.submit(files=["/a"], jids=[JULIET, f"{TYBALT}/home"])
    assert command.note == "Shared: 1."
    assert juliet.get("/a").content == b"content" and tybalt.get("/a").status_code == 200
    shared = Command(juliet, "shared")
    assert paths(shared) == ["a"] and shared.fields[juliet.daemon.base + "/a"][2] == f"from {ROMEO}"
    assert Command(romeo, "shared").fields == {}, "one's own is not shared with one"
    Command(romeo, "files-unshare").submit(files=["/a"], jids=[TYBALT])
    assert juliet.get("/a").status_code == 200 and tybalt.get("/a").status_code == 403
    Command(romeo, "files-unshare").submit(files=["/a"])
    assert juliet.get("/a").status_code == 403
    with pytest.raises(Refused):
        Command(juliet, "files-share").submit(urls=["/a"], jids=[TYBALT])


def test_sharing_goes_on_from_what_is_inherited(romeo, world):
    """Who could read it through the collection still can; who is taken away no longer can."""
    juliet, tybalt = world.person(JULIET), world.person(TYBALT)
    assert romeo.request("MKCOL", "/c/").status_code == 201
    assert romeo.put("/c/d", b"x").status_code == 201
    romeo.share("/c/", [JULIET])
    Command(romeo, "files-share").submit(urls=["/c/d"], jids=[TYBALT])
    assert [p.get("/c/d").status_code for p in (juliet, tybalt)] == [200, 200]
    Command(romeo, "files-unshare").submit(urls=["/c/d"], jids=[JULIET])
    assert [p.get("/c/d").status_code for p in (juliet, tybalt)] == [403, 200]


# ---- calls ----

def test_calls_are_one_clients(romeo, world):
    """Another resource, or another account, cannot go on with a call."""
    assert romeo.put("/a", b"x").status_code == 201
    work, benvolio = world.person(ROMEO, "work"), world.person(BENVOLIO)
    command = Command(romeo, "files-delete")
    for other in (work, benvolio):
        command.person = other
        with pytest.raises(Refused) as refused:
            command.submit(files=["/a"])
        assert refused.value.specific == ["bad-sessionid"]
    command.person = romeo
    for action, specific in (("prev", ["bad-action"]), ("nonsense", ["malformed-action"])):
        with pytest.raises(Refused) as refused:
            command.send(action)
        assert refused.value.specific == specific
    assert command.cancel().status == "canceled"
    with pytest.raises(Refused):
        command.submit(files=["/a"])
    assert romeo.get("/a").status_code == 200


def test_calls_that_are_forgotten(romeo):
    """Who calls again and again loses the oldest, and costs no more memory than that."""
    first = Command(romeo, "files-delete")
    for _ in range(4):
        last = Command(romeo, "files-delete")
    with pytest.raises(Refused) as refused:
        first.submit(urls=["/a"])
    assert refused.value.specific == ["bad-sessionid"]
    with pytest.raises(Refused) as refused:
        last.submit(urls=["/a"])
    assert refused.value.condition == "item-not-found"


# ---- administrators ----

ADMIN = ["usage", "find", "delete", "purge"]


@pytest.fixture
def nurse(world, prosody):
    world.daemon(prosody, admins="mercutio@localhost")
    return world.person("mercutio@localhost")


def test_admins_only(nurse, world):
    romeo = world.person(ROMEO)
    assert set(ADMIN) <= set(listed(nurse)) and not set(ADMIN) & set(listed(romeo))
    for node in ADMIN:
        with pytest.raises(Refused) as refused:
            Command(romeo, node)
        assert refused.value.condition == "item-not-found"


def test_admin(nurse, world):
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    assert romeo.put("/a b", b"12345").status_code == 201
    assert romeo.put("/b", b"12345").status_code == 201
    assert benvolio.put("/c", b"1234").status_code == 201
    romeo.share("/b", [JULIET])
    usage = Command(nurse, "usage").fields
    assert list(usage) == [ROMEO, BENVOLIO] and usage[ROMEO] == ["10 bytes (10), 2 resources"]
    found = Command(nurse, "find").submit(url=romeo.daemon.base + "/a%20b").fields
    assert found["owner"] == [ROMEO] and found["facts"][0].startswith("5 bytes")
    with pytest.raises(Refused):
        Command(nurse, "find").submit(url="/nothing")
    assert nurse.get("/a b").status_code == 403, "it gives no right to read"
    assert Command(nurse, "delete").submit(urls=["/a%20b"]).note == "Deleted: 1."
    assert romeo.get("/a b").status_code == 404
    nurse.daemon.wait_for("event=command jid=mercutio@localhost node=delete")


def test_purge(nurse, world):
    from test_passwords import mint
    from daemon import basic
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    password = basic(ROMEO, mint(nurse.daemon, ROMEO))
    for n in range(205):
        assert romeo.request("MKCOL", f"/c{n}/", headers=password).status_code == 201
    assert romeo.put("/c0/d", b"x" * 100000, headers=password).status_code == 201
    assert benvolio.put("/his", b"x").status_code == 201
    for jid in ("localhost", f"{ROMEO}/home", ""):
        with pytest.raises(Refused):
            Command(nurse, "purge").submit(jid=jid)
    slot = slots.Slot(romeo)
    assert Command(nurse, "purge").submit(jid=ROMEO).note == f"{ROMEO} is purged."
    assert slot.put().status_code == 401
    assert Command(romeo, "files").fields == {}
    assert romeo.request("PROPFIND", "/", headers=password).status_code == 401
    assert benvolio.get("/his").status_code == 200
    assert nurse.daemon.blobs() == []


def test_larger_than_a_server_takes(romeo):
    """Lists as long as they may be of JIDs as long as they may be: the stream stands, and there is an answer."""
    people = [f"{n}{'a' * 900}@{'d' * 900}.example" for n in range(120)]
    for name in "abcdef":
        assert romeo.put(f"/{name}", b"").status_code == 201
        romeo.share(f"/{name}", people)
    command = Command(romeo, "files")
    assert command.status == "completed" and sorted(paths(command)) == list("abcdef")
    assert romeo.get("/a").status_code == 200
    assert romeo.daemon.log().count("event=xmpp-up") == 1


def test_more_than_a_server_takes(romeo):
    """As many files as are shown, with names that become long in XML: what has room is shown, and the stream stands."""
    for n in range(200):
        assert romeo.put("/" + "%26" * 250 + str(n), b"").status_code == 201
    command = Command(romeo, "files")
    assert 10 < len(command.fields) < 200 and f"first {len(command.fields)};" in command.note
    assert 10 < len(Command(romeo, "files-delete").options["files"]) < 200
    assert romeo.daemon.log().count("event=xmpp-up") == 1
