#include "store/inside.h"

#include <errno.h>

enum { KEPT_TIME = 24 * 3600 * 1000, EXPIRED_AT_ONCE = 100 };

/* Of one owner: each is a file, however short. */
enum { PARTIALS_MAX = 1000 };

int store_partial(struct tx *tx, struct arena *arena, const char *owner, const char *path,
	uint64_t total, struct partial *partial)
{
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement,
		"SELECT received, blob FROM partial WHERE owner = ?1 AND path = ?2 AND total = ?3",
		"tti", owner, path, (int64_t)total);

	*partial = (struct partial){0};
	if (more == 0)
		more = sql_step(tx, statement);
	if (more != 1)
		return more;
	partial->received = (uint64_t)sqlite3_column_int64(statement, 0);
	partial->blob = sql_text(arena, statement, 1);
	sql_end(statement);
	return 1;
}

/* A statement that must have met one row. */
static int met_one(struct tx *tx, int error)
{
	return error < 0 ? error : sqlite3_changes(tx->db) == 1 ? 0 : -ESTALE;
}

int store_partial_grow(struct tx *tx, const char *owner, const char *path, uint64_t total,
	uint64_t from, const struct upload *upload)
{
	static const char make[] =
		"INSERT OR IGNORE INTO partial (owner, path, total, received, blob, modified)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
	static const char grow[] =
		"UPDATE partial SET received = ?4, modified = ?6"
		" WHERE owner = ?1 AND path = ?2 AND total = ?3 AND blob = ?5 AND received = ?7";
	int64_t received = (int64_t)upload_length(upload), count;
	const char *blob = upload_blob(upload);
	int error;

	if (from == 0) {
		error = sql_number(
			tx, &count, "SELECT count(*) FROM partial WHERE owner = ?1", "t", owner);
		if (error < 0 || count >= PARTIALS_MAX)
			return error < 0 ? error : -EDQUOT;
		return met_one(tx, sql_run(tx, make, "ttiiti", owner, path, (int64_t)total,
					   received, blob, store_now()));
	}
	return met_one(tx, sql_run(tx, grow, "ttiitii", owner, path, (int64_t)total, received, blob,
				   store_now(), (int64_t)from));
}

int store_partial_end(struct tx *tx, const char *owner, const char *path, uint64_t total,
	uint64_t from, const struct upload *upload)
{
	static const char sql[] =
		"DELETE FROM partial"
		" WHERE owner = ?1 AND path = ?2 AND total = ?3 AND blob = ?4 AND received = ?5";

	return met_one(tx, sql_run(tx, sql, "ttiti", owner, path, (int64_t)total,
				   upload_blob(upload), (int64_t)from));
}

/* Looked for first: nearly always there is none, and a DELETE that tells what it removes costs a table of its own. */
int store_partial_drop(struct tx *tx, const char *owner, const char *path)
{
	size_t doomed = tx->doomed.len;
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement,
		"SELECT blob FROM partial WHERE owner = ?1 AND path = ?2", "tt", owner, path);

	if (more == 0)
		more = blobs_doom(tx, statement);
	if (more < 0 || tx->doomed.len == doomed)
		return more;
	return sql_run(tx, "DELETE FROM partial WHERE owner = ?1 AND path = ?2", "tt", owner, path);
}

int store_partials_remove(struct tx *tx, const char *owner)
{
	sqlite3_stmt *statement;
	int more = sql_bind(
		tx, &statement, "DELETE FROM partial WHERE owner = ?1 RETURNING blob", "t", owner);

	return more < 0 ? more : blobs_doom(tx, statement);
}

int partials_expire(struct tx *tx)
{
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement,
		"DELETE FROM partial WHERE blob IN"
		" (SELECT blob FROM partial WHERE modified < ?1 ORDER BY modified LIMIT ?2)"
		" RETURNING blob",
		"ii", store_now() - KEPT_TIME, (int64_t)EXPIRED_AT_ONCE);

	if (more == 0)
		more = blobs_doom(tx, statement);
	return more < 0 ? more : sqlite3_changes(tx->db) == EXPIRED_AT_ONCE;
}
