/*
 * How long files are kept: until a time that their owner or a default has set; with `once`, for a while after all that the nearest list names
 * have been sent the content. The earlier of the two stands in the resource's row, where each lookup sees it: what is due is not there,
 * whether it has been removed yet or not.
 */
#include "base/arena.h"
#include "store/inside.h"

#include <assert.h>
#include <errno.h>

/* A row of retention. */
struct row {
	int64_t expires, standard, latest, once, complete, tells;
};

/* 1, 0 when nothing was said of this file, or negative errno. */
static int read_row(struct tx *tx, int64_t resource, struct row *row)
{
	static const char sql[] = "SELECT expires, standard, latest, once, complete, tells"
				  " FROM retention WHERE resource = ?1";
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement, sql, "i", resource);

	*row = (struct row){0};
	if (more == 0)
		more = sql_step(tx, statement);
	if (more != 1)
		return more;
	*row = (struct row){
		.expires = sqlite3_column_int64(statement, 0),
		.standard = sqlite3_column_int64(statement, 1),
		.latest = sqlite3_column_int64(statement, 2),
		.once = sqlite3_column_int64(statement, 3),
		.complete = sqlite3_column_int64(statement, 4),
		.tells = sqlite3_column_int64(statement, 5),
	};
	sql_end(statement);
	return 1;
}

