#include "base/arena.h"
#include "store/inside.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS RESOURCE_COLUMNS

int64_t store_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* 1 with the resource, 0 when there is none, or negative errno. */
static int take_one(
	struct tx *tx, struct arena *arena, sqlite3_stmt *statement, struct resource *out)
{
	int more = sql_step(tx, statement);

	if (more == 1) {
		resource_take(arena, statement, out);
		sql_end(statement);
	}
	return more;
}

static int find(
	struct tx *tx, struct arena *arena, int64_t parent, const char *name, struct resource *out)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM resource r WHERE r.parent = ?1 AND r.name = ?2";
	const struct kept_key key = {KEPT_RESOURCE, parent, name, strlen(name)};
	const struct resource *kept = cache_find(tx, &key);
	sqlite3_stmt *statement;
	size_t size;
	int found;

	if (kept) {
		*out = *resource_copy(arena, kept);
		cache_expires(tx, out->expires);
		return !resource_is_due(tx, out);
	}
	found = sql_bind(tx, &statement, sql, "it", parent, name);
	if (found == 0)
		found = take_one(tx, arena, statement, out);
	if (found == 1 && tx->glance) {
		struct resource *copy = resource_copy_heap(out, &size);

		cache_keep(tx, &key, copy, size, free);
	}
	return found == 1 && resource_is_due(tx, out) ? 0 : found;
}

void walk_href(struct buf *out, const struct walk *walk)
{
	buf_puts(out, "/");
	for (size_t i = 1; i < walk->count; i++) {
		uri_encode(out, walk->chain[i].spelling);
		if (walk->chain[i].collection)
			buf_puts(out, "/");
	}
}

int store_walk(struct tx *tx, struct arena *arena, const struct path *path, struct walk *walk)
{
	int found;

	walk->path = path;
	walk->chain = arena_alloc(arena, (path->depth + 1) * sizeof(*walk->chain));
	walk->count = 0;
	found = find(tx, arena, 0, "", &walk->chain[0]);
	while (found == 1) {
		const struct resource *last = &walk->chain[walk->count++];

		if (walk->count > path->depth || !last->collection)
			return 0;
		found = find(tx, arena, last->id, path->segments[walk->count - 1].name,
			&walk->chain[walk->count]);
	}
	if (found == 0 && walk->count == 0)
		return -EIO;
	return found;
}

/* All rows of the statement, at most `most`. */
static int take_all(struct tx *tx, struct arena *arena, sqlite3_stmt *statement, size_t most,
	struct resource **members, size_t *count)
{
	int more;

	*members = arena_alloc(arena, most * sizeof(**members));
	*count = 0;
	while ((more = sql_step(tx, statement)) == 1) {
		assert(*count < most);
		resource_take(arena, statement, &(*members)[(*count)++]);
	}
	return more;
}

