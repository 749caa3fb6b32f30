#include "base/arena.h"
#include "store/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_JID = 256 /* bytes; who is called longer is looked up each time */ };

static int look_up(struct tx *tx, int64_t resource, const struct jid *jid)
{
	static const char sql[] =
		"SELECT 1 FROM list"
		" WHERE resource = ?1 AND bare = ?2 AND resourcepart IN ('', ?3) LIMIT 1";
	int64_t one;

	return sql_number(tx, &one, sql, "itt", resource, jid->bare,
		jid->resourcepart ? jid->resourcepart : "");
}

int store_list_names(struct tx *tx, int64_t resource, const struct jid *jid)
{
	const char *resourcepart = jid->resourcepart ? jid->resourcepart : "";
	size_t bare = strlen(jid->bare) + 1, length = bare + strlen(resourcepart);
	struct kept_key key = {.kind = KEPT_LISTED, .number = resource, .length = length};
	char text[KEPT_JID];
	const bool *kept;
	bool *copy;
	int names;

	if (!tx->glance || length > sizeof(text))
		return look_up(tx, resource, jid);
	memcpy(text, jid->bare, bare);
	memcpy(text + bare, resourcepart, length - bare);
	key.text = text;
	kept = cache_find(tx, &key);
	if (kept)
		return *kept;
	names = look_up(tx, resource, jid);
	if (names < 0)
		return names;
	copy = malloc(sizeof(*copy));
	if (!copy)
		abort();
	*copy = names;
	cache_keep(tx, &key, copy, sizeof(*copy), free);
	return names;
}

void jid_take(struct arena *arena, sqlite3_stmt *row, struct jid *jid)
{
	const char *resourcepart = sql_text(arena, row, 1);
	struct jid parsed;

	/* It was normalised when it was set; parsing it again only finds its domain. */
	jid->bare = sql_text(arena, row, 0);
	jid->domain = jid_parse(arena, jid->bare, &parsed) == 0 ? parsed.domain : jid->bare;
	jid->resourcepart = *resourcepart ? resourcepart : NULL;
}

int store_list(
	struct tx *tx, struct arena *arena, int64_t resource, struct jid **jids, size_t *count)
{
	static const char sql[] =
		"SELECT bare, resourcepart FROM list WHERE resource = ?1 ORDER BY position";
	sqlite3_stmt *statement;
	int64_t entries = 0;
	int more = sql_number(
		tx, &entries, "SELECT count(*) FROM list WHERE resource = ?1", "i", resource);

	*count = 0;
	if (more < 0)
		return more;
	*jids = arena_alloc(arena, ((size_t)entries + 1) * sizeof(**jids));
	more = sql_bind(tx, &statement, sql, "i", resource);
	if (more < 0)
		return more;
	while ((more = sql_step(tx, statement)) == 1)
		jid_take(arena, statement, &(*jids)[(*count)++]);
	return more;
}

static int set_own(struct tx *tx, int64_t resource, int64_t has)
{
	int error = sql_run(tx, "DELETE FROM list WHERE resource = ?1", "i", resource);

	if (error == 0)
		error = sql_run(tx, "UPDATE resource SET has_list = ?2, link = 0 WHERE id = ?1",
			"ii", resource, has);
	return error < 0 ? error : resource_touch(tx, resource);
}

int store_list_set(struct tx *tx, int64_t resource, const struct jid *jids, size_t count)
{
	static const char sql[] =
		"INSERT OR IGNORE INTO list (resource, bare, resourcepart, position, root_name)"
		" VALUES (?1, ?2, ?3, ?4, (SELECT name FROM resource WHERE id = ?1 AND parent = "
		"1))";
	int error = set_own(tx, resource, 1);

	for (size_t i = 0; error == 0 && i < count; i++)
		error = sql_run(tx, sql, "itti", resource, jids[i].bare,
			jids[i].resourcepart ? jids[i].resourcepart : "", (int64_t)i);
	return error < 0 ? error : once_count_below(tx, resource, true);
}

int store_list_remove(struct tx *tx, int64_t resource)
{
	int error = set_own(tx, resource, 0);

	return error < 0 ? error : once_count_below(tx, resource, true);
}
