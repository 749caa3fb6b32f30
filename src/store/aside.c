/* What missived's commands read and write beside the daemon, whose lock is for blobs and numbers, which nothing here touches. */
#include "store/aside.h"

#include "store/schema.h"
#include "store/tx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_aside(const char *path, struct tx **tx, char *error, size_t size)
{
	char *database;
	int result;

	if (asprintf(&database, "%s/missive.db", path) < 0)
		abort();
	result = access(database, R_OK | W_OK) < 0 ? -errno : 0;
	if (result < 0)
		snprintf(error, size,
			"%s: %s (is this the store, has missived been started once, are you its "
			"user?)",
			database, strerror(-result));
	else
		result = tx_open(NULL, database, tx, error, size);
	if (result == 0 && (result = schema_migrate((*tx)->db, error, size)) < 0)
		tx_close(*tx);
	free(database);
	return result;
}

int store_password_add(const char *path, const struct password *password, char *error, size_t size)
{
	struct tx *tx;
	int result = open_aside(path, &tx, error, size);

	if (result < 0)
		return result;
	result = store_password_make(tx, password);
	if (result == -EDQUOT)
		snprintf(error, size, "%s has %d app passwords already", password->jid,
			STORE_PASSWORDS_MAX);
	else if (result < 0)
		snprintf(error, size, "the database: %s", sqlite3_errmsg(tx->db));
	tx_close(tx);
	return result;
}

int store_account_forget(const char *path, const char *jid)
{
	char error[256];
	struct tx *tx;
	int result = open_aside(path, &tx, error, sizeof(error));

	if (result < 0)
		return result;
	result = sql_run(tx, "DELETE FROM password WHERE jid = ?1", "t", jid);
	tx_close(tx);
	return result;
}

int store_secret_read(
	const char *path, unsigned char secret[STORE_SECRET], char *error, size_t size)
{
	sqlite3_stmt *row;
	struct tx *tx;
	int result = open_aside(path, &tx, error, size);

	if (result < 0)
		return result;
	result = sql_bind(tx, &row, "SELECT secret FROM counter", "");
	if (result == 0 && sql_step(tx, row) == 1) {
		if (sqlite3_column_bytes(row, 0) == STORE_SECRET)
			memcpy(secret, sqlite3_column_blob(row, 0), STORE_SECRET);
		else
			result = -EIO;
		sql_end(row);
	}
	if (result < 0)
		snprintf(error, size, "%s: it has no secret yet: start missived once", path);
	tx_close(tx);
	return result;
}
