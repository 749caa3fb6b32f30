/*
 * Preloaded into a process: a disk that is slow, and brings a MiB at a time. Whoever reads of a regular file what is not in the page cache
 * waits for SLOW_DISK milliseconds first; a line in the log tells of it. With SLOW_DISK_ERROR such a read then fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, LARGE = 1 << 20 /* no smaller file is slow */ };

static bool absent(int fd, off_t offset, size_t length)
{
	static _Thread_local unsigned char pages[1 << 16];
	off_t from = offset / PAGE * PAGE;
	struct stat status;
	size_t size, count;
	void *mapping;
	bool found = false;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size < LARGE ||
		offset >= status.st_size)
		return false;
	if (length > (size_t)(status.st_size - offset))
		length = (size_t)(status.st_size - offset);
	size = (size_t)(offset - from) + length;
	count = (size + PAGE - 1) / PAGE;
	mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, from);
	if (count > sizeof(pages) || mapping == MAP_FAILED || mincore(mapping, size, pages) < 0)
		abort();
	for (size_t i = 0; i < count && !found; i++)
		found = !(pages[i] & 1);
	munmap(mapping, size);
	return found;
}

/* Without what the system would read ahead, which depends on the disk below. */
static void bring(int fd, off_t offset, size_t length)
{
	static _Thread_local char bytes[1 << 16];
	off_t from = offset / LARGE * LARGE,
	      end = (offset + (off_t)length + LARGE - 1) / LARGE * LARGE;

	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	while (from < end && syscall(SYS_pread64, fd, bytes, sizeof(bytes), from) > 0)
		from += (off_t)sizeof(bytes);
}

static int wait_for_disk(int fd, off_t offset, size_t length)
{
	long milliseconds = atol(getenv("SLOW_DISK"));
	const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	if (!absent(fd, offset, length))
		return 0;
	dprintf(STDERR_FILENO, "event=slow-disk\n");
	nanosleep(&time, NULL);
	if (getenv("SLOW_DISK_ERROR")) {
		errno = EIO;
		return -1;
	}
	bring(fd, offset, length);
	return 0;
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t offset)
{
	if (wait_for_disk(fd, offset, size) < 0)
		return -1;
	return syscall(SYS_pread64, fd, bytes, size, offset);
}

ssize_t sendfile64(int to, int fd, off64_t *offset, size_t length)
{
	if (wait_for_disk(fd, *offset, length) < 0)
		return -1;
	return syscall(SYS_sendfile, to, fd, offset, length);
}

/* Who does not want to wait. */
ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
	if (count != 1 || !(flags & RWF_NOWAIT))
		abort();
	if (absent(fd, offset, parts->iov_len)) {
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_preadv2, fd, parts, count, offset, 0, flags);
}

/* The disk is asked, but nobody waits. */
ssize_t readahead(int fd, off64_t offset, size_t length)
{
	(void)fd, (void)offset, (void)length;
	return 0;
}
