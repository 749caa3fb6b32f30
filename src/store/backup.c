#include "store/backup.h"

#include "store/blobs.h"
#include "store/inside.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char marker[] = "missive-backup", database[] = "missive.db",
		  part[] = "missive.db.part";

/* One way or the other. */
struct work {
	const char *from_path, *to_path;
	int from, to, from_blobs, to_blobs;
	int lock; /* on who else may be there */
	bool share;
	struct tx *names; /* the copied database */
	struct copied *copied;
	char *error;
	size_t size;
};

static int refuse(struct work *work, const char *path, int error)
{
	snprintf(work->error, work->size, "%s: %s", path, strerror(-error));
	return error;
}

static int open_at(int directory, const char *path)
{
	int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd;
}

static int look_for_more(void *arg, int directory, const char *inside, const char *name)
{
	const char **allowed = arg;

	return strcmp(name, *allowed) == 0 || strcmp(name, "lost+found") == 0 ? 0 : -ENOTEMPTY;
}

/* Whether nothing is in it but `allowed`. 1, 0 or negative errno. */
static int is_empty(int fd, const char *allowed)
{
	int error = directory_each(fd, look_for_more, &allowed);

	return error == 0 ? 1 : error == -ENOTEMPTY ? 0 : error;
}

static int make_directory(struct work *work, const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return refuse(work, path, -errno);
	work->to = open_at(AT_FDCWD, path);
	return work->to < 0 ? refuse(work, path, work->to) : 0;
}

