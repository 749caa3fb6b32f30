"""App passwords by ad-hoc commands."""

import re
import subprocess
import time

import pytest

from adhoc import Command, Refused, listed
from component_server import ComponentServer
from daemon import sanitizer
from passwords import curl, device, made, rows
from servers import DOMAIN
from test_confirm_load import resident
from test_passwords import mint

ROMEO, BENVOLIO, JULIET = "romeo@localhost", "benvolio@localhost", "juliet@capulet.localhost"


@pytest.fixture
def romeo(world, server):
    world.daemon(server)
    return world.person(ROMEO)


def test_new(romeo, tmp_path):
    """Shown once, with what to type; and curl and cadaver are let in by it."""
    assert {"password-new", "password-list", "password-revoke"} <= set(listed(romeo))
    command = Command(romeo, "password-new")
    assert command.status == "executing"
    assert list(command.fields) == ["label", "right", "collection", "expires"]
    assert list(command.options["right"]) == ["full", "read-only"]
    assert list(command.options["expires"]) == ["never", "1d", "1w", "30d", "365d"]
    command.submit(label="laptop", right="full", collection="", expires="never")
    assert command.status == "completed"
    password, url = command.fields["password"][0], command.fields["url"][0]
    assert re.fullmatch("mv-[a-z2-7]{26}", password)
    assert url == romeo.daemon.base + "/" and command.fields["username"] == [ROMEO] and command.fields["label"] == ["laptop"]
    assert url in command.note and ROMEO in command.note and "once" in command.note
    before = len(romeo.prompts)
    for more in ([], ["--digest"]):
        assert curl("-u", f"{ROMEO}:{password}", *more, "-T", __file__, url + "file" + "".join(more)) == "201"
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1\nlogin {ROMEO}\npassword {password}\n")
    result = subprocess.run(["cadaver", url], cwd=tmp_path, input="ls\n", text=True, capture_output=True, timeout=30,
                            env={"HOME": str(tmp_path), "PATH": "/usr/bin"})
    assert "file" in result.stdout and "succeeded" in result.stdout, result.stdout
    assert len(romeo.prompts) == before
    log = romeo.daemon.log()
    assert password not in log and password[3:] not in log


@pytest.mark.parametrize("fields,condition", [
    ({"label": ""}, "bad-request"),
    ({}, "bad-request"),
    ({"label": "x" * 256}, "bad-request"),
    ({"label": "a\u202eb"}, "bad-request"),
    ({"label": "a", "right": "write-only"}, "bad-request"),
    ({"label": "a", "expires": "0d"}, "bad-request"),
    ({"label": "a", "expires": "0"}, "bad-request"),
    ({"label": "a", "expires": "1y"}, "bad-request"),
    ({"label": "a", "expires": "7"}, "bad-request"),
    ({"label": "a", "expires": "d"}, "bad-request"),
    ({"label": "a", "expires": "-7d"}, "bad-request"),
    ({"label": "a", "expires": "7 d"}, "bad-request"),
    ({"label": "a", "expires": "7days"}, "bad-request"),
    ({"label": "a", "expires": "100000d"}, "bad-request"),
    ({"label": "a", "collection": "photos"}, "bad-request"),
    ({"label": "a", "collection": "http://elsewhere.localhost/photos/"}, "bad-request"),
    ({"label": "a", "collection": "/../photos/"}, "bad-request"),
    ({"label": "a", "collection": "/nothing/"}, "item-not-found"),
    ({"label": "a", "collection": "/file"}, "item-not-found"),
    ({"label": "a", "collection": "/others/"}, "item-not-found"),
    ({"label": "a", "collection": "/others/none/"}, "item-not-found"),
])
def test_new_refused(world, prosody, fields, condition):
    world.daemon(prosody)
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    assert romeo.put("/file").status_code == 201
    assert benvolio.request("MKCOL", "/others/").status_code == 201
    command = Command(romeo, "password-new")
    with pytest.raises(Refused) as refused:
        command.submit(**fields)
    assert refused.value.condition == condition and refused.value.text
    assert Command(romeo, "password-list").note == "You have no app passwords."
    command.submit(label="the form may be sent again")
    assert len(Command(romeo, "password-list").fields) == 1


def test_who(world, prosody):
    """Who has to do with us; strangers of the federation do not fill the table."""
    world.daemon(prosody)
    romeo, juliet = world.person(ROMEO), world.person(JULIET)
    with pytest.raises(Refused) as refused:
        Command(juliet, "password-new")
    assert refused.value.condition == "forbidden"
    assert romeo.put("/a").status_code == 201
    romeo.share("/a", [JULIET])
    phone = device(juliet)
    assert phone.ask("GET", "/a").content == b"hello" and phone.status("PUT", "/b", b"x") == 403
    romeo.share("/a", [])
    assert phone.status("GET", "/a") == 403
    assert Command(juliet, "password-revoke").submit(passwords=list(Command(juliet, "password-list").fields)).note == "Revoked: 1."


