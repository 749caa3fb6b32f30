/*
 * Who has been sent what. HTTP's loops tell it as they go, nobody waits for it; about once a second what has gathered becomes one change. What is
 * told of a reader grows from the beginning of the content on: bytes behind a hole count when the hole has been filled first.
 */
#include "base/arena.h"
#include "base/loop.h"
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

enum {
	FACTS_MAX = 65536,   /* not on disk yet */
	RECORD_AFTER = 1000, /* milliseconds */
	EACH_MAX = 16,       /* rows of one bare JID, a file */
	TOLD = 1024,         /* a power of two */
};

struct fact {
	struct message message;
	struct fetched fetched;
	int64_t time;
	const char *resourcepart; /* "" for a bare JID; within `bare` */
	char bare[];
};

/* Facts on their way to disk; the change comes back to `recorded`. */
struct recording {
	struct store_change change;
	struct message *first, **end;
};

/* ---- on the loops ---- */

static struct fact *fact_new(const struct fetched *fetched, const struct jid *jid)
{
	const char *resourcepart = jid->resourcepart ? jid->resourcepart : "";
	size_t length = strlen(jid->bare) + 1, size = length + strlen(resourcepart) + 1;
	struct fact *fact = malloc(sizeof(*fact) + size);

	if (!fact)
		abort();
	*fact = (struct fact){.fetched = *fetched, .time = store_now()};
	memcpy(fact->bare, jid->bare, length);
	strcpy(fact->bare + length, resourcepart);
	fact->resourcepart = fact->bare + length;
	return fact;
}

/*
 * Whether this loop has told the very same lately: many small files are fetched again and again. Only of what begins at the beginning, as
 * it cannot lie behind a hole.
 */
static bool told_before(
	const struct store *store, const struct fetched *fetched, const struct jid *jid)
{
	static _Thread_local uint64_t told[TOLD];
	char key[256];
	const char *resourcepart = jid->resourcepart ? jid->resourcepart : "";
	size_t bare = strlen(jid->bare) + 1, rest = strlen(resourcepart),
	       length = sizeof(*fetched) + bare + rest;
	uint64_t hash;

	if (fetched->from > 0 || length > sizeof(key))
		return false;
	memcpy(key, fetched, sizeof(*fetched));
	memcpy(key + sizeof(*fetched), jid->bare, bare);
	memcpy(key + sizeof(*fetched) + bare, resourcepart, rest);
	hash = siphash(&store->told_key, key, length);
	if (told[hash % TOLD] == hash)
		return true;
	told[hash % TOLD] = hash;
	return false;
}

void store_fetched(struct store *store, const struct fetched *fetched, const struct jid *jid)
{
	struct fact *fact;

	if (atomic_load(&store->fact_count) >= FACTS_MAX || told_before(store, fetched, jid))
		return;
	fact = fact_new(fetched, jid);
	atomic_fetch_add(&store->fact_count, 1);
	mailbox_post(store->facts, &fact->message);
}

/* ---- on the committer ---- */

/* What is known of a reader. */
struct state {
	const char *resourcepart;  /* of the row */
	uint64_t received, length; /* bytes; `length` is the content's */
	int64_t whole;
};

/* What the row of this resourcepart says of the present content. */
static int read_row(
	struct tx *tx, const struct fact *fact, const char *resourcepart, struct state *state)
{
	static const char sql[] = "SELECT content, received, whole FROM fetch"
				  " WHERE resource = ?1 AND bare = ?2 AND resourcepart = ?3";
	sqlite3_stmt *statement;
	int found = sql_bind(
		tx, &statement, sql, "itt", fact->fetched.resource, fact->bare, resourcepart);

	state->resourcepart = resourcepart;
	if (found == 0)
		found = sql_step(tx, statement);
	if (found != 1)
		return found;
	if (sqlite3_column_int64(statement, 0) == fact->fetched.content) {
		state->received = (uint64_t)sqlite3_column_int64(statement, 1);
		state->whole = sqlite3_column_int64(statement, 2);
	}
	sql_end(statement);
	return 1;
}

/*
 * 1, 0 when the file or its content is gone, or negative errno. Whoever takes ever new resources counts as their bare JID at last: entries that
 * name one resource let no others in.
 */
static int read_state(struct tx *tx, const struct fact *fact, struct state *state)
{
	static const char file[] = "SELECT length FROM resource WHERE id = ?1 AND content = ?2";
	static const char rows[] = "SELECT count(*) FROM fetch WHERE resource = ?1 AND bare = ?2";
	const struct fetched *fetched = &fact->fetched;
	int64_t length = 0, count = 0;
	int found = sql_number(tx, &length, file, "ii", fetched->resource, fetched->content);

	*state = (struct state){.length = (uint64_t)length};
	if (found != 1)
		return found;
	found = read_row(tx, fact, fact->resourcepart, state);
	if (found == 0)
		found = sql_number(tx, &count, rows, "it", fetched->resource, fact->bare);
	if (found >= 0 && count >= EACH_MAX)
		found = read_row(tx, fact, "", state);
	return found < 0 ? found : 1;
}

/* All of it has been sent to this JID; first: and to no other of the same bare JID before. */
static int became_whole(struct tx *tx, const struct fact *fact, bool first)
{
	int64_t resource = fact->fetched.resource;
	struct retention retention;
	int error = store_retention(tx, resource, &retention);

	if (error == 0 && retention.tells && first)
		error = notice_make(tx, resource, "fetched", fact->bare, fact->time);
	if (error == 0 && retention.once)
		error = once_count(tx, resource, false);
	return error;
}

