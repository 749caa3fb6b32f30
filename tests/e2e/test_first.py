def test_put_share_get(world, server):
    daemon = world.daemon(server)
    romeo = world.person("romeo@localhost")
    juliet = world.person("juliet@capulet.localhost", "balcony")
    assert romeo.put("/missive.html", b"<p>hello</p>").status_code == 201
    assert juliet.get("/missive.html").status_code == 403
    romeo.share("/missive.html", ["juliet@capulet.localhost"])
    answer = juliet.get("/missive.html")
    assert (answer.status_code, answer.content) == (200, b"<p>hello</p>")
    assert daemon.health().text == "ok\n"
