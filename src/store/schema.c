#include "store/schema.h"

#include <errno.h>
#include <stdio.h>

/*
 * Step n leads from user_version n to n + 1.
 *
 * resource  A row a resource; members of a collection lie together. The root is id 1, its own parent 0. Parent 0 is also
 *           where deleted collections lie, under their id as name, until they are reaped. `change` grows with every change of the
 *           store. spelling is NULL when it equals name. `stored` keeps what `modified` was when a client has told another time.
 * content   What resources name, small inline, large as the name of a blob; its number is the ETag and never comes again. The
 *           digests are those that somebody has asked for.
 * list      A jidlist's entries; resourcepart '' is a bare JID. root_name is the resource's name when it is a member of the root, so
 *           that what was shared with somebody there is found by index.
 * property  Dead properties.
 * lock      Locks that were taken; they may have expired. href is the path of the root, which cannot change while the lock lasts.
 * password  App passwords: only their digests with the JID and the realm. `collection` is the one that it is good for, 0: all; `used`
 *           is when it was, roughly; `expires` 0: never. Its number never comes again: who asks for it later asks for this one.
 * tombstone What was deleted, for those who ask for changes since; those up to counter.forgotten are gone. A name that is taken again
 *           may still have one.
 * usage     What the resources and partial uploads of an account add up to; triggers keep it, so that no change can forget it.
 * partial   Uploads in parts that are not whole yet: of `total` bytes the first `received` are on disk in the blob.
 * opening   How each opening of the store calls itself, and the last change before it: whoever shows a name that is not here has seen changes
 *           that were undone since, because the store was put back to an older state.
 * slot      Uploads that XEP-0363 has promised to a member of the root that is not there yet: a digest of the token, and what it may be:
 *           its length, type and purpose, when the file is to go (`expires`, 0: not said), and until when the upload may begin. What came so
 *           is a link, resource.link, for as long as it stays as it came: only members of the root are.
 * retention What has been said of the keeping of a file; most have none. `expires` as somebody has set it; `standard` is the time from a
 *           default, which new content begins anew; `latest` is not to be passed whoever sets what. `once`: it goes some time after
 *           `complete`, when all on its list had it. `warn` is when its owner is to be told that it goes, `tells` whether of fetches too.
 *           Milliseconds; 0: not. `owner` is the resource's.
 * fetch     Who was sent how much of which content of a resource from its beginning on, when something new of it last (`time`), and
 *           when that was all of it (`whole`).
 * notice    What is to be told to people over XMPP, until it has been; kind is "fetched" or "expires".
 * counter   One row: the last numbers given out, how often the store was opened, and a random secret of this store.
 */
