/* Copies of what is in a collection: a statement for many members, so that SQLite goes from row to row by itself. */
#include "store/inside.h"

#include <errno.h>

/* next_resource() and next_change() in SQL: numbers that are given out. */
static void next_resource(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct tx *tx = sqlite3_user_data(context);

	sqlite3_result_int64(context, ++tx->store->last_resource);
}

static void next_change(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct tx *tx = sqlite3_user_data(context);

	sqlite3_result_int64(context, ++tx->store->last_change);
}

int copies_open(struct tx *tx)
{
	int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY, code;

	code = sqlite3_create_function(
		tx->db, "next_resource", 0, flags, tx, next_resource, NULL, NULL);
	return code == SQLITE_OK ? sqlite3_create_function(tx->db, "next_change", 0, flags, tx,
					   next_change, NULL, NULL)
				 : code;
}

/* What a default says of how long new files are kept. */
static int begin_retention(struct tx *tx, int64_t collection, const char *after, const char *last)
{
	static const char sql[] = "SELECT id FROM resource WHERE parent = ?1 AND name > ?2"
				  " AND name <= ?3 AND NOT collection";
	sqlite3_stmt *statement;
	struct buf files = {0};
	int more;

	if (!tx->store->options.expires)
		return 0;
	more = sql_bind(tx, &statement, sql, "itt", collection, after, last);
	if (more < 0)
		return more;
	more = sql_numbers(tx, statement, &files);
	for (size_t at = 0; more == 0 && at < files.len; at += sizeof(int64_t))
		more = retention_begin(tx, *(int64_t *)(void *)(files.data + at));
	buf_free(&files);
	return more;
}

int store_copy_members(struct tx *tx, int64_t from, int64_t to, const char *after, const char *last,
	const char *owner)
{
	static const char members[] =
		"INSERT INTO resource (parent, name, id, spelling, collection, owner, "
		"has_properties, content, length,"
		"  content_type, displayname, created, modified, change)"
		" SELECT ?2, name, next_resource(), spelling, collection, ?5, has_properties,"
		"  content, length, content_type, displayname, ?6, ?6, next_change() FROM resource"
		"  WHERE parent = ?1 AND name > ?3 AND name <= ?4"
		"  AND (expires = 0 OR expires > ?7) ORDER BY name";
	/* The copies are found by their names, whatever SQLite thinks of it. */
	static const char properties[] =
		"INSERT INTO property (resource, ns, name, xml)"
		" SELECT n.id, p.ns, p.name, p.xml FROM resource o"
		"  CROSS JOIN resource n ON n.parent = ?2 AND n.name = o.name"
		"  CROSS JOIN property p ON p.resource = o.id"
		"  WHERE o.parent = ?1 AND o.name > ?3 AND o.name <= ?4 AND o.has_properties"
		"  AND n.has_properties";
	int error =
		sql_run(tx, members, "iitttii", from, to, after, last, owner, store_now(), tx->now);

	if (error == 0)
		error = sql_run(tx, properties, "iitt", from, to, after, last);
	return error < 0 ? error : begin_retention(tx, to, after, last);
}

int store_member_id(struct tx *tx, int64_t collection, const char *name, int64_t *id)
{
	int found = sql_number(tx, id, "SELECT id FROM resource WHERE parent = ?1 AND name = ?2",
		"it", collection, name);

	return found == 0 ? -ENOENT : found < 0 ? found : 0;
}
