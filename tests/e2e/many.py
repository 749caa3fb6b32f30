"""Very many resources, written into a store that nobody has open."""

import sqlite3
from contextlib import closing

MEMBERS = 1000  # of each collection

# Collection /many with collections 0, 1, ... of files 0, 1, ..., each with its number for content.
FILL = """
    CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :members - 1) SELECT i FROM n;
    CREATE TEMP TABLE c AS SELECT i, 10 + i AS id FROM n WHERE i < :collections;
    CREATE TEMP TABLE f AS SELECT c.i AS c, n.i, c.id AS parent, 1000000 + c.i * :members + n.i AS id FROM c, n;
    INSERT INTO resource (parent, name, id, collection, owner, created, modified, change)
        VALUES (1, 'many', 9, 1, :owner, 1, 1, 1);
    INSERT INTO resource (parent, name, id, collection, owner, created, modified, change)
        SELECT 9, i, id, 1, :owner, 1, 1, 1 FROM c;
    INSERT INTO content (id, length, inline) SELECT id, length(id), CAST(id AS BLOB) FROM f;
    INSERT INTO resource (parent, name, id, collection, owner, content, length, created, modified, change)
        SELECT parent, i, id, 0, :owner, id, length(id), 1, 1, 1 FROM f;
    UPDATE counter SET resource = 1000000 + (SELECT count(*) FROM f), change = 1;
"""


def fill(store, owner, resources):
    with closing(sqlite3.connect(f"{store}/missive.db", isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        for statement in FILL.split(";")[:-1]:
            values = {"members": MEMBERS, "collections": resources // MEMBERS, "owner": owner}
            db.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement})
        db.execute("COMMIT")