static const char *const steps[] = {
	"CREATE TABLE resource ("
	"  parent INTEGER NOT NULL, name TEXT NOT NULL, id INTEGER NOT NULL UNIQUE, spelling TEXT,"
	"  collection INTEGER NOT NULL, owner TEXT NOT NULL,"
	"  has_list INTEGER NOT NULL DEFAULT 0, has_properties INTEGER NOT NULL DEFAULT 0,"
	"  content INTEGER NOT NULL DEFAULT 0, length INTEGER NOT NULL DEFAULT 0,"
	"  content_type TEXT, displayname TEXT,"
	"  created INTEGER NOT NULL, modified INTEGER NOT NULL, change INTEGER NOT NULL,"
	"  PRIMARY KEY (parent, name)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX resource_content ON resource (content) WHERE content > 0;"
	"CREATE INDEX resource_root_owner ON resource (owner, name) WHERE parent = 1;"
	"CREATE TABLE content ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, length INTEGER NOT NULL, inline BLOB, blob TEXT) "
	"STRICT;"
	"CREATE UNIQUE INDEX content_blob ON content (blob) WHERE blob IS NOT NULL;"
	"CREATE TABLE list ("
	"  resource INTEGER NOT NULL, bare TEXT NOT NULL, resourcepart TEXT NOT NULL,"
	"  position INTEGER NOT NULL, root_name TEXT,"
	"  PRIMARY KEY (resource, bare, resourcepart)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX list_root ON list (bare, root_name) WHERE root_name IS NOT NULL;"
	"CREATE TABLE property ("
	"  resource INTEGER NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, xml TEXT NOT NULL,"
	"  PRIMARY KEY (resource, ns, name)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE tombstone ("
	"  change INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name TEXT NOT NULL, id INTEGER NOT "
	"NULL) STRICT;"
	"CREATE TABLE counter ("
	"  resource INTEGER NOT NULL, change INTEGER NOT NULL, start INTEGER NOT NULL) STRICT;"
	"INSERT INTO counter VALUES (1, 0, 0);"
	"INSERT INTO resource (parent, name, id, collection, owner, created, modified, change)"
	"  VALUES (0, '', 1, 1, '', unixepoch() * 1000, unixepoch() * 1000, 0);",

	"CREATE TABLE lock ("
	"  token TEXT PRIMARY KEY, resource INTEGER NOT NULL, href TEXT NOT NULL, owner TEXT NOT "
	"NULL,"
	"  shared INTEGER NOT NULL, infinite INTEGER NOT NULL, expires INTEGER NOT NULL, note TEXT "
	"NOT NULL)"
	"  STRICT, WITHOUT ROWID;"
	"CREATE INDEX lock_resource ON lock (resource);"
	"CREATE INDEX lock_owner ON lock (owner);",

	"CREATE TABLE password ("
	"  id INTEGER PRIMARY KEY, jid TEXT NOT NULL, label TEXT NOT NULL,"
	"  ha1_md5 TEXT NOT NULL, ha1_sha256 TEXT NOT NULL, created INTEGER NOT NULL) STRICT;"
	"CREATE INDEX password_jid ON password (jid);",

	"ALTER TABLE counter ADD COLUMN secret BLOB NOT NULL DEFAULT x'';"
	"ALTER TABLE counter ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE tombstone ADD COLUMN time INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE tombstone ADD COLUMN spelling TEXT;"
	"UPDATE tombstone SET time = unixepoch() * 1000;"
	"DELETE FROM tombstone WHERE change NOT IN"
	"  (SELECT max(change) FROM tombstone GROUP BY parent, name);"
	"CREATE UNIQUE INDEX tombstone_name ON tombstone (parent, name);"
	"CREATE INDEX tombstone_parent ON tombstone (parent, change);"
	"CREATE INDEX resource_change ON resource (parent, change);"
	"ALTER TABLE content ADD COLUMN md5 BLOB;"
	"ALTER TABLE content ADD COLUMN sha1 BLOB;"
	"ALTER TABLE content ADD COLUMN sha256 BLOB;"
	"CREATE TABLE partial ("
	"  owner TEXT NOT NULL, path TEXT NOT NULL, total INTEGER NOT NULL, received INTEGER NOT "
	"NULL,"
	"  blob TEXT NOT NULL UNIQUE, modified INTEGER NOT NULL,"
	"  PRIMARY KEY (owner, path, total)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX partial_modified ON partial (modified);"
	"CREATE TABLE usage ("
	"  owner TEXT PRIMARY KEY, bytes INTEGER NOT NULL, resources INTEGER NOT NULL)"
	"  STRICT, WITHOUT ROWID;"
	"INSERT INTO usage SELECT owner, sum(length), count(*) FROM resource WHERE id > 1"
	"  GROUP BY owner;"
	"CREATE TRIGGER resource_made AFTER INSERT ON resource BEGIN"
	"  INSERT INTO usage VALUES (new.owner, new.length, 1) ON CONFLICT (owner) DO UPDATE"
	"    SET bytes = bytes + excluded.bytes, resources = resources + 1; END;"
	"CREATE TRIGGER resource_gone AFTER DELETE ON resource BEGIN"
	"  UPDATE usage SET bytes = bytes - old.length, resources = resources - 1"
	"    WHERE owner = old.owner; END;"
	"CREATE TRIGGER resource_resized AFTER UPDATE OF length ON resource BEGIN"
	"  UPDATE usage SET bytes = bytes - old.length + new.length WHERE owner = new.owner; END;"
	"CREATE TRIGGER partial_made AFTER INSERT ON partial BEGIN"
	"  INSERT INTO usage VALUES (new.owner, new.received, 0) ON CONFLICT (owner) DO UPDATE"
	"    SET bytes = bytes + excluded.bytes; END;"
	"CREATE TRIGGER partial_gone AFTER DELETE ON partial BEGIN"
	"  UPDATE usage SET bytes = bytes - old.received WHERE owner = old.owner; END;"
	"CREATE TRIGGER partial_grown AFTER UPDATE OF received ON partial BEGIN"
	"  UPDATE usage SET bytes = bytes - old.received + new.received WHERE owner = new.owner; "
	"END;",

	("CREATE TABLE opening ("
	 "  start INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, change INTEGER NOT NULL) "
	 "STRICT;"),

	"ALTER TABLE resource ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;",

	"CREATE TABLE password_new ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL, label TEXT NOT NULL,"
	"  ha1_md5 TEXT NOT NULL, ha1_sha256 TEXT NOT NULL, created INTEGER NOT NULL,"
	"  read_only INTEGER NOT NULL DEFAULT 0, collection INTEGER NOT NULL DEFAULT 0,"
	"  expires INTEGER NOT NULL DEFAULT 0, used INTEGER NOT NULL DEFAULT 0) STRICT;"
	"INSERT INTO password_new (id, jid, label, ha1_md5, ha1_sha256, created)"
	"  SELECT id, jid, label, ha1_md5, ha1_sha256, created FROM password;"
	"DROP TABLE password;"
	"ALTER TABLE password_new RENAME TO password;"
	"CREATE INDEX password_jid ON password (jid);"
	"CREATE INDEX password_expires ON password (expires) WHERE expires > 0;",

	"ALTER TABLE resource ADD COLUMN link INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE slot ("
	"  token TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL UNIQUE,"
	"  displayname TEXT NOT NULL, length INTEGER NOT NULL, content_type TEXT,"
	"  purpose INTEGER NOT NULL, expires INTEGER NOT NULL, until INTEGER NOT NULL)"
	"  STRICT, WITHOUT ROWID;"
	"CREATE INDEX slot_owner ON slot (owner, until);"
	"CREATE INDEX resource_link ON resource (name, link) WHERE link > 0;"
	"CREATE INDEX slot_until ON slot (until);",

	"ALTER TABLE resource ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX resource_expires ON resource (expires) WHERE expires > 0;"
	"CREATE TABLE retention ("
	"  resource INTEGER PRIMARY KEY, owner TEXT NOT NULL,"
	"  expires INTEGER NOT NULL DEFAULT 0, standard INTEGER NOT NULL DEFAULT 0,"
	"  latest INTEGER NOT NULL DEFAULT 0, once INTEGER NOT NULL DEFAULT 0,"
	"  complete INTEGER NOT NULL DEFAULT 0, warn INTEGER NOT NULL DEFAULT 0,"
	"  tells INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX retention_once ON retention (owner) WHERE once > 0;"
	"CREATE INDEX retention_warn ON retention (warn) WHERE warn > 0;"
	"CREATE TABLE fetch ("
	"  resource INTEGER NOT NULL, bare TEXT NOT NULL, resourcepart TEXT NOT NULL,"
	"  content INTEGER NOT NULL, received INTEGER NOT NULL, time INTEGER NOT NULL,"
	"  whole INTEGER NOT NULL,"
	"  PRIMARY KEY (resource, bare, resourcepart)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE notice ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL, kind TEXT NOT NULL,"
	"  name TEXT NOT NULL, href TEXT NOT NULL, who TEXT NOT NULL, time INTEGER NOT NULL) "
	"STRICT;"
	"CREATE INDEX notice_jid ON notice (jid, kind);",
};

enum { VERSION = sizeof(steps) / sizeof(*steps) };

static int version_of(sqlite3 *db)
{
	sqlite3_stmt *statement;
	int version = -EIO;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
		return -EIO;
	if (sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

static int apply(sqlite3 *db, int version)
{
	char pragma[64];

	if (version == VERSION)
		return 0;
	for (; version < VERSION; version++)
		if (sqlite3_exec(db, steps[version], NULL, NULL, NULL) != SQLITE_OK)
			return -EIO;
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", VERSION);
	return sqlite3_exec(db, pragma, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

int schema_migrate(sqlite3 *db, char *error, size_t size)
{
	int version = -EIO, result = -EIO;

	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK)
		version = version_of(db);
	if (version > VERSION) {
		snprintf(error, size,
			"the store was written by a newer missived (its version is %d, this one "
			"knows %d)",
			version, VERSION);
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return -EINVAL;
	}
	if (version >= 0)
		result = apply(db, version);
	if (result == 0 && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	snprintf(error, size, "the database cannot be set up: %s", sqlite3_errmsg(db));
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return -EIO;
}
