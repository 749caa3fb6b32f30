/*
 * Content on its way in. Small: it stays in memory until the COMMIT that names it. Large: an unnamed file, so that whatever happens
 * before it is whole leaves nothing behind; then fsync, a random name, fsync of its directory. In parts: the first makes the file, the
 * others append to it. While the pool writes some of it the next is taken, so that neither waits for the other; a disk that is slow makes
 * the sender wait, for nobody has more than two pieces in memory.
 */
#include "base/arena.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/loop.h"
#include "store/blobs.h"
#include "store/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WRITTEN_AT_ONCE = 256 << 10, ASK_FOR_ROOM_EVERY = 64 << 20, LOCK_TRIES = 6 };

struct upload {
	struct store *store;
	struct loop *loop;
	struct buf bytes;   /* not yet in the file */
	struct buf written; /* handed to the pool */
	int fd;             /* the pool's while `working`; -1: small so far */
	bool named;         /* it has its name in the directory of blobs */
	bool finishing;     /* nothing more comes */
	bool last;          /* what is on the pool is the last of it */
	bool in_parts;      /* a file, however small */
	/* Of a part behind the first. */
	char *owner, *path; /* NULL: none */
	uint64_t total, received;
	bool resumed; /* the file is locked, and as the partial says */
	bool working, closed, keep;
	bool awaited;          /* `ready` is to be called */
	int result;            /* of all work that is done; less than 0 for good */
	int worked;            /* the pool's: how the work went */
	uint64_t length;       /* bytes taken */
	uint64_t asked;        /* length when the disk's room was last looked at */
	struct hashes *hashes; /* NULL: none are wanted */
	char name[BLOB_PATH];
	void (*ready)(void *arg, int result);
	void *arg;
};

static int check_room(const struct store *store, uint64_t more)
{
	uint64_t room;
	int error = room_of(store, &room);

	return error == 0 && (room == 0 || room < more) ? -ENOSPC : error;
}

int upload_open(struct store *store, struct loop *loop, int64_t expected, struct upload **out)
{
	int error = check_room(store, expected < 0 ? 0 : (uint64_t)expected);
	struct upload *upload;

	if (error < 0)
		return error;
	upload = calloc(1, sizeof(*upload));
	if (!upload)
		abort();
	upload->store = store;
	upload->loop = loop;
	upload->fd = -1;
	*out = upload;
	return 0;
}

void upload_in_parts(struct upload *upload, const char *owner, const char *path, uint64_t total,
	const struct partial *partial)
{
	upload->in_parts = true;
	if (!partial)
		return;
	upload->owner = strdup(owner);
	upload->path = strdup(path);
	if (!upload->owner || !upload->path)
		abort();
	upload->total = total;
	upload->received = upload->length = upload->asked = partial->received;
	snprintf(upload->name, sizeof(upload->name), "%s", partial->blob);
	upload->named = true;
}

void upload_want_digests(struct upload *upload, unsigned kinds)
{
	if (kinds)
		upload->hashes = hashes_new(kinds);
}

const unsigned char *upload_digest(const struct upload *upload, enum hash_kind kind)
{
	return upload->hashes ? hashes_value(upload->hashes, kind) : NULL;
}

/* With the file locked: whether the partial still is what it was when this part was let in. */
static int check_partial(const struct upload *upload)
{
	struct arena *arena = arena_new();
	struct partial partial = {0};
	struct tx *tx;
	int result = store_read_begin(upload->store, &tx);

	if (result == 0) {
		result = store_partial(
			tx, arena, upload->owner, upload->path, upload->total, &partial);
		store_read_end(tx);
	}
	if (result >= 0)
		result = result == 1 && partial.received == upload->received &&
					 strcmp(partial.blob, upload->name) == 0
				 ? 0
				 : -EBUSY;
	arena_free(arena);
	return result;
}

/* What another part that has failed wrote is being taken away for a moment longer than its answer takes. */
static int lock_file(int fd)
{
	static const struct timespec moment = {.tv_nsec = 5000000};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return -errno;
		nanosleep(&moment, NULL);
	}
	return -EBUSY;
}

