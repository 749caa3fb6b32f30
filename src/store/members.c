/* What is in a collection, told row by row while SQLite stands on it: nothing is copied, and no memory grows with how much there is. */
#include "store/inside.h"

#include <assert.h>
#include <string.h>

/* The telling that is under way on a connection. */
struct telling {
	int (*each)(void *arg, const struct resource *member);
	void *arg;
	size_t left; /* so many may be told */
	int result;  /* what ended it */
};

/* True: it is over. */
static bool tell(struct tx *tx, sqlite3_value **row)
{
	struct telling *telling = tx->telling;
	struct resource member;

	/* Whatever plan SQLite may have: behind the end nothing is told. */
	if (telling->result != 0 || telling->left == 0)
		return true;
	resource_read(NULL, row, &member);
	if (resource_is_due(tx, &member))
		return false;
	telling->result = telling->each(telling->arg, &member);
	return telling->result != 0 || --telling->left == 0;
}

/*
 * told_enough(RESOURCE_COLUMNS): what a query asks of each row, so that SQLite goes from row to row by itself; to hand each out by
 * sqlite3_step() and sqlite3_column_*() takes half as long again.
 */
static void told_enough(sqlite3_context *context, int count, sqlite3_value **row)
{
	sqlite3_result_int(context, tell(sqlite3_user_data(context), row));
}

int members_open(struct tx *tx)
{
	return sqlite3_create_function(tx->db, "told_enough", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
		tx, told_enough, NULL, NULL);
}

int store_members(struct tx *tx, int64_t collection, const char *after, size_t most,
	int (*each)(void *arg, const struct resource *member), void *arg)
{
	static const char sql[] = "SELECT 1 FROM resource r WHERE r.parent = ?1 AND r.name > ?2"
				  " AND told_enough(" RESOURCE_COLUMNS ") ORDER BY r.name LIMIT 1";
	struct telling telling = {.each = each, .arg = arg, .left = most};
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement, sql, "it", collection, after ? after : "");

	assert(!tx->telling && most > 0);
	if (more < 0)
		return more;
	tx->telling = &telling;
	more = sql_step(tx, statement);
	tx->telling = NULL;
	if (more == 1)
		sql_end(statement);
	return more < 0 ? more : telling.result;
}

int store_root_members(struct tx *tx, const struct jid *jid, const char *after, size_t most,
	int (*each)(void *arg, const struct resource *member), void *arg)
{
	/* What is due is little: the sign keeps SQLite from looking for it among all members of the root. */
	static const char sql[] =
		"WITH due AS (SELECT name FROM resource"
		"    WHERE expires > 0 AND expires <= ?5 AND +parent = 1),"
		" names AS ("
		"  SELECT * FROM (SELECT name FROM resource"
		"    WHERE parent = 1 AND owner = ?1 AND name > ?3 AND name NOT IN due"
		"    ORDER BY name LIMIT ?4)"
		"  UNION SELECT * FROM (SELECT DISTINCT root_name FROM list"
		"    WHERE bare = ?1 AND resourcepart IN ('', ?2) AND root_name > ?3"
		"    AND root_name NOT IN due ORDER BY root_name LIMIT ?4))"
		"SELECT " RESOURCE_COLUMNS
		" FROM names n JOIN resource r ON r.parent = 1 AND r.name = n.name"
		" ORDER BY r.name LIMIT ?4";
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement, sql, "tttii", jid->bare,
		jid->resourcepart ? jid->resourcepart : "", after ? after : "", (int64_t)most,
		tx->now);
	int result = 0;

	if (more < 0)
		return more;
	while (result == 0 && (more = sql_step(tx, statement)) == 1) {
		struct resource member;

		resource_take(NULL, statement, &member);
		result = each(arg, &member);
	}
	if (more == 1)
		sql_end(statement);
	return more < 0 ? more : result;
}