def test_at_most(romeo):
    for n in range(100):
        rows(romeo.daemon, "INSERT INTO password (jid, label, ha1_md5, ha1_sha256, created) VALUES (?, '', '', '', 0)", ROMEO)
    with pytest.raises(Refused) as refused:
        made(romeo)
    assert refused.value.condition == "resource-constraint" and "100" in refused.value.text
    assert "100" in mint(romeo.daemon, ROMEO, code=1)
    rows(romeo.daemon, "UPDATE password SET expires = 1 WHERE id = 50")
    assert made(romeo)["password"]


def test_list(romeo):
    assert romeo.request("MKCOL", "/photos/").status_code == 201
    made(romeo, "phone")
    tablet = device(romeo, label="tablet", right="read-only", collection=romeo.daemon.base + "/photos", expires="7d")
    assert tablet.status("GET", "/photos/") == 200
    mint(romeo.daemon, ROMEO)
    shown = Command(romeo, "password-list")
    today, week = (time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * 86400)) for days in (0, 7))
    labels = list(shown.labels.values())
    assert labels == ["phone", "tablet", "(without a label)"]
    texts = [values[0] for values in shown.fields.values()]
    assert texts[0] == f"full, everything that you may see, made {today}, never used, never expires"
    assert re.fullmatch(f"read-only, /photos/, made {today}, (never used|last used {today}), expires {week}", texts[1])
    assert romeo.request("DELETE", "/photos/").status_code == 204
    assert "a folder that is gone" in Command(romeo, "password-list").fields[list(shown.fields)[1]][0]


@pytest.mark.parametrize("written,days", [("12h", 0.5), ("1d", 1), ("1w", 7), ("30d", 30), ("90s", 90 / 86400), ("365d", 365), ("never", None), ("", None)])
def test_expires(world, prosody, written, days):
    world.daemon(prosody)
    made(world.person(ROMEO), expires=written)
    (expires,), = rows(world.daemons[-1], "SELECT expires FROM password")
    if days is None:
        assert expires == 0
    else:
        assert abs(expires / 1000 - time.time() - days * 86400) < 60


def test_revoke(world, prosody):
    """Those that were chosen; and they are let in no more from the next request on."""
    world.daemon(prosody)
    romeo, benvolio = world.person(ROMEO), world.person(BENVOLIO)
    assert Command(romeo, "password-revoke").status == "completed"
    first, second, third, other = device(romeo), device(romeo), device(romeo), device(benvolio)
    ids = list(Command(romeo, "password-list").fields)
    others, = Command(benvolio, "password-list").fields
    command = Command(romeo, "password-revoke")
    assert list(command.options["passwords"]) == ids
    for wrong in ([], [ids[0], others], [ids[0], "999"], [ids[0], "x"], [""]):
        with pytest.raises(Refused) as refused:
            command.submit(passwords=wrong)
        assert refused.value.condition == ("item-not-found" if wrong else "bad-request")
    assert [d.status("GET", "/") for d in (first, second, third, other)] == [200] * 4
    command.submit(passwords=[ids[0], ids[2]])
    assert command.note == "Revoked: 2." and list(command.fields) == [ids[0], ids[2]]
    assert [d.status("GET", "/") for d in (first, second, third, other)] == [401, 200, 401, 200]
    assert list(Command(romeo, "password-list").fields) == [ids[1]]
    assert device(romeo).status("GET", "/") == 200
    assert not {ids[0], ids[2]} & set(Command(romeo, "password-list").fields), "numbers never come again"


def test_refused_again_and_again(world):
    """A form that is refused may be submitted again; what was in it is gone."""
    scripted = ComponentServer()
    try:
        daemon = world.daemon(scripted)
        call = (f"<iq type='set' from='{ROMEO}/home' to='{DOMAIN}' id='%s'>"
                "<command xmlns='http://jabber.org/protocol/commands' node='password-new'%s>%s</command></iq>")
        scripted.send(call % ("begin", "", ""))
        session = scripted.wait_for_answer("begin").find("*").get("sessionid")
        form = ("<x xmlns='jabber:x:data' type='submit'><field var='label'><value/></field><field var='more'><value>"
                + "x" * 60000 + "</value></field></x>")
        for n in range(600):
            scripted.send(call % (f"again{n}", f" action='complete' sessionid='{session}'", form))
            assert scripted.wait_for_answer(f"again{n}").get("type") == "error"
            if n == 100:
                before = resident(daemon)
        assert resident(daemon) - before < 8 << 10 or sanitizer()
    finally:
        scripted.close()