/* A daemon has the same lock on its store: nobody else writes here. */
static int lock(struct work *work)
{
	work->lock = openat(work->to, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (work->lock < 0)
		return refuse(work, work->to_path, -errno);
	if (flock(work->lock, LOCK_EX | LOCK_NB) < 0) {
		snprintf(work->error, work->size, "%s: somebody else has it", work->to_path);
		return -EBUSY;
	}
	return fsync(work->lock) < 0 ? refuse(work, work->to_path, -errno) : 0;
}

static int open_source(struct work *work)
{
	work->from = open_at(AT_FDCWD, work->from_path);
	if (work->from < 0)
		return refuse(work, work->from_path, work->from);
	if (faccessat(work->from, database, R_OK, 0) < 0)
		return refuse(work, work->from_path, -errno);
	work->from_blobs = open_at(work->from, "blobs");
	return work->from_blobs < 0 ? refuse(work, work->from_path, work->from_blobs) : 0;
}

static int open_target_blobs(struct work *work)
{
	int error = 0;

	if (mkdirat(work->to, "blobs", 0700) < 0 && errno != EEXIST)
		error = -errno;
	work->to_blobs = error < 0 ? error : open_at(work->to, "blobs");
	if (work->to_blobs >= 0)
		error = blob_directories_make(work->to_blobs);
	else
		error = work->to_blobs;
	return error < 0 ? refuse(work, work->to_path, error) : 0;
}

/* ---- blobs ---- */

static int clone_one(struct work *work, const char *name, uint64_t length, bool share)
{
	int done = blob_clone(work->from_blobs, work->to_blobs, name, length, share);

	if (done == -ENOENT) {
		work->copied->missing++;
		return 0;
	}
	if (done < 0)
		return refuse(work, name, done);
	work->copied->files++;
	work->copied->fresh += done == 1;
	work->copied->bytes += length;
	return 0;
}

/* Parts may still grow behind what is acknowledged: they are never shared. */
static int clone_named(struct work *work)
{
	sqlite3_stmt *row;
	int more = blobs_named(work->names, &row);
	int error = 0;

	while (error == 0 && more >= 0 && (more = sql_step(work->names, row)) == 1)
		error = clone_one(work, (const char *)sqlite3_column_text(row, 0),
			(uint64_t)sqlite3_column_int64(row, 1),
			work->share && !sqlite3_column_int(row, 2));
	if (more == 1)
		sql_end(row);
	return error < 0 ? error : more < 0 ? refuse(work, work->to_path, more) : 0;
}

static int drop_unnamed(void *arg, int directory, const char *inside, const char *name)
{
	struct work *work = arg;
	int64_t one;
	int named = sql_number(work->names, &one,
		"SELECT 1 FROM content WHERE blob = ?1 UNION ALL SELECT 1 FROM partial WHERE blob "
		"= ?1",
		"t", name);

	if (named == 0 && unlinkat(directory, name, 0) < 0)
		return -errno;
	return named < 0 ? named : 0;
}

/* What belongs to an earlier backup goes only when this one is in its place. */
static int finish(struct work *work)
{
	int error = blobs_sync(work->to_blobs);

	if (error == 0 && renameat(work->to, part, work->to, database) < 0)
		error = -errno;
	if (error == 0 && fsync(work->to) < 0)
		error = -errno;
	if (error == 0)
		error = blobs_each(work->to_blobs, drop_unnamed, work);
	return error < 0 ? refuse(work, work->to_path, error) : 0;
}

static int open_names(struct work *work)
{
	char *path;
	int error;

	if (asprintf(&path, "%s/%s", work->to_path, part) < 0)
		abort();
	error = tx_open_copy(path, &work->names, work->error, work->size);
	free(path);
	return error;
}

static void end(struct work *work)
{
	int *const all[] = {
		&work->from_blobs, &work->to_blobs, &work->from, &work->lock, &work->to};

	if (work->names)
		tx_close(work->names);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (*all[i] >= 0)
			close(*all[i]);
}

static struct work begin(
	const char *from, const char *to, struct copied *copied, char *error, size_t size)
{
	*copied = (struct copied){0};
	return (struct work){
		.from_path = from,
		.to_path = to,
		.from = -1,
		.to = -1,
		.from_blobs = -1,
		.to_blobs = -1,
		.lock = -1,
		.copied = copied,
		.error = error,
		.size = size,
	};
}

/* ---- backup ---- */

/* A file that says what is here. */
static int mark(struct work *work)
{
	int fd = openat(work->to, marker, O_RDWR | O_CREAT | O_CLOEXEC, 0600), error = 0;

	if (fd < 0 || fsync(fd) < 0)
		error = refuse(work, work->to_path, -errno);
	if (fd >= 0)
		close(fd);
	return error;
}

/* A backup that was taken for a store without restoring it is still marked as one. */
static int check_other(struct work *work)
{
	struct stat from, to;

	if (fstat(work->from, &from) < 0 || fstat(work->to, &to) < 0)
		return refuse(work, work->to_path, -errno);
	if (from.st_dev != to.st_dev || from.st_ino != to.st_ino)
		return 0;
	snprintf(work->error, work->size, "%s: this is the store itself", work->to_path);
	return -EINVAL;
}

static int copy_database(struct work *work)
{
	char *from, *to;
	int error;

	if (asprintf(&from, "%s/%s", work->from_path, database) < 0 ||
		asprintf(&to, "%s/%s", work->to_path, part) < 0)
		abort();
	unlinkat(work->to, part, 0);
	error = tx_copy(from, to, work->error, work->size);
	free(from);
	free(to);
	return error;
}

static int open_backup(struct work *work)
{
	int error = make_directory(work, work->to_path), empty;

	if (error < 0)
		return error;
	empty = is_empty(work->to, marker);
	if (empty == 0 && faccessat(work->to, marker, F_OK, 0) < 0) {
		snprintf(work->error, work->size, "%s: it is not empty, and no backup is in it",
			work->to_path);
		return -ENOTEMPTY;
	}
	if (empty < 0)
		return refuse(work, work->to_path, empty);
	error = check_other(work);
	if (error == 0)
		error = mark(work);
	if (error == 0)
		error = lock(work);
	return error < 0 ? error : open_target_blobs(work);
}

int store_backup(
	const char *store, const char *directory, struct copied *copied, char *error, size_t size)
{
	struct work work = begin(store, directory, copied, error, size);
	int result = open_source(&work), gate = -1;

	work.share = true;
	if (result == 0)
		result = open_backup(&work);
	if (result == 0) {
		gate = gate_open(work.from);
		if (gate < 0 || flock(gate, LOCK_SH) < 0)
			result = refuse(&work, store, gate < 0 ? gate : -errno);
	}
	/* What the copy names cannot go any more, and was there before it was named. */
	if (result == 0)
		result = copy_database(&work);
	if (result == 0)
		result = open_names(&work);
	if (result == 0)
		result = clone_named(&work);
	if (gate >= 0)
		close(gate);
	if (result == 0)
		result = finish(&work);
	end(&work);
	return result;
}

/* ---- restore ---- */

static int open_store(struct work *work)
{
	int error = make_directory(work, work->to_path), empty;

	if (error == 0)
		error = lock(work);
	if (error < 0)
		return error;
	empty = is_empty(work->to, "lock");
	if (empty < 0)
		return refuse(work, work->to_path, empty);
	if (empty == 0) {
		snprintf(work->error, work->size,
			"%s: it is not empty; move away what is there, or name another path in "
			"the settings",
			work->to_path);
		return -ENOTEMPTY;
	}
	error = openat(work->to, STORE_RESTORING, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (error < 0 || fsync(work->to) < 0)
		return refuse(work, work->to_path, -errno);
	close(error);
	return open_target_blobs(work);
}

static int copy_back(struct work *work)
{
	int error = file_clone(work->from, work->to, database);

	if (error == 0 && renameat(work->to, database, work->to, part) < 0)
		error = -errno;
	return error < 0 ? refuse(work, work->to_path, error) : open_names(work);
}

int store_restore(
	const char *directory, const char *store, struct copied *copied, char *error, size_t size)
{
	struct work work = begin(directory, store, copied, error, size);
	int result = open_source(&work);

	if (result == 0 && faccessat(work.from, marker, F_OK, 0) < 0) {
		result = -errno;
		snprintf(error, size, "%s: no backup is in it", directory);
	}
	if (result == 0)
		result = open_store(&work);
	if (result == 0)
		result = copy_back(&work);
	if (result == 0)
		result = clone_named(&work);
	if (result == 0)
		result = finish(&work);
	if (result == 0 && (unlinkat(work.to, STORE_RESTORING, 0) < 0 || fsync(work.to) < 0))
		result = refuse(&work, store, -errno);
	end(&work);
	return result;
}
