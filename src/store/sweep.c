#include "base/log.h"
#include "store/blobs.h"
#include "store/inside.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 1: some content or upload in parts names the blob; 0: none does; negative errno. */
static int is_named(struct store *store, const char *name)
{
	struct tx *tx;
	int64_t one;
	int found = store_read_begin(store, &tx);

	if (found < 0)
		return found;
	found = sql_number(tx, &one,
		"SELECT 1 FROM content WHERE blob = ?1 UNION ALL SELECT 1 FROM partial WHERE blob "
		"= ?1",
		"t", name);
	store_read_end(tx);
	return found;
}

struct sweep {
	struct store *store;
	char present[32]; /* what the names of this start's blobs begin with */
	int swept;
};

static bool is_stopped(const struct store *store)
{
	return !atomic_load(&store->sweeping);
}

/* Blobs of this start may be waiting for the COMMIT that names them; older ones that nothing names never will be. */
static int look_at(void *arg, int directory, const char *inside, const char *name)
{
	struct sweep *sweep = arg;

	if (is_stopped(sweep->store))
		return -ECANCELED;
	if (name[0] != '.' && strncmp(name, sweep->present, strlen(sweep->present)) != 0 &&
		is_named(sweep->store, name) == 0 && unlinkat(directory, name, 0) == 0)
		sweep->swept++;
	return 0;
}

static void *sweep_all(void *arg)
{
	struct store *store = arg;
	struct sweep sweep = {.store = store};
	int gate = gate_enter(store, is_stopped);

	snprintf(sweep.present, sizeof(sweep.present), "%" PRId64 "-", store->start);
	if (gate >= 0) {
		blobs_each(store->blobs, look_at, &sweep);
		close(gate);
	}
	log_event(LOG_INFO, "orphans-swept", "count", log_number(sweep.swept), NULL);
	return NULL;
}

int sweep_start(struct store *store)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	atomic_store(&store->sweeping, true);
	error = pthread_create(&store->sweeper, NULL, sweep_all, store);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error)
		atomic_store(&store->sweeping, false);
	return -error;
}

void sweep_stop(struct store *store)
{
	if (atomic_exchange(&store->sweeping, false))
		pthread_join(store->sweeper, NULL);
}
