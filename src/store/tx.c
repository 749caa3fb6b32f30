#include "store/tx.h"

#include "base/arena.h"
#include "base/log.h"
#include "store/inside.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int error_of(struct tx *tx, int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EAGAIN;
	}
	log_event(LOG_ERROR, "store-failed", "reason", sqlite3_errmsg(tx->db), "code",
		log_number(sqlite3_extended_errcode(tx->db)), NULL);
	return -EIO;
}

/* Asking for it anew would write, and a disk may be full. */
static bool is_incremental(sqlite3 *db)
{
	enum { INCREMENTAL = 2 };
	sqlite3_stmt *statement;
	bool is = false;

	if (sqlite3_prepare_v2(db, "PRAGMA auto_vacuum", -1, &statement, NULL) != SQLITE_OK)
		return false;
	if (sqlite3_step(statement) == SQLITE_ROW)
		is = sqlite3_column_int(statement, 0) == INCREMENTAL;
	sqlite3_finalize(statement);
	return is;
}

/* The first connection may have made the file; auto_vacuum waits for whoever writes, so that no other one asks for it. */
static int set_up(sqlite3 *db, bool first)
{
	static const char making[] = "PRAGMA auto_vacuum = INCREMENTAL";
	static const char pragmas[] = "PRAGMA journal_mode = WAL;"
				      "PRAGMA synchronous = FULL;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA cache_size = -8192;";

	int stays = 1;

	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, 5000);
	/* The log and its index: on a full disk whoever comes next could not make them, and so not even read. */
	sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &stays);
	/* A plan never depends on what is bound: else each new value of a parent has its statement prepared again, for the partial index. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	if (first && !is_incremental(db) && sqlite3_exec(db, making, NULL, NULL, NULL) != SQLITE_OK)
		return SQLITE_ERROR;
	return sqlite3_exec(db, pragmas, NULL, NULL, NULL);
}

int tx_open(struct store *store, const char *path, struct tx **out, char *error, size_t size)
{
	struct tx *tx = calloc(1, sizeof(*tx));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	if (!tx)
		abort();
	tx->store = store;
	if (sqlite3_open_v2(path, &tx->db, flags, NULL) != SQLITE_OK ||
		set_up(tx->db, store && !store->writer) != SQLITE_OK ||
		members_open(tx) != SQLITE_OK || copies_open(tx) != SQLITE_OK) {
		snprintf(error, size, "%s: %s", path,
			tx->db ? sqlite3_errmsg(tx->db) : "out of memory");
		tx_close(tx);
		return -EIO;
	}
	*out = tx;
	return 0;
}

void tx_close(struct tx *tx)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(tx->statements[i].statement);
	/* The last one leaves an empty log: an older database that is put in this one's place must find nothing in it. */
	sqlite3_exec(tx->db, "PRAGMA journal_size_limit = 0", NULL, NULL, NULL);
	sqlite3_close(tx->db);
	cache_close(tx->cache);
	buf_free(&tx->doomed);
	free(tx);
}

static int prepare(struct tx *tx, const char *sql, sqlite3_stmt **statement)
{
	size_t slot = ((uintptr_t)sql >> 3) % STATEMENTS, seen = 0;
	int code;

	while (tx->statements[slot].sql && tx->statements[slot].sql != sql) {
		slot = (slot + 1) % STATEMENTS;
		assert(++seen < STATEMENTS);
	}
	if (!tx->statements[slot].sql) {
		code = sqlite3_prepare_v3(tx->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
			&tx->statements[slot].statement, NULL);
		if (code != SQLITE_OK)
			return error_of(tx, code);
		tx->statements[slot].sql = sql;
	}
	*statement = tx->statements[slot].statement;
	return 0;
}

