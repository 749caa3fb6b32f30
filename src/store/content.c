#include "base/arena.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

int64_t content_make(struct tx *tx, const struct upload *upload)
{
	static const struct buf nothing;
	const char *blob = upload ? upload_blob(upload) : NULL;
	const struct buf *bytes = upload ? upload_bytes(upload) : &nothing;
	int64_t length = upload ? (int64_t)upload_length(upload) : 0;
	int error;

	if (blob)
		error = sql_run(tx, "INSERT INTO content (length, blob) VALUES (?1, ?2)", "it",
			length, blob);
	else
		error = sql_run(tx, "INSERT INTO content (length, inline) VALUES (?1, ?2)", "ib",
			length, bytes->data, bytes->len);
	return error < 0 ? error : sqlite3_last_insert_rowid(tx->db);
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
	more = sql_bind(
		tx, &statement, "DELETE FROM content WHERE id = ?1 RETURNING blob", "i", content);
	if (more < 0)
		return more;
	return blobs_doom(tx, statement);
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

int store_content_open(struct tx *tx, struct arena *arena, const struct resource *resource,
	struct content *content)
{
	sqlite3_stmt *statement;
	int more = sql_bind(tx, &statement,
		"SELECT length, inline, blob FROM content WHERE id = ?1", "i", resource->content);

	*content = (struct content){.fd = -1};
	if (more == 0)
		more = sql_step(tx, statement);
	if (more != 1)
		return more < 0 ? more : -ESTALE;
	content->length = (uint64_t)sqlite3_column_int64(statement, 0);
	if (sqlite3_column_type(statement, 2) == SQLITE_NULL) {
		const void *bytes = sqlite3_column_blob(statement, 1);
		size_t length = (size_t)sqlite3_column_bytes(statement, 1);

		content->bytes = arena_strndup(arena, length ? bytes : "", length);
		more = length == content->length ? 0 : -EIO;
	} else {
		more = open_blob(tx, (const char *)sqlite3_column_text(statement, 2),
			content->length, content);
	}
	sql_end(statement);
	return more;
}

void store_content_close(struct content *content)
{
	if (content->fd >= 0)
		close(content->fd);
	content->fd = -1;
}