int store_root_shared(struct tx *tx, struct arena *arena, const struct jid *jid, size_t most,
	struct resource **members, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM (SELECT DISTINCT root_name FROM list"
		"    WHERE bare = ?1 AND resourcepart IN ('', ?2) AND root_name IS NOT NULL) n"
		"  JOIN resource r ON r.parent = 1 AND r.name = n.root_name"
		" WHERE r.owner <> ?1 AND (r.expires = 0 OR r.expires > ?4)"
		" ORDER BY r.name LIMIT ?3";
	sqlite3_stmt *statement;
	int error = sql_bind(tx, &statement, sql, "ttii", jid->bare,
		jid->resourcepart ? jid->resourcepart : "", (int64_t)most, tx->now);

	return error < 0 ? error : take_all(tx, arena, statement, most, members, count);
}

int store_root_owned(struct tx *tx, struct arena *arena, const char *owner, const char *after,
	size_t most, struct resource **members, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS
		" FROM resource r WHERE r.parent = 1 AND r.owner = ?1 AND r.name > ?2"
		" ORDER BY r.name LIMIT ?3";
	sqlite3_stmt *statement;
	int error = sql_bind(tx, &statement, sql, "tti", owner, after ? after : "", (int64_t)most);

	return error < 0 ? error : take_all(tx, arena, statement, most, members, count);
}

static const char *spelling_of(const struct segment *segment)
{
	return strcmp(segment->name, segment->spelling) == 0 ? NULL : segment->spelling;
}

static int fill(struct tx *tx, struct arena *arena, int64_t id, struct resource *made)
{
	static const char sql[] = "SELECT " COLUMNS " FROM resource r WHERE r.id = ?1";
	sqlite3_stmt *statement;
	int found = sql_bind(tx, &statement, sql, "i", id);

	if (found == 0)
		found = take_one(tx, arena, statement, made);
	return found == 0 ? -ENOENT : found < 0 ? found : 0;
}

int store_chain(struct tx *tx, struct arena *arena, int64_t resource, struct walk *walk)
{
	struct resource *chain = arena_alloc(arena, (PATH_DEPTH_MAX + 1) * sizeof(*chain));
	size_t at = PATH_DEPTH_MAX + 1;
	int error = 0;

	*walk = (struct walk){0};
	while (error == 0 && resource > 0 && at > 0) {
		error = fill(tx, arena, resource, &chain[--at]);
		resource = chain[at].parent;
	}
	if (error < 0)
		return error == -ENOENT ? 0 : error;
	if (at <= PATH_DEPTH_MAX && chain[at].id == STORE_ROOT)
		*walk = (struct walk){.chain = chain + at, .count = PATH_DEPTH_MAX + 1 - at};
	return 0;
}

int store_make_collection(struct tx *tx, int64_t parent, const struct segment *segment,
	const char *owner, struct resource *made, struct arena *arena)
{
	static const char sql[] = "INSERT INTO resource (parent, name, id, spelling, collection, "
				  "owner, created, modified, change)"
				  " VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?6, ?7)";
	struct store *store = tx->store;
	int64_t id = ++store->last_resource;
	int error = due_clear(tx, parent, segment->name);

	if (error == 0)
		error = sql_run(tx, sql,
			"ititt"
			"ii",
			parent, segment->name, id, spelling_of(segment), owner, store_now(),
			++store->last_change);
	return error < 0 ? error : fill(tx, arena, id, made);
}

int store_make_file(struct tx *tx, int64_t parent, const struct segment *segment, const char *owner,
	const char *content_type, struct upload *upload, struct resource *made, struct arena *arena)
{
	static const char sql[] = "INSERT INTO resource (parent, name, id, spelling, collection, "
				  "owner, content, length,"
				  "  content_type, created, modified, change)"
				  " VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?9, ?10)";
	struct store *store = tx->store;
	int64_t content = content_make(tx, upload), id = ++store->last_resource;
	int64_t length = upload ? (int64_t)upload_length(upload) : 0, now = store_now();
	int64_t change;
	int error;

	if (content < 0)
		return (int)content;
	error = due_clear(tx, parent, segment->name);
	change = ++store->last_change;
	if (error == 0)
		error = sql_run(tx, sql,
			"ititt"
			"iitii",
			parent, segment->name, id, spelling_of(segment), owner, content, length,
			content_type, now, change);
	if (error == 0)
		error = retention_begin(tx, id);
	if (error < 0)
		return error;
	/* What the row is now need not be read again, unless a default has set when it goes. */
	if (store->options.expires)
		return fill(tx, arena, id, made);
	*made = (struct resource){
		.id = id,
		.parent = parent,
		.name = arena_strdup(arena, segment->name),
		.spelling = arena_strdup(arena, segment->spelling),
		.owner = arena_strdup(arena, owner),
		.content = content,
		.length = (uint64_t)length,
		.content_type = content_type ? arena_strdup(arena, content_type) : NULL,
		.created = now,
		.modified = now,
		.change = change,
	};
	return 0;
}

int store_replace_content(struct tx *tx, const struct resource *resource, const char *content_type,
	struct upload *upload, struct resource *made, struct arena *arena)
{
	static const char sql[] =
		"UPDATE resource SET content = ?2, length = ?3, content_type = ?4,"
		" modified = ?5, change = ?6, link = 0 WHERE id = ?1";
	int64_t content = content_make(tx, upload), now = store_now();
	int64_t change = ++tx->store->last_change;
	int error;

	if (content < 0)
		return (int)content;
	error = sql_run(tx, sql, "iiitii", resource->id, content, (int64_t)upload_length(upload),
		content_type, now, change);
	if (error == 0)
		error = content_release(tx, resource->content);
	if (error == 0)
		error = retention_renew(tx, resource->id);
	if (error != 0)
		return error < 0 ? error : fill(tx, arena, resource->id, made);
	*made = *resource;
	made->content = content;
	made->length = upload_length(upload);
	made->content_type = content_type ? arena_strdup(arena, content_type) : NULL;
	made->modified = now;
	made->change = change;
	made->link = false;
	return 0;
}

int store_modified_set(struct tx *tx, int64_t resource, int64_t modified)
{
	int error = sql_run(tx,
		"UPDATE resource SET stored = max(stored, modified), modified = ?2 WHERE id = ?1",
		"ii", resource, modified);

	return error < 0 ? error : resource_touch(tx, resource);
}

int resource_touch(struct tx *tx, int64_t id)
{
	return sql_run(tx, "UPDATE resource SET change = ?2 WHERE id = ?1", "ii", id,
		++tx->store->last_change);
}

int resource_remove(struct tx *tx, int64_t id, int64_t content)
{
	int error = sql_run(tx, "DELETE FROM list WHERE resource = ?1", "i", id);

	if (error == 0)
		error = sql_run(tx, "DELETE FROM property WHERE resource = ?1", "i", id);
	if (error == 0)
		error = sql_run(tx, "DELETE FROM lock WHERE resource = ?1", "i", id);
	if (error == 0)
		error = retention_drop(tx, id);
	if (error == 0)
		error = sql_run(tx, "DELETE FROM resource WHERE id = ?1", "i", id);
	if (error == 0 && content)
		error = content_release(tx, content);
	return error;
}

/* That there is nothing at this place any more. */
static int leave(struct tx *tx, const struct resource *resource)
{
	return sql_run(tx,
		"INSERT OR REPLACE INTO tombstone (change, parent, name, id, time, spelling)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		"iitiit", ++tx->store->last_change, resource->parent, resource->name, resource->id,
		store_now(), resource->spelling);
}

int store_move(struct tx *tx, const struct resource *resource, int64_t parent,
	const struct segment *segment)
{
	static const char move[] = "UPDATE resource SET parent = ?2, name = ?3, spelling = ?4, "
				   "change = ?5, link = 0 WHERE id = ?1";
	static const char list[] = "UPDATE list SET root_name = (SELECT name FROM resource WHERE "
				   "id = ?1 AND parent = 1)"
				   " WHERE resource = ?1";
	int error = locks_drop(tx, resource);

	if (error == 0)
		error = due_clear(tx, parent, segment->name);
	if (error == 0)
		error = leave(tx, resource);
	if (error == 0)
		error = sql_run(tx, move, "iitti", resource->id, parent, segment->name,
			spelling_of(segment), ++tx->store->last_change);
	if (error == 0)
		error = sql_run(tx, list, "i", resource->id);
	return error < 0 ? error : once_count_below(tx, resource->id, false);
}

int store_copy(struct tx *tx, struct arena *arena, const struct resource *resource, int64_t parent,
	const struct segment *segment, const char *owner, struct resource *made)
{
	static const char copy[] =
		"INSERT INTO resource (parent, name, id, spelling, collection, owner, "
		"has_properties, content, length,"
		"  content_type, displayname, created, modified, change)"
		" SELECT ?2, ?3, ?4, ?5, collection, ?6, has_properties, content, length,"
		"  content_type, displayname, ?7, ?7, ?8 FROM resource WHERE id = ?1";
	static const char properties[] =
		"INSERT INTO property (resource, ns, name, xml)"
		" SELECT ?2, ns, name, xml FROM property WHERE resource = ?1";
	int64_t id = ++tx->store->last_resource;
	int error = due_clear(tx, parent, segment->name);

	if (error == 0)
		error = sql_run(tx, copy,
			"iititt"
			"ii",
			resource->id, parent, segment->name, id, spelling_of(segment), owner,
			store_now(), ++tx->store->last_change);
	if (error == 0 && resource->has_properties)
		error = sql_run(tx, properties, "ii", resource->id, id);
	if (error == 0 && !resource->collection)
		error = retention_begin(tx, id);
	return error < 0 ? error : fill(tx, arena, id, made);
}

/* A file goes at once; a collection goes out of sight with all that is in it, for reap() to take apart. */
int store_delete(struct tx *tx, const struct resource *resource)
{
	int error;

	assert(resource->id != STORE_ROOT);
	error = leave(tx, resource);
	if (error < 0)
		return error;
	if (!resource->collection)
		return resource_remove(tx, resource->id, resource->content);
	tx->deleted = true;
	error = locks_drop(tx, resource);
	if (error == 0)
		error = sql_run(tx, "UPDATE list SET root_name = NULL WHERE resource = ?1", "i",
			resource->id);
	if (error == 0)
		error = sql_run(tx,
			"UPDATE resource SET parent = 0, name = CAST(id AS TEXT) WHERE id = ?1",
			"i", resource->id);
	return error;
}

/* One member of a deleted collection: 1 when it was reaped, 0 when there is none, negative errno. */
static int reap_member(struct tx *tx, int64_t collection)
{
	static const char sql[] = "SELECT id, content, collection FROM resource WHERE parent = ?1 "
				  "ORDER BY name LIMIT 1";
	sqlite3_stmt *statement;
	int64_t id, content;
	int found = sql_bind(tx, &statement, sql, "i", collection), inner;

	if (found == 0)
		found = sql_step(tx, statement);
	if (found != 1)
		return found;
	id = sqlite3_column_int64(statement, 0);
	content = sqlite3_column_int64(statement, 1);
	inner = sqlite3_column_int(statement, 2);
	sql_end(statement);
	if (inner)
		found = sql_run(tx,
			"UPDATE resource SET parent = 0, name = CAST(id AS TEXT) WHERE id = ?1",
			"i", id);
	else
		found = resource_remove(tx, id, content);
	return found < 0 ? found : 1;
}

int reap(struct tx *tx, int most)
{
	static const char sql[] =
		"SELECT id FROM resource WHERE parent = 0 AND name > '' ORDER BY name LIMIT 1";
	int found = 1;

	while (found >= 0 && most > 0) {
		int64_t collection;

		found = sql_number(tx, &collection, sql, "");
		if (found != 1)
			return found;
		while ((found = reap_member(tx, collection)) == 1 && most > 0)
			most--;
		if (found == 0 && most-- > 0)
			found = resource_remove(tx, collection, 0);
		if (found == 0)
			found = tombstones_drop(tx, collection);
	}
	return found < 0 ? found : 1;
}
