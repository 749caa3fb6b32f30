#include "http/cold.h"

#include "http/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LOOKED_AT_EVERY = 256 << 10, READ_AT_ONCE = 64 << 10 };

static size_t at_most(uint64_t length, size_t most)
{
	return length < most ? (size_t)length : most;
}

/* One byte; a file system that cannot say it without waiting counts as one that has it not. */
static bool byte_in_memory(int file, uint64_t offset)
{
	char byte;
	const struct iovec into = {&byte, 1};

	return preadv2(file, &into, 1, (off_t)offset, RWF_NOWAIT) == 1;
}

/*
 * Looked at are some of its bytes: the page cache takes and drops neighbours together. To ask mincore(2) about each page costs a quarter of
 * what it costs to send them.
 */
static bool in_memory(int file, uint64_t offset, size_t length)
{
	for (size_t at = 0; at < length; at += LOOKED_AT_EVERY)
		if (!byte_in_memory(file, offset + at))
			return false;
	return byte_in_memory(file, offset + length - 1);
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

	readahead(answer->content.fd, at, at_most(answer->length, 2 * (uint64_t)CONTENT_WINDOW));
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
