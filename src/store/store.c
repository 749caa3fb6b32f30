#include "store/store.h"

#include "base/digest.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/rate.h"
#include "store/backup.h"
#include "store/inside.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSWORDS_IN_USE = 16384 };

static int refuse(char *error, size_t size, const char *path, int reason)
{
	snprintf(error, size, "%s: %s", path, strerror(reason));
	return -reason;
}

/* So that a directory that was just made is there after a power cut. */
static int sync_parent(const char *path)
{
	char *copy = strdup(path);
	int fd, result;

	if (!copy)
		abort();
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	result = fd < 0 ? -1 : fsync(fd);
	if (fd >= 0)
		close(fd);
	free(copy);
	return result;
}

/* 1: it was made; 0: it was there. */
static int make_directory(const char *path, char *error, size_t size)
{
	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : refuse(error, size, path, errno);
	return sync_parent(path) < 0 ? refuse(error, size, path, errno) : 1;
}

/* Whatever is in it is expected to be the same user's. */
static int check_owner(
	const char *path, int fd, const struct identity *owner, char *error, size_t size)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return refuse(error, size, path, errno);
	if (status.st_uid == owner->uid)
		return 0;
	snprintf(error, size,
		"%s: this belongs to the user number %u, and missived becomes number %u: give it "
		"all to that one (chown -R), or set user in [system]",
		path, (unsigned)status.st_uid, (unsigned)owner->uid);
	return -EPERM;
}

/* What was made at the path, and not what somebody has put there since; a slash at the end would lead on through a link. */
static int open_made(const char *path)
{
	size_t length = strlen(path);
	char *name = strdup(path);
	int fd;

	if (!name)
		abort();
	while (length > 1 && name[length - 1] == '/')
		name[--length] = '\0';
	fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	free(name);
	return fd;
}

int store_make(const char *path, const struct identity *owner, char *error, size_t size)
{
	int made = make_directory(path, error, size), fd, result = 0;

	if (made < 0 || !owner->changes)
		return made < 0 ? made : 0;
	fd = made ? open_made(path) : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse(error, size, path, errno);
	if (made && (fchown(fd, owner->uid, owner->gid) < 0 || fsync(fd) < 0))
		result = refuse(error, size, path, errno);
	if (result == 0)
		result = check_owner(path, fd, owner, error, size);
	close(fd);
	return result;
}

/* The directory with the lock on it. */
static int open_directory(struct store *store, char *error, size_t size)
{
	const char *path = store->options.path;
	int made = make_directory(path, error, size);

	if (made < 0)
		return made;
	store->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->directory < 0)
		return refuse(error, size, path, errno);
	store->lock = openat(store->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0)
		return refuse(error, size, path, errno);
	if (flock(store->lock, LOCK_EX | LOCK_NB) < 0) {
		snprintf(error, size, "%s: another missived has this store", path);
		return -EBUSY;
	}
	if (faccessat(store->directory, STORE_RESTORING, F_OK, 0) == 0) {
		snprintf(error, size,
			"%s: a restore into it was not finished; empty it and restore again", path);
		return -EBUSY;
	}
	return 0;
}

static int open_blobs(struct store *store, char *error, size_t size)
{
	if (mkdirat(store->directory, "blobs", 0700) < 0 && errno != EEXIST)
		return refuse(error, size, store->options.path, errno);
	store->blobs = openat(store->directory, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->blobs < 0 || blob_directories_make(store->blobs) < 0)
		return refuse(error, size, store->options.path, errno);
	return 0;
}

static int open_database(struct store *store, char *error, size_t size)
{
	int result;

	if (asprintf(&store->database, "%s/missive.db", store->options.path) < 0)
		abort();
	result = tx_open(store, store->database, &store->writer, error, size);
	if (result == 0)
		result = schema_migrate(store->writer->db, error, size);
	if (result == 0 && stamps_follow(store->stamps, store->writer->db) != SQLITE_OK) {
		snprintf(error, size, "%s: %s", store->database, sqlite3_errmsg(store->writer->db));
		result = -EIO;
	}
	if (result == 0)
		result = checkpoint_open(store, error, size);
	if (result == 0 && fsync(store->directory) < 0)
		result = refuse(error, size, store->options.path, errno);
	return result;
}

