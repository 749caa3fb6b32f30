/*
 * A transaction and how SQL is spoken in it: the only face of SQLite for the other files of this room.
 */
#pragma once

#include "base/buf.h"
#include "store/cache.h"
#include "store/store.h"

#include <sqlite3.h>

enum { STATEMENTS = 256 }; /* more than there are; a power of two */

/* One thread's connection; the transaction that it is in. */
struct tx {
	struct store *store;
	sqlite3 *db;
	struct {
		const char *sql; /* a literal: found by its address */
		sqlite3_stmt *statement;
	} statements[STATEMENTS];
	struct buf
		doomed; /* names of blobs, each with its NUL, that no content names once this is committed */
	int64_t now;             /* when the transaction began: what goes then is not there in it */
	bool deleted;            /* something waits to be reaped */
	bool retimed;            /* what goes next may be another */
	bool expired;            /* there may be more of what was kept for some time only */
	bool noticed;            /* something is to be told once this is committed */
	struct tx *next;         /* of the store's */
	struct telling *telling; /* of members (members.c); NULL: none is under way */

	/* Of a glance: a transaction of the database begins only when it is asked something. */
	bool glance;
	uint64_t tick, settled; /* when it began; what was settled before the database was asked */
	struct cache *cache;    /* NULL: not yet */
	uint64_t until; /* what was found in memory may be gone then, milliseconds of clock_now() */
	int64_t others; /* the committer's: another when another process has written */
	size_t seen_count;
	struct stamp seen[SEEN_MAX]; /* what it depends on that was not read in it */
};

/* Opens a connection. 0, or negative errno with the reason. */
int tx_open(struct store *store, const char *path, struct tx **tx, char *error, size_t size);
void tx_close(struct tx *tx);

/* A database as it is at one moment, whoever writes it meanwhile, into a file that is not there yet, and on disk. 0, or negative errno with the reason. */
int tx_copy(const char *from, const char *to, char *error, size_t size);

/* Opens such a copy, for reading alone and without a store. As above. */
int tx_open_copy(const char *path, struct tx **tx, char *error, size_t size);

int tx_begin(struct tx *tx, const char *sql);

/* The calling thread's own, opened when it is first asked for. 0 or negative errno. */
int tx_own(struct store *store, struct tx **tx);

/*
 * A statement with its parameters bound: one letter each in `types`: i int64_t, t const char * (NULL: NULL), b const void * and
 * size_t. The text must be a literal. 0 or negative errno.
 */
int sql_bind(struct tx *tx, sqlite3_stmt **statement, const char *sql, const char *types, ...);

/* 1: a row is there; 0: no more, and the statement is reset; negative errno: it failed, and is reset. */
int sql_step(struct tx *tx, sqlite3_stmt *statement);
void sql_end(sqlite3_stmt *statement);

/* A statement without rows. 0 or negative errno. */
int sql_run(struct tx *tx, const char *sql, const char *types, ...);

/* Column 0 of the first row; 0 and *out untouched when there is none. 1, 0 or negative errno. */
int sql_number(struct tx *tx, int64_t *out, const char *sql, const char *types, ...);

/* Column 0 of all rows of a statement that is bound, int64_t each, behind what is in the buffer. 0 or negative errno. */
int sql_numbers(struct tx *tx, sqlite3_stmt *statement, struct buf *out);

/* A column as text that lives in the arena; NULL for NULL. */
const char *sql_text(struct arena *arena, sqlite3_stmt *statement, int column);
