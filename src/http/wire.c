#include "http/wire.h"

#include "http/cold.h"
#include "http/connection.h"
#include "http/tally.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READ_AT_ONCE = 256 << 10, READ_OF_HEADS = 32 << 10, RECORD_MAX = 16 << 10 };

static ssize_t receive(struct connection *connection, void *bytes, size_t size)
{
	ssize_t got;

	if (connection->tls)
		return tls_read(connection->tls, bytes, size, &connection->tls_wants_write);
	got = recv(connection->fd, bytes, size, 0);
	return got < 0 ? -errno : got;
}

bool wire_read(struct connection *connection)
{
	static _Thread_local char bytes[READ_AT_ONCE];
	/* Little at a time where requests are read, so that a heap of small ones behind each other stays cheap to move. */
	size_t size = connection->phase == PHASE_HEAD ? READ_OF_HEADS : sizeof(bytes);
	ssize_t got;

	if (connection->eof)
		return false;
	if (connection->phase == PHASE_STEPS)
		size = connection->in.len < WAITING_MAX ? WAITING_MAX - connection->in.len : 0;
	if (size == 0)
		return false;
	got = receive(connection, bytes, size);
	if (got == -EAGAIN || got == -EINTR)
		return false;
	if (got <= 0)
		connection->eof = true;
	else
		buf_append(&connection->in, bytes, (size_t)got);
	if (got > 0)
		tally_received(connection, (uint64_t)got);
	return true;
}

static ssize_t transmit(struct connection *connection, const void *bytes, size_t length, int flags)
{
	ssize_t sent;

	if (connection->tls) {
		bool wants_write;

		sent = tls_write(connection->tls, bytes, length, &wants_write);
		connection->tls_wants_read = sent == -EAGAIN && !wants_write;
	} else {
		sent = send(connection->fd, bytes, length, MSG_NOSIGNAL | flags);
		sent = sent < 0 ? -errno : sent;
	}
	if (sent > 0)
		tally_sent(connection, (uint64_t)sent);
	return sent == -EINTR ? -EAGAIN : sent;
}

int wire_flush(struct connection *connection, int flags)
{
	while (connection->sent < connection->out.len) {
		ssize_t sent = transmit(connection, connection->out.data + connection->sent,
			connection->out.len - connection->sent, flags);

		if (sent < 0)
			return (int)sent;
		connection->sent += (size_t)sent;
	}
	connection->out.len = connection->sent = 0;
	return 0;
}

/* In one packet, or in one record of TLS. */
static ssize_t transmit_both(
	struct connection *connection, struct iovec head, const char *content, uint64_t length)
{
	static _Thread_local char record[RECORD_MAX];
	struct iovec parts[] = {head, {(char *)content, (size_t)length}};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t sent;

	if (connection->tls) {
		size_t room = sizeof(record) - head.iov_len;
		size_t behind = length < room ? (size_t)length : room;

		memcpy(mempcpy(record, head.iov_base, head.iov_len), content, behind);
		return transmit(connection, record, head.iov_len + behind, 0);
	}
	sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	tally_sent(connection, (uint64_t)sent);
	return sent;
}

int wire_flush_with_content(struct connection *connection)
{
	struct answer *answer = &connection->request.answer;
	size_t head = connection->out.len - connection->sent;
	ssize_t sent;

	if (!answer->content.bytes || head == 0 || (connection->tls && head > RECORD_MAX))
		return wire_flush(connection, MSG_MORE);
	sent = transmit_both(connection,
		(struct iovec){connection->out.data + connection->sent, head},
		answer->content.bytes + answer->offset, answer->length);
	if (sent < 0)
		return (int)sent;
	if ((size_t)sent < head) {
		connection->sent += (size_t)sent;
		return -EAGAIN;
	}
	connection->out.len = connection->sent = 0;
	answer->offset += (uint64_t)sent - head;
	answer->length -= (uint64_t)sent - head;
	return 0;
}

void wire_end(struct connection *connection)
{
	if (connection->tls)
		tls_shutdown(connection->tls);
	shutdown(connection->fd, SHUT_WR);
}

void wire_cut(struct connection *connection)
{
	const struct linger now = {.l_onoff = 1};

	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

uint64_t wire_unsent(const struct connection *connection)
{
	int bytes;

	return ioctl(connection->fd, SIOCOUTQ, &bytes) < 0 || bytes < 0 ? 0 : (uint64_t)bytes;
}

/* Through TLS a record at a time: what did not go out would have to be read again. */
static ssize_t send_file(struct connection *connection, uint64_t offset, size_t length)
{
	char record[RECORD_MAX];
	int file = connection->request.answer.content.fd;
	off_t at = (off_t)offset;
	ssize_t sent;

	if (!connection->tls) {
		sent = sendfile(connection->fd, file, &at, length);
		if (sent > 0)
			tally_sent(connection, (uint64_t)sent);
		return sent < 0 ? -errno : sent ? sent : -EIO;
	}
	sent = pread(file, record, length < sizeof(record) ? length : sizeof(record), at);
	if (sent <= 0)
		return sent < 0 ? -errno : -EIO;
	return transmit(connection, record, (size_t)sent, 0);
}

int wire_send_content(struct connection *connection)
{
	struct answer *answer = &connection->request.answer;
	size_t room = CONTENT_WINDOW;
	int error = answer->length > 0 && answer->content.fd >= 0 ? cold_await(connection) : 0;

	if (error < 0)
		return error;
	while (answer->length > 0 && room > 0) {
		size_t length = answer->length < room ? (size_t)answer->length : room;
		ssize_t sent = answer->content.fd >= 0
				       ? send_file(connection, answer->offset, length)
				       : transmit(connection,
						 answer->content.bytes + answer->offset, length, 0);

		if (sent < 0)
			return (int)sent;
		answer->offset += (uint64_t)sent;
		answer->length -= (uint64_t)sent;
		room -= (size_t)sent;
	}
	return answer->length > 0;
}
