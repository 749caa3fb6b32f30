#include "store/cache.h"

#include "base/clock.h"
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

enum {
	PLACES = 4096,       /* a power of two, in pairs */
	BYTES_MAX = 8 << 20, /* of a thread */
	KEPT_TIME = 1000,    /* milliseconds */
};

struct kept {
	struct kept_key key; /* its text is behind this */
	uint64_t hash, until;
	size_t stamp; /* which one */
	uint64_t batch;
	void *bytes;
	size_t size;
	void (*drop)(void *bytes);
	char text[];
};

struct cache {
	struct kept *places[PLACES];
	size_t bytes, hand;
};

/* ---- stamps ---- */

static uint64_t hash_of(const struct stamps *stamps, const struct kept_key *key)
{
	char bytes[sizeof(key->number) + 256];
	size_t length = key->length < 256 ? key->length : 256;

	memcpy(bytes, &key->number, sizeof(key->number));
	if (length)
		memcpy(bytes + sizeof(key->number), key->text, length);
	return siphash(&stamps->key, bytes, sizeof(key->number) + length) + key->kind;
}

/* A list has one stamp, whoever is looked for in it. */
static size_t stamp_of(const struct stamps *stamps, const struct kept_key *key, uint64_t hash)
{
	struct kept_key list = {.kind = key->kind, .number = key->number};

	return (key->kind == KEPT_LISTED ? hash_of(stamps, &list) : hash) % STAMPS;
}

/* changed(kind, number, text): what the triggers call. */
static void changed(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct stamps *stamps = sqlite3_user_data(context);
	struct kept_key key = {
		.kind = (enum kept_kind)sqlite3_value_int(values[0]),
		.number = sqlite3_value_int64(values[1]),
		.text = (const char *)sqlite3_value_text(values[2]),
	};
	size_t stamp;

	key.length = (size_t)sqlite3_value_bytes(values[2]);
	stamp = stamp_of(stamps, &key, hash_of(stamps, &key));
	atomic_store(&stamps->last[stamp], stamps->batch);
	sqlite3_result_null(context);
}

/* Nothing is kept of what is not there, so rows of `resource` and `content` that are new matter to nobody. */
static const char following[] =
	"CREATE TEMP TRIGGER kept_resource_updated AFTER UPDATE ON main.resource BEGIN"
	"  SELECT changed(0, old.parent, old.name); END;"
	"CREATE TEMP TRIGGER kept_resource_deleted AFTER DELETE ON main.resource BEGIN"
	"  SELECT changed(0, old.parent, old.name); END;"
	"CREATE TEMP TRIGGER kept_list_inserted AFTER INSERT ON main.list BEGIN"
	"  SELECT changed(1, new.resource, ''); END;"
	"CREATE TEMP TRIGGER kept_list_deleted AFTER DELETE ON main.list BEGIN"
	"  SELECT changed(1, old.resource, ''); END;"
	"CREATE TEMP TRIGGER kept_password_inserted AFTER INSERT ON main.password BEGIN"
	"  SELECT changed(2, 0, new.jid); END;"
	"CREATE TEMP TRIGGER kept_password_updated AFTER UPDATE ON main.password BEGIN"
	"  SELECT changed(2, 0, old.jid); END;"
	"CREATE TEMP TRIGGER kept_password_deleted AFTER DELETE ON main.password BEGIN"
	"  SELECT changed(2, 0, old.jid); END;"
	"CREATE TEMP TRIGGER kept_content_updated AFTER UPDATE ON main.content BEGIN"
	"  SELECT changed(3, old.id, ''); END;"
	"CREATE TEMP TRIGGER kept_content_deleted AFTER DELETE ON main.content BEGIN"
	"  SELECT changed(3, old.id, ''); END;";

int stamps_follow(struct stamps *stamps, sqlite3 *db)
{
	int code = sqlite3_create_function(
		db, "changed", 3, SQLITE_UTF8 | SQLITE_INNOCUOUS, stamps, changed, NULL, NULL);

	siphash_key_make(&stamps->key);
	return code == SQLITE_OK ? sqlite3_exec(db, following, NULL, NULL, NULL) : code;
}

void stamps_begin(struct stamps *stamps)
{
	stamps->batch = atomic_load(&stamps->settled) + 1;
}

void stamps_settle(struct stamps *stamps)
{
	atomic_store(&stamps->settled, stamps->batch);
}

/* ---- what is kept ---- */

struct cache *cache_open(void)
{
	struct cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		abort();
	return cache;
}

static void drop(struct cache *cache, struct kept **place)
{
	struct kept *kept = *place;

	if (!kept)
		return;
	*place = NULL;
	cache->bytes -= kept->size;
	kept->drop(kept->bytes);
	free(kept);
}

