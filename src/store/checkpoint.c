/*
 * What was committed moves from the log into the database itself: on the pool, so that no change waits for it, each time the log has
 * grown by some pages. The log begins anew once all of it has moved and nobody reads it; where changes never pause, that would be
 * never, so the committer moves the rest of a long log itself.
 */
#include "base/log.h"
#include "base/loop.h"
#include "store/inside.h"

enum { MOVED_AT_ONCE = 1000, PAGES_MAX = 4000 };

static int committed(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *store = arg;

	store->log_pages = pages;
	return SQLITE_OK;
}

int checkpoint_open(struct store *store, char *error, size_t size)
{
	int result = tx_open(store, store->database, &store->checkpointer, error, size);

	/* In the place of SQLite's own, which moves it all within the COMMIT. */
	if (result == 0)
		sqlite3_wal_hook(store->writer->db, committed, store);
	return result;
}

/* What did not move stays in the log, and is moved with the rest the next time. */
static void move(struct tx *tx)
{
	int code = sqlite3_wal_checkpoint_v2(tx->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
		log_event(LOG_WARNING, "checkpoint-failed", "reason", sqlite3_errmsg(tx->db), NULL);
}

static void move_on_pool(void *arg)
{
	struct store *store = arg;

	move(store->checkpointer);
}

static void moved(void *arg)
{
	struct store *store = arg;

	store->checkpointing = false;
}

void checkpoint_after(struct store *store)
{
	if (store->log_pages < store->moved_pages)
		store->moved_pages = 0;
	if (store->log_pages >= PAGES_MAX) {
		move(store->writer);
	} else if (!store->checkpointing && !store->stopping &&
		   store->log_pages - store->moved_pages >= MOVED_AT_ONCE) {
		store->moved_pages = store->log_pages;
		store->checkpointing = true;
		loop_work(store->loop, move_on_pool, moved, store);
	}
}
