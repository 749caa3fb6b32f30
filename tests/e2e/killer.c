/*
 * Preloaded into a process: counts its calls of one kind that change something on a disk, those of all threads together, and kills it
 * exactly before one of them. (strace counts the calls of each thread for itself: it never comes to most of those of a pool.)
 *   KILL_BEFORE   the kind, a name of `names`
 *   KILL_COUNT    a file of 8 bytes that holds the count
 *   KILL_AT       which; 0: none
 * Of descriptors, those of regular files and directories count: no sockets, no log, nothing that wakes a thread.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind {
	WRITE,
	PWRITE,
	FSYNC,
	FDATASYNC,
	FTRUNCATE,
	CREATE,
	LINK,
	UNLINK,
	RENAME,
	MKDIR,
	FLOCK,
	KINDS
};

static const char *const names[KINDS] = {"write", "pwrite64", "fsync", "fdatasync", "ftruncate",
	"creat", "linkat", "unlink", "rename", "mkdir", "flock"};

static enum kind deadly = KINDS;
static _Atomic uint64_t *made;
static uint64_t last;

__attribute__((constructor)) static void begin(void)
{
	const char *kind = getenv("KILL_BEFORE"), *path = getenv("KILL_COUNT"),
		   *at = getenv("KILL_AT");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page = fd < 0 ? MAP_FAILED
			    : mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	for (deadly = 0; kind && deadly < KINDS && strcmp(kind, names[deadly]) != 0; deadly++)
		;
	if (!kind || !at || deadly == KINDS || page == MAP_FAILED)
		abort();
	close(fd);
	last = strtoull(at, NULL, 10);
	made = page;
}

static void count(enum kind kind)
{
	if (made && kind == deadly && atomic_fetch_add(made, 1) + 1 == last)
		for (;;)
			syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGKILL);
}

static void count_on(enum kind kind, int fd)
{
	struct stat status;

	if (kind == deadly && fstat(fd, &status) == 0 &&
		(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
		count(kind);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	count_on(WRITE, fd);
	return syscall(SYS_write, fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int length)
{
	count_on(WRITE, fd);
	return syscall(SYS_writev, fd, parts, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at)
{
	count_on(PWRITE, fd);
	return syscall(SYS_pwrite64, fd, bytes, length, at);
}

int fsync(int fd)
{
	count_on(FSYNC, fd);
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	count_on(FDATASYNC, fd);
	return (int)syscall(SYS_fdatasync, fd);
}

int ftruncate64(int fd, off_t length)
{
	count_on(FTRUNCATE, fd);
	return (int)syscall(SYS_ftruncate, fd, length);
}

int flock(int fd, int how)
{
	count_on(FLOCK, fd);
	return (int)syscall(SYS_flock, fd, how);
}

static int create(int directory, const char *path, int flags, unsigned mode)
{
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		count(CREATE);
	return (int)syscall(SYS_openat, directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...)
{
	va_list more;
	unsigned mode;

	va_start(more, flags);
	mode = va_arg(more, unsigned);
	va_end(more);
	return create(directory, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list more;
	unsigned mode;

	va_start(more, flags);
	mode = va_arg(more, unsigned);
	va_end(more);
	return create(AT_FDCWD, path, flags, mode);
}

int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags)
{
	count(LINK);
	return (int)syscall(SYS_linkat, from_directory, from, to_directory, to, flags);
}

int unlinkat(int directory, const char *path, int flags)
{
	count(UNLINK);
	return (int)syscall(SYS_unlinkat, directory, path, flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	count(RENAME);
	return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
	count(MKDIR);
	return (int)syscall(SYS_mkdirat, directory, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}
