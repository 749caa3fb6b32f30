/* Whether a store is whole. What is looked at is a row each; nothing is changed but that orphans go when that is wanted. */
#include "base/hash.h"
#include "store/backup.h"
#include "store/blobs.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct look {
	struct checking *checking;
	struct tx *tx;
	int directory, blobs, gate, lock; /* lock: no daemon has the store; -1: one has */
	char present
		[32]; /* what the names of blobs begin with that a daemon may be about to commit; "": none */
};

/* Each row is something that must not be: column 0 says what. */
static const char *const wrongs[] = {
	"SELECT 'database: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check "
	"<> 'ok'",
	"SELECT 'database: a row of ' || \"table\" || ' names one of ' || parent || ' that is not "
	"there'"
	" FROM pragma_foreign_key_check",
	"SELECT 'resource ' || id || ' of ' || owner || ' (' || name || '): its content is not "
	"there'"
	" FROM resource WHERE content > 0 AND content NOT IN (SELECT id FROM content)",
	"SELECT 'resource ' || id || ' of ' || owner || ' (' || name || '): it has not the length "
	"of its content'"
	" FROM resource r WHERE content > 0 AND length <> (SELECT length FROM content WHERE id = "
	"r.content)",
	"SELECT 'resource ' || id || ' of ' || owner || ' (' || name || '): what it lies in is not "
	"there'"
	" FROM resource WHERE parent > 0 AND parent NOT IN (SELECT id FROM resource WHERE "
	"collection)",
	"SELECT 'content ' || id || ': no resource has it' FROM content"
	" WHERE id NOT IN (SELECT content FROM resource WHERE content > 0)",
	"SELECT 'content ' || id || ': it has not its length' FROM content"
	" WHERE inline IS NOT NULL AND length(inline) <> length",
	"SELECT 'content ' || id || ': it is nowhere' FROM content WHERE inline IS NULL AND blob "
	"IS NULL"
	" AND length > 0",
	"SELECT 'list: it is of no resource: ' || resource FROM list WHERE resource NOT IN (SELECT "
	"id FROM resource)",
	"SELECT 'property: it is of no resource: ' || resource FROM property"
	" WHERE resource NOT IN (SELECT id FROM resource)",
	"SELECT 'account ' || owner || ': what it uses is not what it is counted with' FROM ("
	" SELECT owner, sum(bytes) AS b, sum(n) AS r FROM (SELECT owner, length AS bytes, 1 AS n "
	"FROM resource WHERE id > 1"
	" UNION ALL SELECT owner, received, 0 FROM partial UNION ALL SELECT owner, -bytes, "
	"-resources FROM usage)"
	" GROUP BY owner) WHERE b <> 0 OR r <> 0",
};

__attribute__((format(printf, 2, 3))) static void tell(struct look *look, const char *format, ...)
{
	struct checking *checking = look->checking;
	char *line;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		abort();
	va_end(args);
	checking->wrong++;
	checking->tell(checking->arg, line);
	free(line);
}

static void look_at_rows(struct look *look)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		sqlite3_stmt *row;
		int more = sql_bind(look->tx, &row, wrongs[i], "");

		while (more >= 0 && (more = sql_step(look->tx, row)) == 1)
			tell(look, "%s", (const char *)sqlite3_column_text(row, 0));
		if (more < 0)
			tell(look, "database: %s", sqlite3_errmsg(look->tx->db));
	}
}

/* ---- bytes ---- */

static bool has_digest(const void *known, const struct hashes *hashes)
{
	return memcmp(known, hashes_value(hashes, HASH_SHA256), hash_length(HASH_SHA256)) == 0;
}

static int read_through(int fd, struct hashes *hashes)
{
	static char bytes[256 << 10];
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			hashes_add(hashes, bytes, (size_t)got);
	}
	return 0;
}

/* `known`: its SHA-256, NULL when nobody has asked for it yet. */
static void look_at_bytes(struct look *look, const char *blob, int fd, const void *known)
{
	struct hashes *hashes;
	int error;

	if (!known)
		return;
	hashes = hashes_new(1u << HASH_SHA256);
	error = read_through(fd, hashes);
	hashes_end(hashes);
	if (error < 0)
		tell(look, "blob %s: %s", blob, strerror(-error));
	else if (!has_digest(known, hashes))
		tell(look, "blob %s: its bytes are others than those that were stored", blob);
	hashes_free(hashes);
}

static const void *digest_of(sqlite3_stmt *row, int column)
{
	return (size_t)sqlite3_column_bytes(row, column) == hash_length(HASH_SHA256)
		       ? sqlite3_column_blob(row, column)
		       : NULL;
}

/* A row of blobs_named(). */
static void look_at_blob(struct look *look, sqlite3_stmt *row)
{
	const char *blob = (const char *)sqlite3_column_text(row, 0);
	uint64_t length = (uint64_t)sqlite3_column_int64(row, 1);
	struct stat status;
	char path[BLOB_PATH];
	int fd;

	blob_path(path, blob);
	fd = openat(look->blobs, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &status) < 0) {
		tell(look, "blob %s: %s", blob,
			errno == ENOENT ? "it is not there" : strerror(errno));
	} else {
		uint64_t found = (uint64_t)status.st_size;

		look->checking->blobs++;
		look->checking->bytes += found;
		if (found < length || (found > length && !sqlite3_column_int(row, 2)))
			tell(look, "blob %s: it has %" PRIu64 " bytes and not %" PRIu64, blob,
				found, length);
		else
			look_at_bytes(look, blob, fd, digest_of(row, 3));
	}
	if (fd >= 0)
		close(fd);
}

