/* The sockets that listen: bound before the daemon gives up what low ports need, or inherited from who has started it. */
#include "base/address.h"
#include "http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

struct listeners {
	bool inherited; /* one socket an address, which all threads share */
	size_t count;   /* of addresses */
	uint64_t threads;
	char (*addresses)[ADDRESS_TEXT];
	int *sockets; /* for each thread, then each address; -1: taken */
};

static struct listeners *new (size_t count, uint64_t threads, bool inherited)
{
	struct listeners *listeners = calloc(1, sizeof(*listeners));
	size_t sockets = count * (inherited ? 1 : threads);

	if (!listeners)
		abort();
	listeners->inherited = inherited;
	listeners->count = count;
	listeners->threads = threads;
	listeners->addresses = calloc(count, sizeof(*listeners->addresses));
	listeners->sockets = calloc(sockets, sizeof(*listeners->sockets));
	if (!listeners->addresses || !listeners->sockets)
		abort();
	for (size_t i = 0; i < sockets; i++)
		listeners->sockets[i] = -1;
	return listeners;
}

static size_t sockets_of(const struct listeners *listeners)
{
	return listeners->count * (listeners->inherited ? 1 : listeners->threads);
}

static int bind_one(const struct sockaddr_storage *address, bool shared)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1,
	    error;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes));
	if (bind(fd, (const struct sockaddr *)address,
		    address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						   : sizeof(struct sockaddr_in)) < 0 ||
		(shared && listen(fd, BACKLOG) < 0)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* One socket for each thread. */
static int bind_all(struct listeners *listeners, size_t index, const char *text)
{
	struct sockaddr_storage address;
	int fd;

	if (address_parse(text, &address) < 0)
		return -EINVAL;
	address_port_text((struct sockaddr *)&address, listeners->addresses[index]);
	/* With SO_REUSEPORT alone two daemons would share an address, each answering half. */
	fd = bind_one(&address, false);
	if (fd < 0)
		return fd;
	close(fd);
	for (uint64_t i = 0; i < listeners->threads; i++) {
		fd = bind_one(&address, true);
		if (fd < 0)
			return fd;
		listeners->sockets[i * listeners->count + index] = fd;
	}
	return 0;
}

int listeners_open(
	struct listeners **out, const char **listen, uint64_t threads, char *error, size_t size)
{
	size_t count = 0;
	int result = 0;

	while (listen[count])
		count++;
	*out = new (count, threads, false);
	for (size_t i = 0; result == 0 && i < count; i++) {
		result = bind_all(*out, i, listen[i]);
		if (result < 0)
			snprintf(error, size, "%s: %s", listen[i], strerror(-result));
	}
	if (result < 0) {
		listeners_close(*out);
		*out = NULL;
	}
	return result;
}

/* What is wrong with a descriptor that was handed to us, or NULL. */
static const char *wrong_with(int fd, bool exposable, char text[ADDRESS_TEXT])
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address), option = sizeof(int);
	int listens = 0, type = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &option) < 0 ||
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &option) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return strerror(errno);
	if (!listens || type != SOCK_STREAM ||
		(address.ss_family != AF_INET && address.ss_family != AF_INET6))
		return "this is no TCP socket that listens";
	address_text((struct sockaddr *)&address, text);
	if (!exposable && !address_is_loopback(text))
		return "it is not loopback and there is no TLS: set tls-cert and tls-key, or "
		       "allow-plain = yes if a proxy on a safe network speaks TLS";
	address_port_text((struct sockaddr *)&address, text);
	return NULL;
}

int listeners_inherit(
	struct listeners **out, int first, size_t count, bool exposable, char *error, size_t size)
{
	*out = new (count, 1, true);
	for (size_t i = 0; i < count; i++) {
		int fd = first + (int)i, flags = fcntl(fd, F_GETFL);
		const char *wrong = wrong_with(fd, exposable, (*out)->addresses[i]);

		if (!wrong && (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
				      fcntl(fd, F_SETFD, FD_CLOEXEC) < 0))
			wrong = strerror(errno);
		if (wrong) {
			snprintf(error, size, "the inherited descriptor %d: %s", fd, wrong);
			listeners_close(*out);
			*out = NULL;
			return -EINVAL;
		}
		(*out)->sockets[i] = fd;
	}
	return 0;
}

size_t listeners_count(const struct listeners *listeners)
{
	return listeners->count;
}

const char *listeners_address(const struct listeners *listeners, size_t index)
{
	return listeners->addresses[index];
}

int listeners_take(struct listeners *listeners, unsigned thread, size_t index, bool *shared)
{
	int *place = &listeners->sockets[(listeners->inherited ? 0 : thread) * listeners->count +
					 index],
	    fd = *place;

	*shared = listeners->inherited;
	if (*shared) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	*place = -1;
	return fd;
}

void listeners_close(struct listeners *listeners)
{
	if (!listeners)
		return;
	for (size_t i = 0; i < sockets_of(listeners); i++)
		if (listeners->sockets[i] >= 0)
			close(listeners->sockets[i]);
	free(listeners->addresses);
	free(listeners->sockets);
	free(listeners);
}
