#include "base/arena.h"
#include "store/inside.h"
#include "store/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PASSWORDS_MAX = 100 }; /* of one JID */

int store_passwords(struct tx *tx, struct arena *arena, const char *jid,
	struct password **passwords, size_t *count)
{
	static const char sql[] = "SELECT jid, label, ha1_md5, ha1_sha256 FROM password WHERE jid "
				  "= ?1 ORDER BY id LIMIT ?2";
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement, sql, "ti", jid, (int64_t)PASSWORDS_MAX);

	*count = 0;
	*passwords = arena_alloc(arena, PASSWORDS_MAX * sizeof(**passwords));
	if (more < 0)
		return more;
	while ((more = sql_step(tx, statement)) == 1)
		(*passwords)[(*count)++] = (struct password){
			.jid = sql_text(arena, statement, 0),
			.label = sql_text(arena, statement, 1),
			.ha1_md5 = sql_text(arena, statement, 2),
			.ha1_sha256 = sql_text(arena, statement, 3),
		};
	return more;
}

int store_passwords_remove(struct tx *tx, const char *jid)
{
	return sql_run(tx, "DELETE FROM password WHERE jid = ?1", "t", jid);
}

static int add(struct tx *tx, const struct password *password, char *error, size_t size)
{
	int64_t count = 0;
	int result = sql_number(
		tx, &count, "SELECT count(*) FROM password WHERE jid = ?1", "t", password->jid);

	if (result >= 0 && count >= PASSWORDS_MAX) {
		snprintf(error, size, "%s has %d app passwords already", password->jid,
			PASSWORDS_MAX);
		return -EDQUOT;
	}
	if (result >= 0)
		result = sql_run(tx,
			"INSERT INTO password (jid, label, ha1_md5, ha1_sha256, created) VALUES "
			"(?1, ?2, ?3, ?4, ?5)",
			"tttti", password->jid, password->label, password->ha1_md5,
			password->ha1_sha256, store_now());
	if (result < 0)
		snprintf(error, size, "the database: %s", sqlite3_errmsg(tx->db));
	return result < 0 ? result : 0;
}

/* SQLite lets two processes write in turn; the daemon's lock is for blobs and numbers, which this does not touch. */
int store_password_add(const char *path, const struct password *password, char *error, size_t size)
{
	struct tx *tx;
	char *database;
	int result;

	if (asprintf(&database, "%s/missive.db", path) < 0)
		abort();
	/* Made by missived alone, so that it belongs to the user that missived runs as. */
	result = access(database, R_OK | W_OK) < 0 ? -errno : 0;
	if (result < 0)
		snprintf(error, size,
			"%s: %s (is this the store, has missived been started once, are you its "
			"user?)",
			database, strerror(-result));
	else
		result = tx_open(NULL, database, &tx, error, size);
	if (result == 0) {
		result = schema_migrate(tx->db, error, size);
		if (result == 0)
			result = add(tx, password, error, size);
		tx_close(tx);
	}
	free(database);
	return result;
}
