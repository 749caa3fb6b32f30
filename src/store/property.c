#include "base/arena.h"
#include "store/inside.h"

#include <errno.h>

int store_properties(struct tx *tx, struct arena *arena, int64_t resource,
	struct property **properties, size_t *count)
{
	static const char sql[] =
		"SELECT ns, name, xml FROM property WHERE resource = ?1 ORDER BY ns, name";
	sqlite3_stmt *statement;
	int64_t rows = 0;
	int more = sql_number(
		tx, &rows, "SELECT count(*) FROM property WHERE resource = ?1", "i", resource);

	*count = 0;
	if (more < 0)
		return more;
	*properties = arena_alloc(arena, ((size_t)rows + 1) * sizeof(**properties));
	more = sql_bind(tx, &statement, sql, "i", resource);
	if (more < 0)
		return more;
	while ((more = sql_step(tx, statement)) == 1)
		(*properties)[(*count)++] = (struct property){
			.ns = sql_text(arena, statement, 0),
			.name = sql_text(arena, statement, 1),
			.xml = sql_text(arena, statement, 2),
		};
	return more;
}

/* Whether there are any stands in the resource's row, so that reading most resources looks nowhere else. */
static int count_again(struct tx *tx, int64_t resource)
{
	static const char sql[] =
		"UPDATE resource SET has_properties ="
		" EXISTS (SELECT 1 FROM property WHERE resource = ?1) WHERE id = ?1";
	int error = sql_run(tx, sql, "i", resource);

	return error < 0 ? error : resource_touch(tx, resource);
}

int store_property_set(struct tx *tx, int64_t resource, const struct property *property)
{
	static const char put[] =
		"INSERT OR REPLACE INTO property (resource, ns, name, xml) VALUES (?1, ?2, ?3, ?4)";
	static const char sum[] =
		"SELECT total(octet) FROM (SELECT length(CAST(ns AS BLOB)) + length(CAST(name AS "
		"BLOB)) +"
		" length(CAST(xml AS BLOB)) AS octet FROM property WHERE resource = ?1)";
	static const char rows[] = "SELECT count(*) FROM property WHERE resource = ?1";
	const struct store_options *options = &tx->store->options;
	int64_t bytes = 0, count = 0;
	int error = sql_run(tx, put, "ittt", resource, property->ns, property->name, property->xml);

	if (error == 0)
		error = sql_number(tx, &bytes, sum, "i", resource);
	if (error >= 0)
		error = sql_number(tx, &count, rows, "i", resource);
	if (error >= 0 &&
		(bytes > (int64_t)options->properties_size || count > (int64_t)options->properties))
		error = -ENOSPC;
	return error < 0 ? error : count_again(tx, resource);
}

int store_property_remove(struct tx *tx, int64_t resource, const char *ns, const char *name)
{
	static const char sql[] =
		"DELETE FROM property WHERE resource = ?1 AND ns = ?2 AND name = ?3";
	int error = sql_run(tx, sql, "itt", resource, ns, name);

	return error < 0 ? error : count_again(tx, resource);
}

int store_displayname_set(struct tx *tx, int64_t resource, const char *displayname)
{
	int error = sql_run(tx, "UPDATE resource SET displayname = ?2 WHERE id = ?1", "it",
		resource, displayname);

	return error < 0 ? error : resource_touch(tx, resource);
}
