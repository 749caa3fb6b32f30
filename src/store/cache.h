/*
 * What reads have found lately, kept by each thread for itself, so that the next ones need not ask the database. It cannot be stale:
 * each row falls on a stamp that all threads share, the number of the last batch of changes that touched such a row. The committer
 * sets it before its COMMIT, and says afterwards, before any answer goes out, that the batch is settled. What was read counts for as
 * long as its stamp stays; it is kept only when the stamp is of a batch that was settled before its transaction began.
 *
 * Only our own committer sets stamps. What another process has changed (`missived password`, an operator by hand) is seen a second later.
 */
#pragma once

#include "base/siphash.h"
#include "store/basis.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdatomic.h>

enum { STAMPS = 1 << 16, SEEN_MAX = PATH_DEPTH_MAX + 16 };

/* Of a store. */
struct stamps {
	struct siphash_key key;
	_Atomic uint64_t settled; /* batches up to this one are on disk, or have failed */
	uint64_t batch;           /* the one under way, the committer's alone */
	_Atomic uint64_t last[STAMPS];
};

/* All that changes rows on this connection sets stamps from now on, as triggers of its own do it. A result of SQLite's. */
int stamps_follow(struct stamps *stamps, sqlite3 *db);

/* A batch begins; and its transaction has ended, however. */
void stamps_begin(struct stamps *stamps);
void stamps_settle(struct stamps *stamps);

/* Whether nothing has touched what was seen, on any of these stamps. */
bool stamps_stay(const struct stamps *stamps, const struct stamp *seen, size_t count);

enum kept_kind {
	/* These numbers stand in the triggers, too. */
	KEPT_RESOURCE = 0,  /* number: the parent; text: the name */
	KEPT_LISTED = 1,    /* number: the resource; text: a JID. Whether its jidlist names it */
	KEPT_PASSWORDS = 2, /* text: a bare JID */
	KEPT_CONTENT = 3,   /* number: the content's */
};

struct kept_key {
	enum kept_kind kind;
	int64_t number;
	const char *text;
	size_t length; /* of text, bytes */
};

struct cache;
struct tx;

struct cache *cache_open(void);
void cache_close(struct cache *cache);

/*
 * Within the transaction of a batch, behind stamps_begin(): the committer's reads are a glance too, until `glance` is false. It makes all
 * changes but those of another process, which drop all that is kept.
 */
void cache_begin(struct tx *tx);

/* Something of the batch was undone: a row that it had made, which has no stamp, was perhaps kept. */
void cache_undone(struct tx *tx);

/* What is kept under the key and still holds, valid until the next call; NULL: the database must be asked. Only in a glance. */
const void *cache_find(struct tx *tx, const struct kept_key *key);

/*
 * Takes over `bytes` (from malloc(), or that `drop` gives back) of `size` bytes, which the transaction has just read; they are gone at
 * once when they cannot be kept.
 */
void cache_keep(struct tx *tx, const struct kept_key *key, void *bytes, size_t size,
	void (*drop)(void *bytes));

/* What was found expires then by itself, milliseconds since 1970; 0: never. */
void cache_expires(struct tx *tx, int64_t time);
