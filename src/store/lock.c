#include "base/arena.h"
#include "store/inside.h"

#include <errno.h>
#include <string.h>

#define COLUMNS "l.token, l.resource, l.href, l.owner, l.shared, l.infinite, l.expires, l.note"

/* What was gathered, in the arena. */
static void *keep(struct arena *arena, struct buf *found)
{
	void *kept = arena_alloc(arena, found->len);

	if (found->len)
		memcpy(kept, found->data, found->len);
	buf_free(found);
	return kept;
}

/* Most often there are none: no memory is made ready for those that may be. */
static int take_all(
	struct tx *tx, struct arena *arena, sqlite3_stmt *row, struct lock **locks, size_t *count)
{
	struct buf found = {0};
	int more;

	*count = 0;
	while ((more = sql_step(tx, row)) == 1) {
		struct lock lock = {
			.token = sql_text(arena, row, 0),
			.resource = sqlite3_column_int64(row, 1),
			.href = sql_text(arena, row, 2),
			.owner = sql_text(arena, row, 3),
			.shared = sqlite3_column_int(row, 4),
			.infinite = sqlite3_column_int(row, 5),
			.expires = sqlite3_column_int64(row, 6),
			.note = sql_text(arena, row, 7),
		};

		buf_append(&found, &lock, sizeof(lock));
		++*count;
	}
	*locks = keep(arena, &found);
	return more;
}

int store_locks(
	struct tx *tx, struct arena *arena, int64_t resource, struct lock **locks, size_t *count)
{
	static const char sql[] = "WITH RECURSIVE up (id, parent, above) AS ("
				  "  SELECT id, parent, 0 FROM resource WHERE id = ?1"
				  "  UNION ALL SELECT r.id, r.parent, 1 FROM up JOIN resource r ON "
				  "r.id = up.parent WHERE up.parent > 0)"
				  "SELECT " COLUMNS " FROM up JOIN lock l ON l.resource = up.id"
				  " WHERE (up.above = 0 OR l.infinite) AND l.expires > ?2";
	sqlite3_stmt *statement;
	int64_t one;
	int more = sql_number(tx, &one, "SELECT 1 FROM lock LIMIT 1", "");

	*count = 0;
	if (more <= 0)
		return more;
	more = sql_bind(tx, &statement, sql, "ii", resource, store_now());
	return more < 0 ? more : take_all(tx, arena, statement, locks, count);
}

/* An owner has few locks: from them to the members, whatever SQLite thinks of it. */
int store_locked_members(struct tx *tx, struct arena *arena, int64_t collection, const char *owner,
	int64_t **ids, size_t *count)
{
	static const char sql[] =
		"SELECT DISTINCT l.resource FROM lock l CROSS JOIN resource r ON r.id = l.resource"
		" WHERE l.owner = ?2 AND l.expires > ?3 AND r.parent = ?1"
		" ORDER BY l.resource";
	sqlite3_stmt *statement;
	struct buf found = {0};
	int more = sql_bind(tx, &statement, sql, "iti", collection, owner, store_now());

	*count = 0;
	if (more < 0)
		return more;
	more = sql_numbers(tx, statement, &found);
	*count = found.len / sizeof(**ids);
	*ids = keep(arena, &found);
	return more;
}

/* Only the owner of a tree can lock in it: from each of their locks the way up is short. */
int store_locks_below(struct tx *tx, struct arena *arena, int64_t collection, const char *owner,
	struct lock **locks, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM lock l WHERE l.owner = ?2 AND l.expires > ?3 AND EXISTS ("
		"  WITH RECURSIVE up (parent) AS ("
		"    SELECT parent FROM resource WHERE id = l.resource"
		"    UNION ALL SELECT r.parent FROM up JOIN resource r ON r.id = up.parent WHERE "
		"up.parent > 0)"
		"  SELECT 1 FROM up WHERE parent = ?1)";
	sqlite3_stmt *statement;
	int error = sql_bind(tx, &statement, sql, "iti", collection, owner, store_now());

	return error < 0 ? error : take_all(tx, arena, statement, locks, count);
}

int store_lock_make(struct tx *tx, const struct lock *lock)
{
	static const char sql[] =
		"INSERT INTO lock (token, resource, href, owner, shared, infinite, expires, note)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
	int error = sql_run(tx, "DELETE FROM lock WHERE owner = ?1 AND expires <= ?2", "ti",
		lock->owner, store_now());

	return error < 0 ? error
			 : sql_run(tx, sql, "tittiiit", lock->token, lock->resource, lock->href,
				   lock->owner, (int64_t)lock->shared, (int64_t)lock->infinite,
				   lock->expires, lock->note);
}

int store_lock_refresh(struct tx *tx, const char *token, int64_t expires)
{
	return sql_run(tx, "UPDATE lock SET expires = ?2 WHERE token = ?1", "ti", token, expires);
}

int store_lock_remove(struct tx *tx, const char *token)
{
	return sql_run(tx, "DELETE FROM lock WHERE token = ?1", "t", token);
}

int store_lock_count(struct tx *tx, const char *owner, int64_t *count)
{
	int more =
		sql_number(tx, count, "SELECT count(*) FROM lock WHERE owner = ?1 AND expires > ?2",
			"ti", owner, store_now());

	return more < 0 ? more : 0;
}

int locks_drop(struct tx *tx, const struct resource *resource)
{
	struct arena *arena = arena_new();
	struct lock *locks;
	size_t count;
	int error = store_locks_below(tx, arena, resource->id, resource->owner, &locks, &count);

	for (size_t i = 0; error == 0 && i < count; i++)
		error = store_lock_remove(tx, locks[i].token);
	if (error == 0)
		error = sql_run(tx, "DELETE FROM lock WHERE resource = ?1", "i", resource->id);
	arena_free(arena);
	return error;
}
