/* What people are to be told over XMPP: made in the transaction of its cause, kept until it has been told. */
#include "base/arena.h"
#include "store/inside.h"

int notice_make(struct tx *tx, int64_t resource, const char *kind, const char *who, int64_t time)
{
	static const char sql[] = "INSERT INTO notice (jid, kind, name, href, who, time)"
				  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
	struct arena *arena = arena_new();
	struct buf href = {0};
	struct walk walk;
	int error = store_chain(tx, arena, resource, &walk);

	if (error == 0 && walk.count > 0) {
		const struct resource *file = &walk.chain[walk.count - 1];

		walk_href(&href, &walk);
		error = sql_run(tx, sql,
			"tttt"
			"ti",
			file->owner, kind, file->displayname ? file->displayname : file->spelling,
			buf_text(&href), who, time);
		tx->noticed = true;
	}
	buf_free(&href);
	arena_free(arena);
	return error;
}

unsigned store_noticed(const struct store *store)
{
	return atomic_load(&store->noticed);
}

/* Whom to tell first, and of what. 1, 0 when there is nobody, or negative errno. */
static int find_first(struct tx *tx, struct arena *arena, struct notices *out)
{
	static const char first[] = "SELECT jid, kind FROM notice ORDER BY id LIMIT 1";
	static const char all[] =
		"SELECT count(*), max(id) FROM notice WHERE jid = ?1 AND kind = ?2";
	sqlite3_stmt *statement;
	int found = sql_bind(tx, &statement, first, "");

	if (found == 0)
		found = sql_step(tx, statement);
	if (found != 1)
		return found;
	out->jid = sql_text(arena, statement, 0);
	out->kind = sql_text(arena, statement, 1);
	sql_end(statement);
	found = sql_bind(tx, &statement, all, "tt", out->jid, out->kind);
	if (found == 0)
		found = sql_step(tx, statement);
	if (found != 1)
		return found;
	out->more = (uint64_t)sqlite3_column_int64(statement, 0);
	out->last = sqlite3_column_int64(statement, 1);
	sql_end(statement);
	return 1;
}

int store_notices(struct tx *tx, struct arena *arena, struct notices *out)
{
	static const char sql[] = "SELECT name, href, who, time FROM notice"
				  " WHERE jid = ?1 AND kind = ?2 ORDER BY id LIMIT ?3";
	sqlite3_stmt *statement;
	int more;

	*out = (struct notices){0};
	more = find_first(tx, arena, out);
	if (more != 1)
		return more;
	more = sql_bind(tx, &statement, sql, "tti", out->jid, out->kind, (int64_t)NOTICES_TOLD);
	if (more < 0)
		return more;
	while ((more = sql_step(tx, statement)) == 1)
		out->list[out->count++] = (struct notice){
			.name = sql_text(arena, statement, 0),
			.href = sql_text(arena, statement, 1),
			.who = sql_text(arena, statement, 2),
			.time = sqlite3_column_int64(statement, 3),
		};
	out->more -= out->count;
	return more;
}

int store_notices_told(struct tx *tx, const struct notices *told)
{
	return sql_run(tx, "DELETE FROM notice WHERE jid = ?1 AND kind = ?2 AND id <= ?3", "tti",
		told->jid, told->kind, told->last);
}
