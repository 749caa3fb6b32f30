#include "base/arena.h"
#include "store/inside.h"

#include <errno.h>
#include <sys/statvfs.h>

int store_usage(struct tx *tx, const char *owner, struct usage *usage)
{
	sqlite3_stmt *statement;
	int more = sql_bind(
		tx, &statement, "SELECT bytes, resources FROM usage WHERE owner = ?1", "t", owner);

	*usage = (struct usage){0};
	if (more == 0)
		more = sql_step(tx, statement);
	if (more != 1)
		return more;
	usage->bytes = (uint64_t)sqlite3_column_int64(statement, 0);
	usage->resources = (uint64_t)sqlite3_column_int64(statement, 1);
	sql_end(statement);
	return 0;
}

int store_usages(struct tx *tx, struct arena *arena, size_t most, struct account_usage **usages,
	size_t *count)
{
	static const char sql[] =
		"SELECT owner, bytes, resources FROM usage WHERE bytes > 0 OR resources > 0"
		" ORDER BY bytes DESC, owner LIMIT ?1";
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement, sql, "i", (int64_t)most);

	*usages = arena_alloc(arena, most * sizeof(**usages));
	*count = 0;
	if (more < 0)
		return more;
	while ((more = sql_step(tx, statement)) == 1)
		(*usages)[(*count)++] = (struct account_usage){sql_text(arena, statement, 0),
			{(uint64_t)sqlite3_column_int64(statement, 1),
				(uint64_t)sqlite3_column_int64(statement, 2)}};
	return more;
}

int room_of(const struct store *store, uint64_t *bytes)
{
	uint64_t keep_free = atomic_load(&store->keep_free), room;
	struct statvfs disk;

	if (fstatvfs(store->directory, &disk) < 0)
		return -errno;
	room = (uint64_t)disk.f_bavail * disk.f_frsize;
	*bytes = room < keep_free ? 0 : room - keep_free;
	return 0;
}

int store_room(struct tx *tx, uint64_t *bytes)
{
	return room_of(tx->store, bytes);
}
