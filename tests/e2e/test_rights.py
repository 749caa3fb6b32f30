"""DESIGN, section 2: who may do what, through a real server."""

import pytest

ROMEO, JULIET, TYBALT, BENVOLIO = ("romeo@localhost", "juliet@capulet.localhost", "tybalt@capulet.localhost",
                                   "benvolio@localhost")

# The collection's list, the file's list (None: none of its own), then who may read.
TABLE = [
    (None, None, {}),
    (None, [], {}),
    ([], None, {}),
    (None, [JULIET], {f"{JULIET}/home", f"{JULIET}/work", JULIET}),
    (None, [f"{JULIET}/home"], {f"{JULIET}/home"}),
    (None, [f"{JULIET}/home", JULIET], {f"{JULIET}/home", f"{JULIET}/work", JULIET}),
    (None, [TYBALT, f"{JULIET}/work"], {f"{JULIET}/work", f"{TYBALT}/home"}),
    ([JULIET], None, {f"{JULIET}/home", f"{JULIET}/work", JULIET}),
    ([f"{JULIET}/home"], None, {f"{JULIET}/home"}),
    ([JULIET], [], {}),
    ([JULIET], [TYBALT], {f"{TYBALT}/home"}),
    ([JULIET], [JULIET], {f"{JULIET}/home", f"{JULIET}/work", JULIET}),
]
ASKERS = [f"{JULIET}/home", f"{JULIET}/work", JULIET, f"{TYBALT}/home"]


def test_truth_table(world, server):
    daemon = world.daemon(server)
    romeo = world.person(ROMEO)
    people = {jid: world.person(*jid.split("/")) for jid in ASKERS if "/" in jid}
    people[JULIET] = people[f"{JULIET}/home"]
    assert romeo.request("MKCOL", "/c").status_code == 201
    assert romeo.put("/c/f", b"content").status_code == 201
    for of_collection, of_file, readers in TABLE:
        romeo.share("/c", of_collection)
        romeo.share("/c/f", of_file)
        assert romeo.get("/c/f").content == b"content"
        for jid in ASKERS:
            person, may = people[jid], jid in readers
            case = f"{of_collection} {of_file} {jid}"
            before = sum(len(p.prompts) for p in people.values())
            answers = {method: person.request(method, "/c/f", jid=jid).status_code
                       for method in ("GET", "HEAD", "PROPFIND")}
            wanted = {"GET": 200, "HEAD": 200, "PROPFIND": 207} if may else {"GET": 403, "HEAD": 403, "PROPFIND": 404}
            assert answers == wanted, case
            if not may:
                assert sum(len(p.prompts) for p in people.values()) == before, f"somebody was asked: {case}"
            assert person.put("/c/f", b"evil", new=False, jid=jid).status_code == 403, case
            assert person.put("/c/g", b"evil", jid=jid).status_code == 403, case
            assert person.request("DELETE", "/c/f", jid=jid).status_code == 403, case
            assert person.request("MKCOL", "/c/f/d", jid=jid).status_code == 403, case
            assert person.request("MKCOL", "/c/d", jid=jid).status_code == 403, case
            assert person.request("PROPPATCH", "/c/f", b"<x/>", jid=jid).status_code == 403, case
    assert romeo.get("/c/f").content == b"content"
    assert "panic" not in daemon.log()


def test_only_the_owner_changes(world, prosody):
    """Uploaders have the root in common and nothing else."""
    world.daemon(prosody)
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    assert romeo.request("MKCOL", "/c").status_code == 201
    assert romeo.put("/f", b"romeo's").status_code == 201
    romeo.share("/f", [BENVOLIO])
    romeo.share("/c", [BENVOLIO])
    assert benvolio.put("/f", b"benvolio's", new=False).status_code == 403
    assert benvolio.put("/c/x", b"").status_code == 403
    assert benvolio.request("MKCOL", "/c/x").status_code == 403
    assert benvolio.request("DELETE", "/f").status_code == 403
    assert benvolio.request("DELETE", "/c").status_code == 403
    assert benvolio.put("/g", b"benvolio's").status_code == 201
    assert benvolio.get("/f").content == b"romeo's"
    for method in ("DELETE", "PROPPATCH", "PUT", "MKCOL"):
        assert romeo.request(method, "/", b"" if method == "PUT" else None).status_code in (403, 405), method


