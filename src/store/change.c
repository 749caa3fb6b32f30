#include "base/arena.h"
#include "store/inside.h"

#include <assert.h>

/* How long a deletion is told to those who ask what has changed. */
#define REMEMBERED_TIME (90LL * 24 * 3600 * 1000)
enum { FORGOTTEN_AT_ONCE = 1000, GONE_COLUMN = RESOURCE_VALUES };

static void take(struct arena *arena, sqlite3_stmt *row, struct changed *out)
{
	out->gone = sqlite3_column_int(row, GONE_COLUMN);
	resource_take(arena, row, &out->resource);
}

int store_changed(struct tx *tx, struct arena *arena, int64_t collection, int64_t after,
	int64_t last, size_t most, struct changed **changed, size_t *count)
{
	static const char sql[] =
		"SELECT " RESOURCE_COLUMNS ", 0 FROM resource r"
		"  WHERE r.parent = ?1 AND r.change > ?2 AND r.change <= ?3"
		"  AND (r.expires = 0 OR r.expires > ?5)"
		" UNION ALL"
		" SELECT 0, 0, 0, t.change, 0, 0, NULL, NULL, 0, 0, 0, 0, '', 0, t.spelling,"
		"  t.id, t.name, t.parent, 1 FROM tombstone t"
		"  WHERE t.parent = ?1 AND t.change > ?2 AND t.change <= ?3 AND NOT EXISTS"
		"   (SELECT 1 FROM resource x WHERE x.parent = t.parent AND x.name = t.name)"
		" ORDER BY 4 LIMIT ?4";
	sqlite3_stmt *statement;
	int more = sql_bind(
		tx, &statement, sql, "iiiii", collection, after, last, (int64_t)most, tx->now);

	*changed = arena_alloc(arena, most * sizeof(**changed));
	*count = 0;
	if (more < 0)
		return more;
	while ((more = sql_step(tx, statement)) == 1) {
		assert(*count < most);
		take(arena, statement, &(*changed)[(*count)++]);
	}
	return more;
}

int store_changes(struct tx *tx, int64_t *last, int64_t *forgotten)
{
	int more = sql_number(tx, last, "SELECT change FROM counter", "");

	if (more >= 0)
		more = sql_number(tx, forgotten, "SELECT forgotten FROM counter", "");
	return more < 0 ? more : 0;
}

const char *store_opening(const struct tx *tx)
{
	return tx->store->opening;
}

int store_holds(struct tx *tx, const char *opening, int64_t change)
{
	static const char sql[] =
		"SELECT ?2 <= coalesce((SELECT n.change FROM opening n WHERE n.start > o.start"
		"  ORDER BY n.start LIMIT 1), ?2) FROM opening o WHERE o.name = ?1";
	int64_t holds = 0;
	int found = sql_number(tx, &holds, sql, "ti", opening, change);

	return found < 0 ? found : holds != 0;
}

int tombstones_expire(struct tx *tx)
{
	static const char which[] = "SELECT max(change) FROM (SELECT change, time FROM tombstone "
				    "ORDER BY change LIMIT ?2)"
				    " WHERE time < ?1";
	int64_t last = 0;
	bool more;
	int found = sql_number(
		tx, &last, which, "ii", store_now() - REMEMBERED_TIME, (int64_t)FORGOTTEN_AT_ONCE);

	if (found < 0 || last == 0)
		return found < 0 ? found : 0;
	found = sql_run(tx, "DELETE FROM tombstone WHERE change <= ?1", "i", last);
	more = sqlite3_changes(tx->db) == FORGOTTEN_AT_ONCE;
	if (found == 0)
		found = sql_run(tx, "UPDATE counter SET forgotten = ?1", "i", last);
	return found < 0 ? found : more;
}

int tombstones_drop(struct tx *tx, int64_t collection)
{
	return sql_run(tx, "DELETE FROM tombstone WHERE parent = ?1", "i", collection);
}