static void look_at_blobs(struct look *look)
{
	sqlite3_stmt *row;
	int more = blobs_named(look->tx, &row);

	while (more >= 0 && (more = sql_step(look->tx, row)) == 1)
		look_at_blob(look, row);
	if (more < 0)
		tell(look, "database: %s", sqlite3_errmsg(look->tx->db));
}

static void look_at_inline(struct look *look)
{
	sqlite3_stmt *row;
	int more = sql_bind(look->tx, &row,
		"SELECT id, inline, sha256 FROM content WHERE inline IS NOT NULL AND sha256 IS NOT "
		"NULL",
		"");

	while (more >= 0 && (more = sql_step(look->tx, row)) == 1) {
		const void *known = digest_of(row, 2);
		struct hashes *hashes = hashes_new(1u << HASH_SHA256);

		hashes_add(
			hashes, sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1));
		hashes_end(hashes);
		if (known && !has_digest(known, hashes))
			tell(look,
				"content %" PRId64
				": its bytes are others than those that were stored",
				(int64_t)sqlite3_column_int64(row, 0));
		hashes_free(hashes);
	}
}

/* ---- files ---- */

static void remove_unnamed(struct look *look, int directory, const char *name)
{
	if (!look->checking->repair || unlinkat(directory, name, 0) < 0)
		return;
	look->checking->repaired++;
	look->checking->wrong--;
}

static int look_at_file(void *arg, int directory, const char *inside, const char *name)
{
	struct look *look = arg;
	char path[BLOB_PATH];
	int64_t one;
	int named = sql_number(look->tx, &one,
		"SELECT 1 FROM content WHERE blob = ?1 UNION ALL SELECT 1 FROM partial WHERE blob "
		"= ?1",
		"t", name);

	blob_path(path, name);
	if (named < 0 || (named == 1 && strncmp(path, inside, 2) == 0) ||
		(*look->present && strncmp(name, look->present, strlen(look->present)) == 0))
		return 0;
	tell(look, "file blobs/%s/%s: nothing names it", inside, name);
	remove_unnamed(look, directory, name);
	return 0;
}

/* Beside the directories that blobs lie in, which may be a disk of their own. */
static int look_beside(void *arg, int directory, const char *inside, const char *name)
{
	struct look *look = arg;

	if (strcmp(name, "lost+found") == 0 ||
		(strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2))
		return 0;
	tell(look, "file blobs/%s: nothing names it", name);
	remove_unnamed(look, directory, name);
	return 0;
}

static void look_at_top(struct look *look)
{
	int error = directory_each(look->blobs, look_beside, look);

	if (error < 0)
		tell(look, "blobs: %s", strerror(-error));
}

/* ---- the whole ---- */

static int open_look(struct look *look, const char *path, char *error, size_t size)
{
	char *database;
	int64_t start = 0;
	int result = 0;

	if (asprintf(&database, "%s/missive.db", path) < 0)
		abort();
	look->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	look->blobs = look->directory < 0 ? -1
					  : openat(look->directory, "blobs",
						    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (look->blobs < 0 || access(database, R_OK) < 0) {
		snprintf(error, size, "%s: %s", database, strerror(errno));
		result = -errno;
	}
	if (result == 0) {
		look->gate = gate_open(look->directory);
		look->lock = openat(look->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (look->gate < 0 || look->lock < 0 || flock(look->gate, LOCK_SH) < 0) {
			snprintf(error, size, "%s: %s", path, strerror(errno));
			result = -errno;
		}
	}
	if (result == 0 && flock(look->lock, LOCK_EX | LOCK_NB) < 0) {
		close(look->lock);
		look->lock = -1;
	}
	if (result == 0 && look->lock < 0 && look->checking->repair) {
		snprintf(error, size, "%s: a missived has this store: stop it to repair", path);
		result = -EBUSY;
	}
	if (result == 0)
		result = tx_open(NULL, database, &look->tx, error, size);
	if (result == 0 && tx_begin(look->tx, "BEGIN") == 0 && look->lock < 0 &&
		sql_number(look->tx, &start, "SELECT start FROM counter", "") == 1)
		snprintf(look->present, sizeof(look->present), "%" PRId64 "-", start);
	free(database);
	return result;
}

static void close_look(struct look *look)
{
	const int all[] = {look->blobs, look->gate, look->lock, look->directory};

	if (look->tx)
		tx_close(look->tx);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i] >= 0)
			close(all[i]);
}

int store_fsck(const char *path, struct checking *checking, char *error, size_t size)
{
	struct look look = {
		.checking = checking, .directory = -1, .blobs = -1, .gate = -1, .lock = -1};
	int result = open_look(&look, path, error, size);
	int64_t resources = 0;

	if (result == 0) {
		look_at_rows(&look);
		look_at_blobs(&look);
		look_at_inline(&look);
		look_at_top(&look);
		blobs_each(look.blobs, look_at_file, &look);
		sql_number(look.tx, &resources, "SELECT count(*) FROM resource", "");
		checking->resources = (uint64_t)resources;
	}
	close_look(&look);
	return result;
}
