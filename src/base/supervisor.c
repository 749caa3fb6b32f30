#include "base/supervisor.h"

#include "base/codec.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LISTENERS_MAX = 256 };

static int connection = -1;
static size_t listeners;
static uint64_t watchdog;

/* A number of the environment, 0 when it is not there or none; nobody who is started by us sees it. */
static int64_t take(const char *name)
{
	const char *text = getenv(name);
	int64_t number = 0;

	if (!text || decimal_parse(text, &number) < 0)
		number = 0;
	unsetenv(name);
	return number;
}

/* A name that begins with @ lies in no directory. */
static void open_connection(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	int fd;

	if ((*path != '/' && *path != '@') || length >= sizeof(address.sun_path)) {
		log_event(LOG_WARNING, "no-supervisor", "reason", "NOTIFY_SOCKET is no address",
			NULL);
		return;
	}
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0) {
		connection = fd;
		return;
	}
	log_event(LOG_WARNING, "no-supervisor", "reason", strerror(errno), NULL);
	if (fd >= 0)
		close(fd);
}

void supervisor_find(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int64_t own = getpid(), fds = take("LISTEN_FDS"), time = take("WATCHDOG_USEC");
	const bool watched = !getenv("WATCHDOG_PID");

	/* Both name whom they are for; the time may be for everybody. */
	if (take("LISTEN_PID") == own && fds > 0 && fds <= LISTENERS_MAX)
		listeners = (size_t)fds;
	if (take("WATCHDOG_PID") == own || watched)
		watchdog = (uint64_t)time / 1000;
	unsetenv("LISTEN_FDNAMES");
	/* A file that somebody else has opened is behind every fence. */
	close_range(SUPERVISOR_FIRST_FD + (unsigned)listeners, ~0U, 0);
	if (path)
		open_connection(path);
	unsetenv("NOTIFY_SOCKET");
}

size_t supervisor_listeners(void)
{
	return listeners;
}

uint64_t supervisor_watchdog(void)
{
	return connection < 0 ? 0 : watchdog;
}

void supervisor_tell(const char *state)
{
	/* It is never waited for: who does not read does not want to know. */
	if (connection >= 0 &&
		send(connection, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_event(LOG_WARNING, "supervisor-not-told", "reason", strerror(errno), NULL);
}

void supervisor_tell_reloading(void)
{
	struct timespec now;
	char state[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	supervisor_tell(state);
}