static int read_secret(struct store *store)
{
	struct tx *tx = store->writer;
	sqlite3_stmt *statement = NULL;
	int more;

	random_bytes(store->secret, sizeof(store->secret));
	more = sql_run(tx, "UPDATE counter SET secret = ?1 WHERE secret = x''", "b", store->secret,
		sizeof(store->secret));
	if (more == 0)
		more = sql_bind(tx, &statement, "SELECT secret FROM counter", "");
	if (more == 0)
		more = sql_step(tx, statement);
	if (more != 1)
		return more < 0 ? more : -EIO;
	more = sqlite3_column_bytes(statement, 0) == STORE_SECRET ? 0 : -EIO;
	if (more == 0)
		memcpy(store->secret, sqlite3_column_blob(statement, 0), STORE_SECRET);
	sql_end(statement);
	return more;
}

const unsigned char *store_secret(const struct store *store)
{
	return store->secret;
}

int store_count_start(struct store *store)
{
	struct tx *tx = store->writer;
	int error = tx_begin(tx, "BEGIN IMMEDIATE");

	if (error == 0)
		error = sql_run(tx, "UPDATE counter SET start = start + 1", "");
	if (error == 0)
		error = sql_run(tx, "INSERT INTO opening SELECT start, ?1, change FROM counter",
			"t", store->opening);
	/* Content of a state that is lost keeps its numbers for itself, because they are ETags. */
	if (error == 0)
		error = sql_run(tx,
			"UPDATE sqlite_sequence SET seq = seq + (random() & 0xffffffff)"
			" WHERE name = 'content'",
			"");
	if (error == 0)
		error = tx_begin(tx, "COMMIT");
	if (error < 0 && !sqlite3_get_autocommit(tx->db))
		tx_begin(tx, "ROLLBACK");
	store->counted = error == 0;
	return error;
}

/* A disk that is full keeps nobody from reading: the committer takes no change until this start is counted. */
static int begin(struct store *store)
{
	struct tx *tx = store->writer;
	int error;

	random_id(store->opening);
	error = store_count_start(store);
	if (error == -ENOSPC)
		log_event(LOG_WARNING, "store-full", NULL);
	if (error == 0 || error == -ENOSPC)
		error = read_secret(store);
	if (error == 0)
		error = sql_number(tx, &store->start, "SELECT start FROM counter", "");
	if (error >= 0)
		error = sql_number(tx, &store->last_resource, "SELECT resource FROM counter", "");
	if (error >= 0)
		error = sql_number(tx, &store->last_change, "SELECT change FROM counter", "");
	return error < 0 ? error : 0;
}

static int open_all(struct store *store, char *error, size_t size)
{
	int result = open_directory(store, error, size);

	if (result == 0)
		result = open_blobs(store, error, size);
	if (result == 0)
		result = open_database(store, error, size);
	if (result == 0) {
		result = begin(store);
		if (result < 0)
			refuse(error, size, store->database, -result);
	}
	return result;
}

static void release(struct store *store)
{
	struct tx *tx = atomic_load(&store->readers);

	while (tx) {
		struct tx *next = tx->next;

		tx_close(tx);
		tx = next;
	}
	if (store->checkpointer)
		tx_close(store->checkpointer);
	if (store->writer)
		tx_close(store->writer);
	if (store->blobs >= 0)
		close(store->blobs);
	if (store->lock >= 0)
		close(store->lock);
	if (store->directory >= 0)
		close(store->directory);
	pthread_key_delete(store->own);
	rates_close(store->used);
	free(store->stamps);
	free(store->tally);
	free(store->database);
	free(store);
}

int store_open(struct store **out, const struct store_options *options, char *error, size_t size)
{
	struct store *store = calloc(1, sizeof(*store));
	int result;

	if (!store || pthread_key_create(&store->own, NULL) != 0)
		abort();
	/* SQLite counts its memory under one mutex, for which all threads would wait. Refused once it is in use: then it was said before. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	store->options = *options;
	store->keep_free = options->keep_free;
	store->stamps = calloc(1, sizeof(*store->stamps));
	if (!store->stamps)
		abort();
	store->tally = tally_new(sizeof(*store->tally));
	store->used = rates_open(PASSWORDS_IN_USE, PASSWORD_USE_TIME);
	store->directory = store->blobs = store->lock = -1;
	result = open_all(store, error, size);
	if (result == 0 && (result = committer_start(store)) < 0)
		refuse(error, size, "the committer", -result);
	if (result < 0) {
		release(store);
		return result;
	}
	/* Without a sweep nothing is wrong but the space that orphans take. */
	sweep_start(store);
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sweep_stop(store);
	committer_stop(store);
	release(store);
}

bool store_may_block(const struct store *store)
{
	return store->options.may_block;
}

int store_check(struct store *store)
{
	struct tx *tx;
	int64_t start;
	int error = store_read_begin(store, &tx);

	if (error < 0)
		return error;
	error = sql_number(tx, &start, "SELECT start FROM counter", "");
	store_read_end(tx);
	return error < 0 ? error : 0;
}
