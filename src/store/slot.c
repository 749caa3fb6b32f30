/* Uploads that are promised, and the links that come of them. */
#include "base/arena.h"
#include "store/inside.h"

#include <errno.h>

/* An upload that was begun in time may take that long. */
enum { FILLING_TIME = 24 * 3600 * 1000, EXPIRED_AT_ONCE = 1000 };

int store_slot_make(struct tx *tx, struct slot *slot)
{
	static const char sql[] =
		"INSERT INTO slot (token, owner, name, displayname, length, content_type, purpose,"
		"  expires, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

	slot->until = store_now() + SLOT_TIME;
	return sql_run(tx, sql, "ttttitiii", slot->token, slot->owner, slot->name,
		slot->displayname, (int64_t)slot->length, slot->content_type,
		(int64_t)slot->purpose, slot->expires, slot->until);
}

int store_slot(struct tx *tx, struct arena *arena, const char *token, struct slot *slot)
{
	static const char sql[] = "SELECT token, owner, name, displayname, length, content_type,"
				  "  purpose, expires, until FROM slot WHERE token = ?1";
	sqlite3_stmt *row;
	int more = sql_bind(tx, &row, sql, "t", token);

	if (more == 0)
		more = sql_step(tx, row);
	if (more != 1)
		return more;
	*slot = (struct slot){
		.token = sql_text(arena, row, 0),
		.owner = sql_text(arena, row, 1),
		.name = sql_text(arena, row, 2),
		.displayname = sql_text(arena, row, 3),
		.length = (uint64_t)sqlite3_column_int64(row, 4),
		.content_type = sql_text(arena, row, 5),
		.purpose = (enum slot_purpose)sqlite3_column_int(row, 6),
		.expires = sqlite3_column_int64(row, 7),
		.until = sqlite3_column_int64(row, 8),
	};
	sql_end(row);
	return 1;
}

bool slot_is_open(const struct slot *slot)
{
	return store_now() < slot->until;
}

int store_slot_named(struct tx *tx, const char *name)
{
	int64_t one;

	return sql_number(tx, &one, "SELECT 1 FROM slot WHERE name = ?1 AND until > ?2", "ti", name,
		store_now());
}

int store_slots(struct tx *tx, const char *owner, struct slots *slots)
{
	static const char sql[] =
		"SELECT count(*), coalesce(sum(length), 0), coalesce(min(until), 0)"
		" FROM slot WHERE owner = ?1 AND until > ?2";
	sqlite3_stmt *row;
	int more = sql_bind(tx, &row, sql, "ti", owner, store_now());

	*slots = (struct slots){0};
	if (more == 0)
		more = sql_step(tx, row);
	if (more != 1)
		return more;
	slots->count = (uint64_t)sqlite3_column_int64(row, 0);
	slots->bytes = (uint64_t)sqlite3_column_int64(row, 1);
	slots->first = sqlite3_column_int64(row, 2);
	sql_end(row);
	return 0;
}

int store_slots_remove(struct tx *tx, const char *owner)
{
	return sql_run(tx, "DELETE FROM slot WHERE owner = ?1", "t", owner);
}

int store_slot_use(struct tx *tx, const char *token)
{
	int error = sql_run(tx, "DELETE FROM slot WHERE token = ?1", "t", token);

	return error < 0 ? error : sqlite3_changes(tx->db) == 1 ? 0 : -ENOENT;
}

int slots_expire(struct tx *tx)
{
	static const char sql[] =
		"DELETE FROM slot WHERE token IN"
		" (SELECT token FROM slot WHERE until < ?1 ORDER BY until LIMIT ?2)";
	int error = sql_run(tx, sql, "ii", store_now() - FILLING_TIME, (int64_t)EXPIRED_AT_ONCE);

	return error < 0 ? error : sqlite3_changes(tx->db) == EXPIRED_AT_ONCE;
}

int store_link_make(struct tx *tx, struct resource *made)
{
	made->link = true;
	return sql_run(
		tx, "UPDATE resource SET link = 1 WHERE id = ?1 AND parent = 1", "i", made->id);
}

int store_link_end(struct tx *tx, int64_t resource)
{
	int error = sql_run(tx, "UPDATE resource SET link = 0 WHERE id = ?1", "i", resource);

	return error < 0 ? error : resource_touch(tx, resource);
}

/* The index has the links alone: what is no link is as absent from it as what is not there. */
int store_link(struct tx *tx, const char *name)
{
	static const char sql[] = "SELECT 1 FROM resource INDEXED BY resource_link"
				  " WHERE name = ?1 AND link > 0";
	int64_t one;

	return sql_number(tx, &one, sql, "t", name);
}