def test_who_may_not_see_learns_nothing(world, prosody):
    """The same bytes whether it is there or not; who may create there learns that a name is free."""
    world.daemon(prosody)
    romeo, benvolio, tybalt = world.person(ROMEO), world.person(BENVOLIO), world.person(TYBALT, online=False)
    assert romeo.put("/there", b"x").status_code == 201

    def seen(person, path, method="GET"):
        answer = person.request(method, path)
        headers = {k: v for k, v in answer.headers.items() if k != "Date"}
        return answer.status_code, answer.content, headers
    for method in ("GET", "HEAD", "PUT", "DELETE", "PROPPATCH", "PROPFIND", "MKCOL"):
        assert seen(tybalt, "/there", method) == seen(tybalt, "/not-there", method), method
    assert tybalt.get("/not-there").status_code == 403
    assert tybalt.get("/there/below").status_code == 403
    assert tybalt.propfind("/there").status_code == 404
    assert tybalt.propfind("/").status_code == 404
    assert benvolio.request("HEAD", "/not-there").status_code == 404
    assert benvolio.request("HEAD", "/there").status_code == 403
    assert benvolio.put("/there", b"y").status_code == 403


def test_listings_leave_out_what_may_not_be_read(world, prosody):
    world.daemon(prosody)
    romeo, juliet, benvolio = world.person(ROMEO), world.person(JULIET), world.person(BENVOLIO)
    assert romeo.request("MKCOL", "/c/").status_code == 201
    for name in ("/a", "/b", "/c/d", "/c/e"):
        assert romeo.put(name, b"x").status_code == 201
    romeo.share("/a", [JULIET])
    romeo.share("/c", [f"{JULIET}/home"])
    romeo.share("/c/e", [BENVOLIO])
    assert romeo.hrefs("/") == ["/", "/a", "/b", "/c/"]
    assert juliet.hrefs("/") == ["/", "/a", "/c/"]
    assert juliet.hrefs("/c/") == ["/c/", "/c/d"]
    assert benvolio.hrefs("/") == ["/"]
    assert juliet.get("/c").text.split() == [juliet.daemon.base + "/c/d"]
    assert benvolio.get("/c/e").status_code == 200
    assert benvolio.get("/c").status_code == 403
    assert juliet.propfind("/", depth="infinity").status_code == 403
    assert b"propfind-finite-depth" in juliet.propfind("/", depth="infinity").content


def test_reader_sees_no_list(world, prosody):
    world.daemon(prosody)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    assert romeo.put("/a", b"x").status_code == 201
    romeo.share("/a", [JULIET, f"{BENVOLIO}/home"])
    body = b"<propfind xmlns='DAV:'><prop><jidlist xmlns='http://www.xmpp.org/extensions/xep-0129.html#ns'/></prop></propfind>"
    theirs = romeo.propfind("/a", body)
    assert JULIET in theirs.text and f"{BENVOLIO}/home" in theirs.text
    seen = juliet.propfind("/a", body)
    assert seen.status_code == 207 and "403" in seen.text and "benvolio" not in seen.text
    for body in (b"", b"<propfind xmlns='DAV:'><allprop/></propfind>", b"<propfind xmlns='DAV:'><propname/></propfind>"):
        assert "jid>" not in juliet.propfind("/a", body).text


def test_taken_off_the_list_while_asked(world, server):
    world.daemon(server)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    juliet.answers = "nothing"
    assert romeo.put("/a", b"secret").status_code == 201
    romeo.share("/a", [JULIET])
    waiting = juliet.later("GET", "/a")
    prompt = juliet.wait_for_prompt()
    romeo.share("/a", [TYBALT])
    prompt.yes()
    answer = waiting.result()
    assert answer.status_code == 403 and b"secret" not in answer.content


@pytest.mark.parametrize("jid", ["localhost", "romeo@elsewhere.example", "romeo@localhost.evil.example",
                                 "localhost@evil.example", "files.localhost"])
def test_only_accounts_of_users_upload(world, prosody, jid):
    world.daemon(prosody)
    tybalt = world.person(TYBALT, online=False)
    assert tybalt.put("/a", b"x", jid=jid).status_code == 403