static int bind_all(struct tx *tx, sqlite3_stmt *statement, const char *types, va_list args)
{
	int code = SQLITE_OK;

	for (int i = 1; *types && code == SQLITE_OK; types++, i++) {
		const void *bytes;

		switch (*types) {
		case 'i':
			code = sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
			break;
		case 't':
			code = sqlite3_bind_text(
				statement, i, va_arg(args, const char *), -1, SQLITE_STATIC);
			break;
		case 'b':
			bytes = va_arg(args, const void *);
			code = sqlite3_bind_blob64(statement, i, bytes ? bytes : "",
				va_arg(args, size_t), SQLITE_STATIC);
			break;
		default:
			assert(!"an unknown type of parameter");
		}
	}
	return error_of(tx, code);
}

/* What was settled is noted before the database shows its state. */
static int begin_glance(struct tx *tx)
{
	tx->settled = atomic_load(&tx->store->stamps->settled);
	return sqlite3_exec(tx->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

static int bind_list(
	struct tx *tx, sqlite3_stmt **statement, const char *sql, const char *types, va_list args)
{
	/* The committer begins its own; when it has lost one, nothing may hide that. */
	bool begins = tx->glance && tx != tx->store->writer && sqlite3_get_autocommit(tx->db);
	int error = begins ? begin_glance(tx) : 0;

	if (error == 0)
		error = prepare(tx, sql, statement);

	return error < 0 ? error : bind_all(tx, *statement, types, args);
}

int sql_bind(struct tx *tx, sqlite3_stmt **statement, const char *sql, const char *types, ...)
{
	va_list args;
	int error;

	va_start(args, types);
	error = bind_list(tx, statement, sql, types, args);
	va_end(args);
	return error;
}

int sql_step(struct tx *tx, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement), error;

	if (code == SQLITE_ROW)
		return 1;
	error = error_of(tx, code);
	sql_end(statement);
	return error;
}

void sql_end(sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

int sql_run(struct tx *tx, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list args;
	int error;

	va_start(args, types);
	error = bind_list(tx, &statement, sql, types, args);
	va_end(args);
	if (error == 0)
		error = sql_step(tx, statement);
	assert(error <= 0);
	return error;
}

int sql_number(struct tx *tx, int64_t *out, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list args;
	int more;

	va_start(args, types);
	more = bind_list(tx, &statement, sql, types, args);
	va_end(args);
	if (more == 0)
		more = sql_step(tx, statement);
	if (more == 1) {
		*out = sqlite3_column_int64(statement, 0);
		sql_end(statement);
	}
	return more;
}

int sql_numbers(struct tx *tx, sqlite3_stmt *statement, struct buf *out)
{
	int more;

	while ((more = sql_step(tx, statement)) == 1) {
		int64_t number = sqlite3_column_int64(statement, 0);

		buf_append(out, &number, sizeof(number));
	}
	return more;
}

const char *sql_text(struct arena *arena, sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? arena_strndup(arena, text, (size_t)sqlite3_column_bytes(statement, column))
		    : NULL;
}

int tx_begin(struct tx *tx, const char *sql)
{
	return sql_run(tx, sql, "");
}

int tx_own(struct store *store, struct tx **tx)
{
	char error[256];
	int result;

	*tx = pthread_getspecific(store->own);
	if (*tx)
		return 0;
	result = tx_open(store, store->database, tx, error, sizeof(error));
	if (result < 0) {
		log_event(LOG_ERROR, "store-failed", "reason", error, NULL);
		return result;
	}
	pthread_setspecific(store->own, *tx);
	(*tx)->next = atomic_load(&store->readers);
	while (!atomic_compare_exchange_weak(&store->readers, &(*tx)->next, *tx))
		;
	return 0;
}

int store_read_begin(struct store *store, struct tx **tx)
{
	int error = tx_own(store, tx);

	if (error < 0)
		return error;
	(*tx)->glance = false;
	(*tx)->seen_count = 0;
	(*tx)->now = store_now();
	return tx_begin(*tx, "BEGIN");
}

void store_read_end(struct tx *tx)
{
	tx->glance = false;
	if (!sqlite3_get_autocommit(tx->db))
		tx_begin(tx, "COMMIT");
}
