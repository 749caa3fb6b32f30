#include "base/log.h"
#include "store/blobs.h"
#include "store/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

/* Blobs of this start may be waiting for the COMMIT that names them; older ones that nothing names never will be. */
static int sweep_directory(struct store *store, DIR *directory, const char *present)
{
	int swept = 0;

	for (const struct dirent *entry;
		(entry = readdir(directory)) && atomic_load(&store->sweeping);) {
		if (entry->d_name[0] == '.' ||
			strncmp(entry->d_name, present, strlen(present)) == 0)
			continue;
		if (is_named(store, entry->d_name) == 0 &&
			unlinkat(dirfd(directory), entry->d_name, 0) == 0)
			swept++;
	}
	return swept;
}

static bool is_stopped(const struct store *store)
{
	return !atomic_load(&store->sweeping);
}

static void *sweep(void *arg)
{
	struct store *store = arg;
	char present[32];
	int swept = 0, gate = gate_enter(store, is_stopped);

	snprintf(present, sizeof(present), "%" PRId64 "-", store->start);
	for (unsigned i = 0; gate >= 0 && i < 256 && atomic_load(&store->sweeping); i++) {
		char name[4];
		DIR *directory;
		int fd;

		snprintf(name, sizeof(name), "%02x", i);
		fd = openat(store->blobs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		directory = fd < 0 ? NULL : fdopendir(fd);
		if (directory) {
			swept += sweep_directory(store, directory, present);
			closedir(directory);
		} else if (fd >= 0) {
			close(fd);
		}
	}
	if (gate >= 0)
		close(gate);
	log_event(LOG_INFO, "orphans-swept", "count", log_number(swept), NULL);
	return NULL;
}

int sweep_start(struct store *store)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	atomic_store(&store->sweeping, true);
	error = pthread_create(&store->sweeper, NULL, sweep, store);
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
