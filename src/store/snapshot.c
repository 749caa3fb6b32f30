/* A database as one file, apart from who writes it. */
#include "store/tx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int refuse(const char *path, sqlite3 *db, char *error, size_t size)
{
	snprintf(error, size, "%s: %s", path, db ? sqlite3_errmsg(db) : "it cannot be opened");
	return -EIO;
}

/* All pages in one step, and so of one state; -1 waits for nobody but who is just committing. */
static int copy_pages(sqlite3 *to, sqlite3 *from)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int code;

	if (!backup)
		return SQLITE_ERROR;
	do
		code = sqlite3_backup_step(backup, -1);
	while ((code == SQLITE_BUSY || code == SQLITE_LOCKED) && sqlite3_sleep(10));
	sqlite3_backup_finish(backup);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return error;
}

int tx_copy(const char *from, const char *to, char *error, size_t size)
{
	sqlite3 *source = NULL, *target = NULL;
	int result = 0;

	if (sqlite3_open_v2(from, &source, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		result = refuse(from, source, error, size);
	else if (sqlite3_open_v2(to, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
		 SQLITE_OK)
		result = refuse(to, target, error, size);
	if (result == 0 && sqlite3_busy_timeout(source, 5000) == SQLITE_OK &&
		copy_pages(target, source) != SQLITE_OK)
		result = refuse(from, target, error, size);
	/* One file, without a log beside it. */
	if (result == 0 &&
		sqlite3_exec(target, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)
		result = refuse(to, target, error, size);
	sqlite3_close(source);
	sqlite3_close(target);
	if (result == 0 && (result = sync_file(to)) < 0)
		refuse(to, NULL, error, size);
	return result;
}

int tx_open_copy(const char *path, struct tx **out, char *error, size_t size)
{
	struct tx *tx = calloc(1, sizeof(*tx));

	if (!tx)
		abort();
	if (sqlite3_open_v2(path, &tx->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK) {
		refuse(path, tx->db, error, size);
		tx_close(tx);
		return -EIO;
	}
	*out = tx;
	return 0;
}