/*
 * The lock is held until the upload is closed, which is behind its COMMIT: nobody writes where somebody else has been told that his
 * bytes are safe. What a part left behind the end when we were killed goes.
 */
static int resume_file(struct upload *upload)
{
	char path[BLOB_PATH];
	struct stat status;
	int error;

	blob_path(path, upload->name);
	upload->fd = openat(upload->store->blobs, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (upload->fd < 0)
		return errno == ENOENT ? -EBUSY : -errno;
	error = lock_file(upload->fd);
	if (error == 0)
		error = check_partial(upload);
	if (error < 0)
		return error;
	/* What another hand has cut is not filled up with zeros. */
	if (fstat(upload->fd, &status) < 0 || (uint64_t)status.st_size < upload->received)
		return -EIO;
	upload->resumed = true;
	if (ftruncate(upload->fd, (off_t)upload->received) < 0 ||
		lseek(upload->fd, (off_t)upload->received, SEEK_SET) < 0)
		return -errno;
	return 0;
}

static void make_name(struct upload *upload)
{
	char random[RANDOM_ID];

	random_id(random);
	snprintf(
		upload->name, sizeof(upload->name), "%" PRId64 "-%s", upload->store->start, random);
}

/* Where the file system has no unnamed files, one of its final name: until it is committed it is an orphan like any other. */
static int open_file(struct upload *upload)
{
	char path[BLOB_PATH];

	if (upload->owner)
		return resume_file(upload);
	upload->fd = openat(upload->store->blobs, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (upload->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR)
		return -errno;
	make_name(upload);
	blob_path(path, upload->name);
	upload->fd =
		openat(upload->store->blobs, path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	upload->named = upload->fd >= 0;
	return upload->named ? 0 : -errno;
}

static int name_file(struct upload *upload)
{
	char from[64], path[BLOB_PATH];

	if (upload->named)
		return 0;
	make_name(upload);
	blob_path(path, upload->name);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", upload->fd);
	if (linkat(AT_FDCWD, from, upload->store->blobs, path, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	upload->named = true;
	return 0;
}

/* The directory that holds the name. */
static int sync_directory(const struct upload *upload)
{
	char path[BLOB_PATH];
	int fd, error = 0;

	blob_path(path, upload->name);
	*strchr(path, '/') = '\0';
	fd = openat(upload->store->blobs, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

/* What earlier parts brought must be read again. */
static int hash_file(struct upload *upload)
{
	char bytes[64 << 10];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(upload->fd, bytes, sizeof(bytes), at)) > 0) {
		hashes_add(upload->hashes, bytes, (size_t)got);
		at += got;
	}
	return got < 0 ? -errno : 0;
}

static int hash_written(struct upload *upload)
{
	int error = 0;

	if (!upload->hashes)
		return 0;
	if (!upload->in_parts)
		hashes_add(upload->hashes, upload->written.data, upload->written.len);
	else if (upload->last)
		error = hash_file(upload);
	if (upload->last)
		hashes_end(upload->hashes);
	return error;
}

/* So that the sync at the end has little left to wait for. It promises nothing, and what cannot be begun is the sync's to tell. */
static void begin_writeback(const struct upload *upload)
{
	off_t end = lseek(upload->fd, 0, SEEK_CUR);
	off_t length = (off_t)upload->written.len;

	if (end >= length)
		sync_file_range(upload->fd, end - length, length, SYNC_FILE_RANGE_WRITE);
}

/* On the pool. A sync that failed is a write that failed: it is not tried again. */
static void work(void *arg)
{
	struct upload *upload = arg;
	int result = upload->fd < 0 ? open_file(upload) : 0;

	if (result == 0)
		result = blob_write(upload->fd, upload->written.data, upload->written.len);
	if (result == 0)
		result = hash_written(upload);
	if (result == 0 && !upload->last)
		begin_writeback(upload);
	if (result == 0 && upload->last) {
		result = fsync(upload->fd) < 0 ? -errno : name_file(upload);
		if (result == 0 && !upload->owner)
			result = sync_directory(upload);
	}
	upload->worked = result;
}

static void give_back(void *arg)
{
	struct upload *upload = arg;
	char path[BLOB_PATH];

	/* A part that came to nothing leaves nothing: nobody's quota counts what lies behind the end. */
	if (upload->resumed && !upload->keep && ftruncate(upload->fd, (off_t)upload->received) < 0)
		log_event(LOG_WARNING, "part-left", "reason", strerror(errno), NULL);
	if (upload->fd >= 0)
		close(upload->fd);
	blob_path(path, upload->name);
	if (upload->named && !upload->owner && !upload->keep)
		unlinkat(upload->store->blobs, path, 0);
}

static void given_back(void *arg)
{
	struct upload *upload = arg;

	buf_free(&upload->bytes);
	buf_free(&upload->written);
	hashes_free(upload->hashes);
	free(upload->owner);
	free(upload->path);
	free(upload);
}

/* Freeing a large file's blocks takes time: the pool does it. */
static void release(struct upload *upload)
{
	if (upload->fd >= 0)
		loop_work(upload->loop, give_back, given_back, upload);
	else
		given_back(upload);
}

static void worked(void *arg);

static void hand_over(struct upload *upload)
{
	struct buf empty = upload->written;

	upload->written = upload->bytes;
	upload->bytes = empty;
	upload->last = upload->finishing;
	upload->working = true;
	loop_work(upload->loop, work, worked, upload);
}

/* What was waited for: that there is room for more, or that all is done. */
static void worked(void *arg)
{
	struct upload *upload = arg;
	bool all = upload->last || upload->worked < 0;

	upload->working = false;
	upload->written.len = 0;
	if (upload->result == 0)
		upload->result = upload->worked;
	if (upload->closed) {
		release(upload);
		return;
	}
	if (!all && upload->awaited)
		hand_over(upload);
	if (upload->awaited && (all || !upload->finishing)) {
		upload->awaited = false;
		upload->ready(upload->arg, upload->result);
	}
}

static int await(struct upload *upload, void (*ready)(void *arg, int result), void *arg)
{
	upload->ready = ready;
	upload->arg = arg;
	upload->awaited = true;
	return 1;
}

int upload_write(struct upload *upload, const void *bytes, size_t length,
	void (*ready)(void *arg, int result), void *arg)
{
	int error;

	assert(!upload->awaited && !upload->closed && !upload->finishing);
	if (upload->result < 0)
		return upload->result;
	buf_append(&upload->bytes, bytes, length);
	upload->length += length;
	if (upload->length - upload->asked >= ASK_FOR_ROOM_EVERY) {
		upload->asked = upload->length;
		error = check_room(upload->store, 0);
		if (error < 0)
			return upload->result = error;
	}
	if (upload->bytes.len < WRITTEN_AT_ONCE)
		return 0;
	if (upload->working)
		return await(upload, ready, arg);
	hand_over(upload);
	return 0;
}

int upload_finish(struct upload *upload, void (*ready)(void *arg, int result), void *arg)
{
	assert(!upload->awaited && !upload->closed && !upload->finishing);
	if (upload->result < 0)
		return upload->result;
	upload->finishing = true;
	if (!upload->working && upload->fd < 0 && !upload->in_parts &&
		upload->length <= INLINE_MAX) {
		if (upload->hashes)
			hashes_add(upload->hashes, upload->bytes.data, upload->bytes.len);
		if (upload->hashes)
			hashes_end(upload->hashes);
		return 0;
	}
	if (!upload->working)
		hand_over(upload);
	return await(upload, ready, arg);
}

uint64_t upload_length(const struct upload *upload)
{
	return upload->length;
}

const char *upload_blob(const struct upload *upload)
{
	assert(upload->finishing && !upload->working && upload->result == 0);
	return upload->named ? upload->name : NULL;
}

const struct buf *upload_bytes(const struct upload *upload)
{
	return &upload->bytes;
}

void upload_close(struct upload *upload, bool keep)
{
	if (!upload)
		return;
	assert(!upload->closed);
	upload->closed = true;
	upload->keep = keep;
	/* Who is told that this part is there may send the next at once. */
	if (keep && upload->resumed)
		flock(upload->fd, LOCK_UN);
	if (!upload->working)
		release(upload);
}