/* The row, made when it is not there. */
static int need_row(struct tx *tx, int64_t resource, struct row *row)
{
	int found = read_row(tx, resource, row);

	if (found != 0)
		return found < 0 ? found : 0;
	return sql_run(tx,
		"INSERT INTO retention (resource, owner) SELECT id, owner FROM resource"
		" WHERE id = ?1 AND NOT collection",
		"i", resource);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* `milliseconds` behind `from`, without running over. */
static int64_t later(int64_t from, uint64_t milliseconds)
{
	int64_t limit = INT64_MAX - 1;

	return milliseconds > (uint64_t)(limit - from) ? limit : from + (int64_t)milliseconds;
}

/*
 * Writes what the row comes to. Its owner is told some time before; at once when there is less left, unless they know because they have just
 * set it themselves.
 */
static int schedule(struct tx *tx, int64_t resource, bool known)
{
	const struct store_options *options = &tx->store->options;
	int64_t before = (int64_t)options->expiry_notice, due, warn = 0;
	struct row row;
	int found = read_row(tx, resource, &row);

	if (found <= 0)
		return found;
	due = earlier(earlier(row.expires, row.latest),
		row.complete ? later(row.complete, options->once_kept) : 0);
	found = sql_run(tx, "UPDATE resource SET expires = ?2 WHERE id = ?1 AND expires <> ?2",
		"ii", resource, due);
	if (found < 0 || sqlite3_changes(tx->db) == 0)
		return found;
	tx->retimed = true;
	if (due > 0 && before > 0 && due - before > tx->now)
		warn = due - before;
	else if (due > 0 && before > 0 && !known)
		warn = tx->now;
	return sql_run(
		tx, "UPDATE retention SET warn = ?2 WHERE resource = ?1", "ii", resource, warn);
}

/* ---- what is set ---- */

int store_retention(struct tx *tx, int64_t resource, struct retention *out)
{
	struct row row;
	int found = read_row(tx, resource, &row);

	*out = (struct retention){row.latest, row.once, row.tells};
	return found < 0 ? found : 0;
}

/* The row with other times. */
static int set_times(
	struct tx *tx, int64_t resource, int64_t expires, int64_t standard, int64_t latest)
{
	static const char sql[] = "UPDATE retention SET expires = ?2, standard = ?3, latest = ?4"
				  " WHERE resource = ?1";
	return sql_run(tx, sql, "iiii", resource, expires, standard, latest);
}

int store_expires_set(struct tx *tx, int64_t resource, int64_t expires)
{
	struct row row;
	int error = need_row(tx, resource, &row);

	if (error < 0)
		return error;
	if (expires != 0 && (expires <= tx->now || (row.latest && expires > row.latest)))
		return -ERANGE;
	error = set_times(tx, resource, expires, 0, row.latest);
	if (error == 0)
		error = schedule(tx, resource, true);
	return error < 0 ? error : resource_touch(tx, resource);
}

int store_expires_default(struct tx *tx, int64_t resource, uint64_t milliseconds)
{
	struct row row;
	int error = need_row(tx, resource, &row);

	if (error == 0)
		error = set_times(tx, resource, milliseconds ? later(tx->now, milliseconds) : 0,
			(int64_t)milliseconds, row.latest);
	return error < 0 ? error : schedule(tx, resource, false);
}

int store_expires_limit(struct tx *tx, int64_t resource, int64_t expires)
{
	struct row row;
	int error = need_row(tx, resource, &row);

	assert(expires > 0);
	if (error == 0)
		error = set_times(tx, resource, 0, 0, expires);
	return error < 0 ? error : schedule(tx, resource, false);
}

int store_once_set(struct tx *tx, int64_t resource, bool once)
{
	struct row row;
	int error = need_row(tx, resource, &row);

	if (error == 0)
		error = sql_run(tx,
			"UPDATE retention SET once = ?2, complete = 0 WHERE resource = ?1", "ii",
			resource, (int64_t)once);
	if (error == 0)
		error = once ? once_count(tx, resource, true) : schedule(tx, resource, true);
	return error < 0 ? error : resource_touch(tx, resource);
}

int store_tells_set(struct tx *tx, int64_t resource, bool tells)
{
	struct row row;
	int error = need_row(tx, resource, &row);

	if (error == 0)
		error = sql_run(tx, "UPDATE retention SET tells = ?2 WHERE resource = ?1", "ii",
			resource, (int64_t)tells);
	return error < 0 ? error : resource_touch(tx, resource);
}

/* ---- what happens to the file ---- */

int retention_begin(struct tx *tx, int64_t resource)
{
	uint64_t standard = tx->store->options.expires;

	return standard ? store_expires_default(tx, resource, standard) : 0;
}

/* What somebody has set stays; a default begins anew, and so does the counting of who has it. */
int retention_renew(struct tx *tx, int64_t resource)
{
	struct row row;
	int found = read_row(tx, resource, &row);

	if (found <= 0)
		return found;
	found = 0;
	if (row.standard)
		found = set_times(tx, resource, later(tx->now, (uint64_t)row.standard),
			row.standard, row.latest);
	if (found == 0 && row.once)
		found = once_count(tx, resource, true);
	if (found == 0)
		found = schedule(tx, resource, false);
	return found < 0 ? found : 1;
}

int retention_drop(struct tx *tx, int64_t resource)
{
	int error = sql_run(tx, "DELETE FROM retention WHERE resource = ?1", "i", resource);

	return error < 0 ? error
			 : sql_run(tx, "DELETE FROM fetch WHERE resource = ?1", "i", resource);
}

/* ---- once ---- */

/* The resource that has the list; 1, 0 when there is none, or negative errno. */
static int nearest_list(struct tx *tx, int64_t resource, int64_t *list)
{
	static const char sql[] =
		"WITH RECURSIVE up (id, parent, has_list) AS ("
		"  SELECT id, parent, has_list FROM resource WHERE id = ?1"
		"  UNION ALL SELECT r.id, r.parent, r.has_list FROM up"
		"    JOIN resource r ON r.id = up.parent WHERE NOT up.has_list AND up.parent > 0)"
		"SELECT id FROM up WHERE has_list";

	return sql_number(tx, list, sql, "i", resource);
}

/*
 * Whether the list names somebody but the owner, and all of them have been sent all of the present content. Whose bare JID is on it has no need of
 * the full one.
 */
static int have_all(struct tx *tx, int64_t resource, int64_t list, int64_t *all)
{
	static const char sql[] =
		"SELECT count(*) > 0 AND count(*) = total(EXISTS ("
		"  SELECT 1 FROM fetch f WHERE f.resource = r.id AND f.content = r.content"
		"    AND f.bare = l.bare AND l.resourcepart IN ('', f.resourcepart) AND f.whole > "
		"0))"
		" FROM resource r JOIN list l ON l.resource = ?2 AND l.bare <> r.owner WHERE r.id "
		"= ?1 AND (l.resourcepart = '' OR NOT EXISTS (SELECT 1 FROM list b"
		"  WHERE b.resource = ?2 AND b.bare = l.bare AND b.resourcepart = ''))";

	return sql_number(tx, all, sql, "ii", resource, list);
}

int once_count(struct tx *tx, int64_t resource, bool anew)
{
	int64_t list, all = 0;
	int found = nearest_list(tx, resource, &list);

	if (found == 1)
		found = have_all(tx, resource, list, &all);
	if (found >= 0)
		found = sql_run(tx,
			"UPDATE retention SET complete = CASE WHEN NOT ?2 THEN 0"
			" WHEN complete > 0 AND NOT ?3 THEN complete ELSE ?4 END WHERE resource = "
			"?1",
			"iiii", resource, all, (int64_t)anew, tx->now);
	return found < 0 ? found : schedule(tx, resource, false);
}

/* Whoever may change a list or a place owns all that is below. */
int once_count_below(struct tx *tx, int64_t resource, bool anew)
{
	static const char sql[] =
		"SELECT t.resource FROM retention t"
		" WHERE t.once > 0 AND t.owner = (SELECT owner FROM resource WHERE id = ?1)"
		" AND EXISTS (WITH RECURSIVE up (id, parent, has_list) AS ("
		"    SELECT id, parent, has_list FROM resource WHERE id = t.resource"
		"    UNION ALL SELECT r.id, r.parent, r.has_list FROM up JOIN resource r"
		"      ON r.id = up.parent WHERE up.parent > 0 AND NOT up.has_list)"
		"  SELECT 1 FROM up WHERE id = ?1)";
	sqlite3_stmt *statement;
	struct buf files = {0};
	int more = sql_bind(tx, &statement, sql, "i", resource);

	if (more < 0)
		return more;
	more = sql_numbers(tx, statement, &files);
	for (size_t at = 0; more == 0 && at < files.len; at += sizeof(int64_t))
		more = once_count(tx, *(int64_t *)(void *)(files.data + at), anew);
	buf_free(&files);
	return more;
}

/* ---- what is due ---- */

/* Removes what the statement finds, at most `most`. How many, or negative errno. */
static int remove_all(struct tx *tx, sqlite3_stmt *statement, int most)
{
	struct arena *arena = arena_new();
	struct resource *due = arena_alloc(arena, (size_t)most * sizeof(*due));
	int count = 0, more;

	while ((more = sql_step(tx, statement)) == 1) {
		assert(count < most);
		resource_take(arena, statement, &due[count++]);
	}
	for (int i = 0; more == 0 && i < count; i++)
		more = store_delete(tx, &due[i]);
	arena_free(arena);
	tx->retimed |= count > 0;
	return more < 0 ? more : count;
}

int due_clear(struct tx *tx, int64_t parent, const char *name)
{
	static const char sql[] = "SELECT " RESOURCE_COLUMNS " FROM resource r"
				  " WHERE r.parent = ?1 AND r.name = ?2"
				  " AND r.expires > 0 AND r.expires <= ?3";
	sqlite3_stmt *statement;
	int count;

	if (tx->store->next_due > tx->now)
		return 0;
	count = sql_bind(tx, &statement, sql, "iti", parent, name, tx->now);
	if (count == 0)
		count = remove_all(tx, statement, 1);
	return count < 0 ? count : 0;
}

static int remove_due(struct tx *tx, int most)
{
	static const char sql[] = "SELECT " RESOURCE_COLUMNS " FROM resource r"
				  " WHERE r.expires > 0 AND r.expires <= ?1"
				  " ORDER BY r.expires LIMIT ?2";
	sqlite3_stmt *statement;
	int error = sql_bind(tx, &statement, sql, "ii", tx->now, (int64_t)most);

	return error < 0 ? error : remove_all(tx, statement, most);
}

/* One owner is told what will go: 1; 0: nobody is to be told now; or negative errno. */
static int warn_one(struct tx *tx)
{
	static const char sql[] =
		"SELECT t.resource, r.expires FROM retention t JOIN resource r ON r.id = t.resource"
		" WHERE t.warn > 0 AND t.warn <= ?1 ORDER BY t.warn LIMIT 1";
	sqlite3_stmt *statement;
	int64_t resource, expires;
	int found = sql_bind(tx, &statement, sql, "i", tx->now);

	if (found == 0)
		found = sql_step(tx, statement);
	if (found != 1)
		return found;
	resource = sqlite3_column_int64(statement, 0);
	expires = sqlite3_column_int64(statement, 1);
	sql_end(statement);
	found = notice_make(tx, resource, "expires", "", expires);
	if (found == 0)
		found = sql_run(
			tx, "UPDATE retention SET warn = 0 WHERE resource = ?1", "i", resource);
	return found < 0 ? found : 1;
}

int due_run(struct tx *tx, int most)
{
	int removed = remove_due(tx, most), found = removed < 0 ? removed : 1, warned = 0;

	tx->retimed = true;
	while (found == 1 && warned < most)
		if ((found = warn_one(tx)) == 1)
			warned++;
	return found < 0 ? found : removed;
}

int due_next(struct tx *tx, int64_t *next)
{
	static const char expires[] = "SELECT coalesce(min(expires), ?1) FROM resource WHERE "
				      "expires > 0";
	static const char warn[] = "SELECT coalesce(min(warn), ?1) FROM retention WHERE warn > 0";
	int64_t a = INT64_MAX, b = INT64_MAX;
	int found = sql_number(tx, &a, expires, "i", INT64_MAX);

	if (found >= 0)
		found = sql_number(tx, &b, warn, "i", INT64_MAX);
	*next = a < b ? a : b;
	return found < 0 ? found : 0;
}
