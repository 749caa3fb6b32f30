#include "http/cold.h"

#include "http/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE_MIN = 4096, READ_AT_ONCE = 64 << 10 };

static size_t at_most(uint64_t length, size_t most)
{
	return length < most ? (size_t)length : most;
}

/*
 * Nothing is read through the mapping: a file that is cut meanwhile harms nobody. Pages that are still on their way from the disk count as
 * absent. Where the system does not say what it has, all counts as there.
 */
static bool in_memory(int file, uint64_t offset, size_t length)
{
	unsigned char pages[CONTENT_WINDOW / PAGE_MIN + 1];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), before = offset % page;
	size_t size = before + length, count = (size + page - 1) / page;
	void *mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, file, (off_t)(offset - before));
	bool absent = false;

	if (mapping == MAP_FAILED)
		return true;
	if (mincore(mapping, size, pages) == 0)
		for (size_t i = 0; i < count && !absent; i++)
			absent = !(pages[i] & 1);
	munmap(mapping, size);
	return !absent;
}

/* On the pool. What follows is asked of the disk too, and comes while this is being sent. */
static void read_window(void *arg)
{
	struct connection *connection = arg;
	const struct answer *answer = &connection->request.answer;
	size_t left = at_most(answer->length, CONTENT_WINDOW);
	off_t at = (off_t)answer->offset;
	char bytes[READ_AT_ONCE];
	ssize_t got = 1;

	readahead(answer->content.fd, at, at_most(answer->length, 2 * CONTENT_WINDOW));
	while (left > 0 && got > 0) {
		got = pread(answer->content.fd, bytes, at_most(left, sizeof(bytes)), at);
		at += got;
		left -= got > 0 ? (size_t)got : 0;
	}
	connection->held_error = got < 0 ? -errno : got == 0 ? -EIO : 0;
}

static void window_read(void *arg)
{
	struct connection *connection = arg;

	connection->held = false;
	connection->warmed = true;
	connection_advance(connection);
}

int cold_await(struct connection *connection)
{
	const struct answer *answer = &connection->request.answer;

	/* It is not asked again: where memory is so short that it went already, some of it must be sent all the same. */
	if (connection->warmed) {
		connection->warmed = false;
		return connection->held_error;
	}
	if (in_memory(answer->content.fd, answer->offset, at_most(answer->length, CONTENT_WINDOW)))
		return 0;
	connection->held = true;
	loop_work(connection->worker->loop, read_window, window_read, connection);
	return -EAGAIN;
}