static void clear(struct cache *cache)
{
	for (size_t i = 0; i < PLACES; i++)
		drop(cache, &cache->places[i]);
}

void cache_close(struct cache *cache)
{
	if (!cache)
		return;
	clear(cache);
	free(cache);
}

static bool is_key(const struct kept *kept, const struct kept_key *key, uint64_t hash)
{
	return kept && kept->hash == hash && kept->key.kind == key->kind &&
	       kept->key.number == key->number && kept->key.length == key->length &&
	       memcmp(kept->text, key->text ? key->text : "", key->length) == 0;
}

const void *cache_find(struct tx *tx, const struct kept_key *key)
{
	struct stamps *stamps = tx->store->stamps;
	struct kept **pair, *kept;
	uint64_t hash;

	if (!tx->glance || tx->seen_count == SEEN_MAX)
		return NULL;
	hash = hash_of(stamps, key);
	pair = &tx->cache->places[hash % PLACES & ~(uint64_t)1];
	kept = is_key(pair[0], key, hash) ? pair[0] : is_key(pair[1], key, hash) ? pair[1] : NULL;
	if (!kept || kept->until <= tx->tick ||
		atomic_load(&stamps->last[kept->stamp]) != kept->batch)
		return NULL;
	tx->seen[tx->seen_count++] = (struct stamp){kept->stamp, kept->batch};
	if (kept->until < tx->until)
		tx->until = kept->until;
	return kept->bytes;
}

/* The one that is of no use any more, else the one that was kept first. */
static struct kept **choose(struct cache *cache, const struct kept_key *key, uint64_t hash)
{
	struct kept **pair = &cache->places[hash % PLACES & ~(uint64_t)1];

	if (!pair[0] || is_key(pair[0], key, hash))
		return &pair[0];
	if (!pair[1] || is_key(pair[1], key, hash))
		return &pair[1];
	return pair[0]->until <= pair[1]->until ? &pair[0] : &pair[1];
}

void cache_keep(struct tx *tx, const struct kept_key *key, void *bytes, size_t size,
	void (*drop_bytes)(void *bytes))
{
	struct stamps *stamps = tx->store->stamps;
	struct cache *cache = tx->cache;
	uint64_t hash = hash_of(stamps, key), batch;
	size_t stamp = stamp_of(stamps, key, hash), all = sizeof(struct kept) + key->length + size;
	struct kept **place, *kept;

	batch = atomic_load(&stamps->last[stamp]);
	/* Touched by a batch that this transaction may not have seen. */
	if (!tx->glance || batch > tx->settled || all > BYTES_MAX / 8) {
		drop_bytes(bytes);
		return;
	}
	place = choose(cache, key, hash);
	drop(cache, place);
	while (cache->bytes + all > BYTES_MAX)
		drop(cache, &cache->places[cache->hand++ % PLACES]);
	kept = malloc(sizeof(*kept) + key->length);
	if (!kept)
		abort();
	*kept = (struct kept){
		*key, hash, tx->tick + KEPT_TIME, stamp, batch, bytes, all, drop_bytes};
	if (key->length)
		memcpy(kept->text, key->text, key->length);
	cache->bytes += all;
	*place = kept;
}

void cache_begin(struct tx *tx)
{
	int64_t others = 0;
	bool same = sql_number(tx, &others, "PRAGMA data_version", "") == 1 && others == tx->others;

	if (!tx->cache)
		tx->cache = cache_open();
	else if (!same)
		clear(tx->cache);
	tx->others = others;
	tx->tick = clock_now();
	tx->settled = atomic_load(&tx->store->stamps->settled);
	tx->glance = true;
}

void cache_undone(struct tx *tx)
{
	if (tx->cache)
		clear(tx->cache);
}

int store_glance_begin(struct store *store, struct tx **tx)
{
	int error = tx_own(store, tx);

	if (error < 0)
		return error;
	if (!(*tx)->cache)
		(*tx)->cache = cache_open();
	(*tx)->now = store_now();
	(*tx)->tick = clock_now();
	(*tx)->glance = true;
	(*tx)->until = UINT64_MAX;
	(*tx)->seen_count = 0;
	return 0;
}

bool stamps_stay(const struct stamps *stamps, const struct stamp *seen, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (atomic_load(&stamps->last[seen[i].place]) != seen[i].batch)
			return false;
	return true;
}

bool store_glance_holds(const struct tx *tx)
{
	return stamps_stay(tx->store->stamps, tx->seen, tx->seen_count);
}

void cache_expires(struct tx *tx, int64_t time)
{
	uint64_t left = time > tx->now ? (uint64_t)(time - tx->now) : 0;

	if (time > 0 && tx->glance && tx->tick + left < tx->until)
		tx->until = tx->tick + left;
}
