/* A row of the table resource as a struct: in place, or copied into one block. */
#include "base/arena.h"
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(struct arena *arena, sqlite3_value *value)
{
	const char *text = (const char *)sqlite3_value_text(value);

	return text && arena ? arena_strndup(arena, text, (size_t)sqlite3_value_bytes(value))
			     : text;
}

void resource_read(struct arena *arena, sqlite3_value **row, struct resource *out)
{
	*out = (struct resource){
		.expires = sqlite3_value_int64(row[0]),
		.link = sqlite3_value_int(row[1]),
		.stored = sqlite3_value_int64(row[2]),
		.change = sqlite3_value_int64(row[3]),
		.modified = sqlite3_value_int64(row[4]),
		.created = sqlite3_value_int64(row[5]),
		.displayname = text_of(arena, row[6]),
		.content_type = text_of(arena, row[7]),
		.length = (uint64_t)sqlite3_value_int64(row[8]),
		.content = sqlite3_value_int64(row[9]),
		.has_properties = sqlite3_value_int(row[10]),
		.has_list = sqlite3_value_int(row[11]),
		.owner = text_of(arena, row[12]),
		.collection = sqlite3_value_int(row[13]),
		.spelling = text_of(arena, row[14]),
		.id = sqlite3_value_int64(row[15]),
		.name = text_of(arena, row[16]),
		.parent = sqlite3_value_int64(row[17]),
	};
	if (!out->spelling)
		out->spelling = out->name;
}

void resource_take(struct arena *arena, sqlite3_stmt *row, struct resource *out)
{
	sqlite3_value *values[RESOURCE_VALUES];

	for (int i = 0; i < RESOURCE_VALUES; i++)
		values[i] = sqlite3_column_value(row, i);
	resource_read(arena, values, out);
}

bool resource_is_due(const struct tx *tx, const struct resource *resource)
{
	return resource->expires > 0 && resource->expires <= tx->now;
}

/* Into one block: the struct, and behind it the texts that it names. `spelling` is `name` itself when it is no other. */
static struct resource *pack(void *(*get)(void *arg, size_t size), void *arg,
	const struct resource *resource, size_t *size)
{
	const char *spelling = resource->spelling == resource->name ? NULL : resource->spelling;
	const char *texts[] = {resource->name, spelling, resource->owner, resource->content_type,
		resource->displayname};
	enum { TEXTS = sizeof(texts) / sizeof(*texts) };
	size_t lengths[TEXTS], total = sizeof(*resource);
	struct resource *copy;
	char *at;

	for (size_t i = 0; i < TEXTS; i++)
		total += lengths[i] = texts[i] ? strlen(texts[i]) + 1 : 0;
	copy = get(arg, total);
	*copy = *resource;
	at = (char *)(copy + 1);
	for (size_t i = 0; i < TEXTS; i++) {
		if (lengths[i])
			memcpy(at, texts[i], lengths[i]);
		texts[i] = texts[i] ? at : NULL;
		at += lengths[i];
	}
	copy->name = texts[0];
	copy->spelling = spelling ? texts[1] : texts[0];
	copy->owner = texts[2];
	copy->content_type = texts[3];
	copy->displayname = texts[4];
	*size = total;
	return copy;
}

static void *from_arena(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void *from_heap(void *arg, size_t size)
{
	void *bytes = malloc(size);

	if (!bytes)
		abort();
	return bytes;
}

struct resource *resource_copy_heap(const struct resource *resource, size_t *size)
{
	return pack(from_heap, NULL, resource, size);
}

struct resource *resource_copy(struct arena *arena, const struct resource *member)
{
	size_t size;

	return pack(from_arena, arena, member, &size);
}
