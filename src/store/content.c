#include "base/arena.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "START-RANDOM": what follows the first "-" begins with the two digits of its directory. */
void blob_path(char out[BLOB_PATH], const char *name)
{
	const char *random = strchr(name, '-');

	snprintf(out, BLOB_PATH, "%.2s/%s", random ? random + 1 : name, name);
}

int blob_directories_make(int blobs)
{
	for (int i = 0; i < 256; i++) {
		char name[3];

		snprintf(name, sizeof(name), "%02x", (unsigned)i);
		if (mkdirat(blobs, name, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return fsync(blobs) < 0 ? -errno : 0;
}

static int keep_digests(struct tx *tx, int64_t content, const struct upload *upload)
{
	static const struct {
		enum hash_kind kind;
		const char *sql;
	} kept[] = {
		{HASH_MD5, "UPDATE content SET md5 = ?2 WHERE id = ?1"},
		{HASH_SHA1, "UPDATE content SET sha1 = ?2 WHERE id = ?1"},
		{HASH_SHA256, "UPDATE content SET sha256 = ?2 WHERE id = ?1"},
	};
	int error = 0;

	for (size_t i = 0; error == 0 && i < sizeof(kept) / sizeof(*kept); i++) {
		const unsigned char *value = upload_digest(upload, kept[i].kind);

		if (value)
			error = sql_run(
				tx, kept[i].sql, "ib", content, value, hash_length(kept[i].kind));
	}
	return error;
}

int64_t content_make(struct tx *tx, const struct upload *upload)
{
	static const struct buf nothing;
	const char *blob = upload ? upload_blob(upload) : NULL;
	const struct buf *bytes = upload ? upload_bytes(upload) : &nothing;
	int64_t length = upload ? (int64_t)upload_length(upload) : 0, content;
	int error;

	if (blob)
		error = sql_run(tx, "INSERT INTO content (length, blob) VALUES (?1, ?2)", "it",
			length, blob);
	else
		error = sql_run(tx, "INSERT INTO content (length, inline) VALUES (?1, ?2)", "ib",
			length, bytes->data, bytes->len);
	content = sqlite3_last_insert_rowid(tx->db);
	if (error == 0 && upload)
		error = keep_digests(tx, content, upload);
	return error < 0 ? error : content;
}

int blobs_doom(struct tx *tx, sqlite3_stmt *statement)
{
	int more;

	while ((more = sql_step(tx, statement)) == 1)
		if (sqlite3_column_type(statement, 0) == SQLITE_TEXT)
			buf_append(&tx->doomed, sqlite3_column_text(statement, 0),
				(size_t)sqlite3_column_bytes(statement, 0) + 1);
	return more;
}

int content_release(struct tx *tx, int64_t content)
{
	sqlite3_stmt *statement;
	int64_t one;
	int more = sql_number(tx, &one,
		"SELECT 1 FROM resource WHERE content = ?1 AND content > 0 LIMIT 1", "i", content);

	if (more != 0)
		return more < 0 ? more : 0;
	more = sql_bind(tx, &statement, "SELECT blob FROM content WHERE id = ?1", "i", content);
	if (more == 0)
		more = blobs_doom(tx, statement);
	return more < 0 ? more : sql_run(tx, "DELETE FROM content WHERE id = ?1", "i", content);
}

static int open_blob(struct tx *tx, const char *name, uint64_t length, struct content *content)
{
	char path[BLOB_PATH];
	struct stat status;

	blob_path(path, name);
	content->fd = openat(tx->store->blobs, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (content->fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	/* A blob that another hand has cut is not served as if it were whole. */
	if (fstat(content->fd, &status) < 0 || (uint64_t)status.st_size != length) {
		store_content_close(content);
		return -EIO;
	}
	return 0;
}

/* A digest of a row, NULL when it is not known. */
static const unsigned char *take_digest(struct arena *arena, sqlite3_stmt *row, int column)
{
	size_t length = (size_t)sqlite3_column_bytes(row, column);

	return length ? (unsigned char *)arena_strndup(
				arena, sqlite3_column_blob(row, column), length)
		      : NULL;
}

/* md5, sha1, sha256 from a column on. */
static void take_digests(struct arena *arena, sqlite3_stmt *row, int column, struct content *out)
{
	out->md5 = take_digest(arena, row, column);
	out->sha1 = take_digest(arena, row, column + 1);
	out->sha256 = take_digest(arena, row, column + 2);
}

int store_digests(struct tx *tx, struct arena *arena, int64_t content, struct content *out)
{
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement, "SELECT md5, sha1, sha256 FROM content WHERE id = ?1",
		"i", content);

	*out = (struct content){.fd = -1};
	if (more == 0)
		more = sql_step(tx, statement);
	if (more != 1)
		return more < 0 ? more : -ENOENT;
	take_digests(arena, statement, 0, out);
	sql_end(statement);
	return 0;
}

/* A change of nobody's: the committer frees it. */
struct remembering {
	struct store_change change;
	int64_t content;
	unsigned char sha256[32];
};

static int remember(struct tx *tx, struct store_change *change)
{
	const struct remembering *what = (const struct remembering *)change;

	return sql_run(tx, "UPDATE content SET sha256 = ?2 WHERE id = ?1", "ib", what->content,
		what->sha256, sizeof(what->sha256));
}

void store_sha256_remember(struct store *store, int64_t content, const unsigned char sha256[32])
{
	struct remembering *what = calloc(1, sizeof(*what));

	if (!what)
		abort();
	what->change.run = remember;
	what->content = content;
	memcpy(what->sha256, sha256, sizeof(what->sha256));
	mailbox_post(store->changes, &what->change.message);
}

/* Bytes of content that are kept in memory, and are being sent by as many as hold them. */
struct held {
	atomic_uint holders;
	struct content content;
	unsigned char digests[16 + 20 + 32];
	char bytes[];
};

static void let_go(void *bytes)
{
	struct held *held = bytes;

	if (atomic_fetch_sub(&held->holders, 1) == 1)
		free(held);
}

static const unsigned char *keep_digest(
	unsigned char *copy, const unsigned char *digest, enum hash_kind kind)
{
	return digest ? memcpy(copy, digest, hash_length(kind)) : NULL;
}

/* What was read is the cache's and the caller's from now on. */
static void hold(
	struct tx *tx, const struct kept_key *key, const void *bytes, struct content *content)
{
	size_t length = (size_t)content->length, size = sizeof(struct held) + length;
	struct held *held = malloc(size);

	if (!held)
		abort();
	atomic_init(&held->holders, 2);
	memcpy(held->bytes, bytes, length);
	content->md5 = keep_digest(held->digests, content->md5, HASH_MD5);
	content->sha1 = keep_digest(held->digests + 16, content->sha1, HASH_SHA1);
	content->sha256 = keep_digest(held->digests + 36, content->sha256, HASH_SHA256);
	content->bytes = held->bytes;
	content->held = held;
	held->content = *content;
	cache_keep(tx, key, held, size, let_go);
}

int store_content_open(struct tx *tx, struct arena *arena, const struct resource *resource,
	struct content *content)
{
	const struct kept_key key = {.kind = KEPT_CONTENT, .number = resource->content};
	const struct held *kept = cache_find(tx, &key);
	sqlite3_stmt *statement;
	int more;

	if (kept) {
		*content = store_content_share(&kept->content);
		return 0;
	}
	*content = (struct content){.fd = -1};
	more = sql_bind(tx, &statement,
		"SELECT length, inline, blob, md5, sha1, sha256 FROM content WHERE id = ?1", "i",
		resource->content);
	if (more == 0)
		more = sql_step(tx, statement);
	if (more != 1)
		return more < 0 ? more : -ESTALE;
	content->length = (uint64_t)sqlite3_column_int64(statement, 0);
	take_digests(arena, statement, 3, content);
	if (sqlite3_column_type(statement, 2) == SQLITE_NULL) {
		const void *bytes = sqlite3_column_blob(statement, 1);
		size_t length = (size_t)sqlite3_column_bytes(statement, 1);

		more = length == content->length ? 0 : -EIO;
		if (more == 0)
			hold(tx, &key, length ? bytes : "", content);
	} else {
		more = open_blob(tx, (const char *)sqlite3_column_text(statement, 2),
			content->length, content);
	}
	sql_end(statement);
	return more;
}

struct content store_content_share(const struct content *content)
{
	atomic_fetch_add(&content->held->holders, 1);
	return *content;
}

void store_content_close(struct content *content)
{
	if (content->fd >= 0)
		close(content->fd);
	if (content->held)
		let_go(content->held);
	content->fd = -1;
	content->held = NULL;
}
