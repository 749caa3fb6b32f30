#include "store/figures.h"

#include "store/inside.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static int look_at_disk(const struct store *store, struct store_figures *out)
{
	struct statvfs disk;
	struct stat log;

	if (fstatvfs(store->directory, &disk) < 0)
		return -errno;
	out->free = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (fstatat(store->directory, "missive.db-wal", &log, 0) == 0)
		out->log = (uint64_t)log.st_size;
	return 0;
}

/* A row an account: nothing that grows with the files is walked through. */
static int add_up(struct store *store, struct store_figures *out)
{
	int64_t resources = 0, bytes = 0;
	struct tx *tx;
	int error = store_read_begin(store, &tx);

	if (error < 0)
		return error;
	error = sql_number(tx, &resources, "SELECT coalesce(sum(resources), 0) FROM usage", "");
	if (error >= 0)
		error = sql_number(tx, &bytes, "SELECT coalesce(sum(bytes), 0) FROM usage", "");
	store_read_end(tx);
	out->resources = (uint64_t)resources;
	out->stored = (uint64_t)bytes;
	return error < 0 ? error : 0;
}

int store_figures(struct store *store, struct store_figures *out)
{
	const struct commit_tally *tally = store->tally;
	int error;

	*out = (struct store_figures){
		.changes = tally_of(&tally->changes),
		.failed = tally_of(&tally->failed),
	};
	distribution_add(&out->batches, &tally->batches);
	distribution_add(&out->commits, &tally->commits);
	error = look_at_disk(store, out);
	return error < 0 ? error : add_up(store, out);
}
