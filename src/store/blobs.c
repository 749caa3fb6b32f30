#include "store/blobs.h"

#include "store/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { COPIED_AT_ONCE = 1 << 20 };

/* ---- the gate ---- */

int gate_open(int directory)
{
	int fd = openat(directory, "gate", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	return fd;
}

int gate_enter(const struct store *store, bool (*stops)(const struct store *store))
{
	const struct timespec pause = {.tv_nsec = 20000000};
	int fd = gate_open(store->directory), error = 0;

	while (fd >= 0 && error == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			error = -errno;
		else if (stops(store))
			error = -ECANCELED;
		else
			nanosleep(&pause, NULL);
	}
	if (error < 0)
		close(fd);
	return error < 0 ? error : fd;
}

/* ---- copying ---- */

/* What is written by half did not say why: the rest does. */
int blob_write(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

static int copy_bytes(int from, int to, uint64_t length)
{
	static _Thread_local char bytes[64 << 10];
	int error;

	while (length > 0) {
		size_t most = length < COPIED_AT_ONCE ? (size_t)length : COPIED_AT_ONCE;
		ssize_t got = copy_file_range(from, NULL, to, NULL, most, 0);

		if (got < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
				       errno == EOPNOTSUPP)) {
			got = read(from, bytes, most < sizeof(bytes) ? most : sizeof(bytes));
			if (got > 0 && (error = blob_write(to, bytes, (size_t)got)) < 0)
				return error;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		length -= (uint64_t)got;
	}
	return 0;
}

/* The same blocks under another name where the file system can do that, else bytes. */
static int fill(int from, int to, uint64_t length)
{
	int error = 0;

	if (ioctl(to, FICLONE, from) < 0)
		error = copy_bytes(from, to, length);
	else if (ftruncate(to, (off_t)length) < 0)
		error = -errno;
	if (error == 0 && fsync(to) < 0)
		error = -errno;
	return error;
}

static int clone_bytes(int from, int to, const char *path, uint64_t length)
{
	int target = openat(to, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error;

	if (target < 0)
		return -errno;
	error = fill(from, target, length);
	close(target);
	return error;
}

/*
 * Under another name first: what has its name is whole, and what had it stays until then. `directory` and `share`: where the path is to be
 * another name of the file, if that can be.
 */
static int put_clone(int directory, int from, int to, const char *path, uint64_t length, bool share)
{
	char part[BLOB_PATH + 8];
	int error = 0;

	snprintf(part, sizeof(part), "%s.part", path);
	if (unlinkat(to, part, 0) < 0 && errno != ENOENT)
		return -errno;
	if (!share || linkat(directory, path, to, part, 0) < 0)
		error = clone_bytes(from, to, part, length);
	if (error == 0 && renameat(to, part, to, path) < 0)
		error = -errno;
	if (error < 0)
		unlinkat(to, part, 0);
	return error;
}

int blob_clone(int from, int to, const char *name, uint64_t length, bool share)
{
	struct stat status;
	char path[BLOB_PATH];
	int source, error;

	blob_path(path, name);
	if (share && fstatat(to, path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		(uint64_t)status.st_size == length)
		return 0;
	source = openat(from, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (source < 0)
		return -errno;
	/* A blob that was cut is copied as little as one that is not there. */
	if (fstat(source, &status) < 0 || (uint64_t)status.st_size < length)
		error = -ENOENT;
	else
		error = put_clone(from, source, to, path, length, share);
	close(source);
	return error < 0 ? error : 1;
}

int file_clone(int from, int to, const char *name)
{
	int source = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), error;
	struct stat status;

	if (source < 0)
		return -errno;
	error = fstat(source, &status) < 0
			? -errno
			: put_clone(from, source, to, name, (uint64_t)status.st_size, false);
	close(source);
	return error;
}

int blobs_named(struct tx *tx, sqlite3_stmt **rows)
{
	return sql_bind(tx, rows,
		"SELECT blob, length, 0, sha256 FROM content WHERE blob IS NOT NULL"
		" UNION ALL SELECT blob, received, 1, NULL FROM partial",
		"");
}

/* ---- directories ---- */

/* Closes fd. */
static int each_inside(int fd, const char *inside,
	int (*each)(void *arg, int directory, const char *inside, const char *name), void *arg)
{
	DIR *directory = fdopendir(fd);
	int error = 0;

	if (!directory) {
		close(fd);
		return -ENOMEM;
	}
	for (const struct dirent *entry; error == 0 && (entry = readdir(directory));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = each(arg, fd, inside, entry->d_name);
	closedir(directory);
	return error;
}

int directory_each(int directory,
	int (*each)(void *arg, int directory, const char *inside, const char *name), void *arg)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : each_inside(fd, ".", each, arg);
}

int blobs_each(int blobs,
	int (*each)(void *arg, int directory, const char *inside, const char *name), void *arg)
{
	int error = 0;

	for (unsigned i = 0; error == 0 && i < 256; i++) {
		char name[4];
		int fd;

		snprintf(name, sizeof(name), "%02x", i);
		fd = openat(blobs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			error = each_inside(fd, name, each, arg);
	}
	return error;
}

int blobs_sync(int blobs)
{
	for (unsigned i = 0; i < 256; i++) {
		char name[4];
		int fd, error;

		snprintf(name, sizeof(name), "%02x", i);
		fd = openat(blobs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		error = fsync(fd) < 0 ? -errno : 0;
		close(fd);
		if (error < 0)
			return error;
	}
	return fsync(blobs) < 0 ? -errno : 0;
}