static int record_one(struct tx *tx, const struct fact *fact)
{
	static const char heard[] = "SELECT 1 FROM fetch WHERE resource = ?1 AND bare = ?2"
				    " AND content = ?3 AND whole > 0 LIMIT 1";
	static const char put[] = "INSERT OR REPLACE INTO fetch"
				  " (resource, bare, resourcepart, content, received, time, whole)"
				  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	const struct fetched *fetched = &fact->fetched;
	uint64_t end = fetched->from + fetched->length;
	struct state state;
	bool whole, first;
	int found = read_state(tx, fact, &state);
	int64_t one;

	if (found != 1 || fetched->from > state.received)
		return found < 0 ? found : 0;
	whole = !state.whole && end >= state.length;
	if (!whole && end <= state.received)
		return 0;
	found = sql_number(tx, &one, heard, "iti", fetched->resource, fact->bare, fetched->content);
	if (found < 0)
		return found;
	first = found == 0;
	found = sql_run(tx, put, "ittiiii", fetched->resource, fact->bare, state.resourcepart,
		fetched->content, (int64_t)end, fact->time, whole ? fact->time : state.whole);
	return found < 0 || !whole ? found : became_whole(tx, fact, first);
}

static int record(struct tx *tx, struct store_change *change)
{
	const struct recording *recording = (const struct recording *)change;
	int error = 0;

	for (const struct message *at = recording->first; error == 0 && at; at = at->next)
		error = record_one(tx, (const struct fact *)at);
	return error;
}

static struct recording *recording_new(void)
{
	struct recording *recording = calloc(1, sizeof(*recording));

	if (!recording)
		abort();
	recording->end = &recording->first;
	return recording;
}

static void recording_free(struct store *store, struct recording *recording)
{
	while (recording->first) {
		struct message *next = recording->first->next;

		free(recording->first);
		recording->first = next;
		atomic_fetch_sub(&store->fact_count, 1);
	}
	free(recording);
}

/* What has gathered becomes a change, unless one is under way. */
static void record_now(void *arg)
{
	struct store *store = arg;
	struct recording *recording = store->recording;

	if (store->records || !recording->first)
		return;
	store->records = true;
	store->recording = recording_new();
	recording->change = (struct store_change){.run = record, .reply = store->recorded};
	mailbox_post(store->changes, &recording->change.message);
}

static void gather(void *arg, struct message *list)
{
	struct store *store = arg;
	struct recording *next = store->recording;
	bool first = !next->first;

	*next->end = list;
	while (*next->end)
		next->end = &(*next->end)->next;
	if (first && !store->records)
		timer_start(store->record_soon, RECORD_AFTER);
}

/* What could not be written waits before what has come since. */
static void keep(struct store *store, struct recording *failed)
{
	*failed->end = store->recording->first;
	if (store->recording->first)
		failed->end = store->recording->end;
	free(store->recording);
	store->recording = failed;
}

static void recorded(void *arg, struct message *list)
{
	struct store *store = arg;

	store->records = false;
	while (list) {
		struct recording *done = (struct recording *)list;

		list = list->next;
		if (done->change.result < 0 && !store->stopping)
			keep(store, done);
		else
			recording_free(store, done);
	}
	if (store->recording->first)
		timer_start(store->record_soon, RECORD_AFTER);
}

void fetches_open(struct store *store)
{
	siphash_key_make(&store->told_key);
	store->recording = recording_new();
	store->facts = mailbox_open(store->loop, gather, store);
	store->recorded = mailbox_open(store->loop, recorded, store);
	store->record_soon = timer_open(store->loop, record_now, store);
}

void fetches_flush(struct store *store)
{
	mailbox_close(store->facts);
	store->records = false;
	record_now(store);
}

void fetches_close(struct store *store)
{
	mailbox_close(store->recorded);
	timer_close(store->record_soon);
	recording_free(store, store->recording);
}

/* ---- who has ---- */

int store_fetches(
	struct tx *tx, struct arena *arena, int64_t resource, struct fetch **fetches, size_t *count)
{
	static const char rows[] = "SELECT count(*) FROM fetch WHERE resource = ?1";
	static const char sql[] =
		"SELECT f.bare, f.resourcepart, f.received, f.time, f.whole"
		" FROM fetch f JOIN resource r ON r.id = f.resource AND r.content = f.content"
		" WHERE f.resource = ?1 ORDER BY f.bare, f.resourcepart";
	sqlite3_stmt *statement;
	int64_t most = 0;
	int more = sql_number(tx, &most, rows, "i", resource);

	*count = 0;
	if (more < 0)
		return more;
	*fetches = arena_alloc(arena, ((size_t)most + 1) * sizeof(**fetches));
	more = sql_bind(tx, &statement, sql, "i", resource);
	if (more < 0)
		return more;
	while ((more = sql_step(tx, statement)) == 1) {
		struct fetch *fetch = &(*fetches)[(*count)++];

		jid_take(arena, statement, &fetch->jid);
		fetch->received = (uint64_t)sqlite3_column_int64(statement, 2);
		fetch->time = sqlite3_column_int64(statement, 3);
		fetch->whole = sqlite3_column_int64(statement, 4);
	}
	return more;
}
