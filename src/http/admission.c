#include "http/admission.h"

#include "base/clock.h"
#include "base/crowd.h"
#include "base/log.h"
#include "base/rate.h"
#include "http/connection.h"
#include "http/tally.h"

#include <unistd.h>

enum { LOOKED_AT = 256, WATCHING_MAX = 16 };

static bool is_idle(const struct connection *connection)
{
	return connection->phase == PHASE_HEAD && !connection->begun && connection->in.len == 0 &&
	       !connection->watching;
}

/* Makes room among the oldest: rather of one that has never asked for anything. False: all of them are at work. */
static bool make_room(struct worker *worker)
{
	struct connection *connection = worker->oldest, *found = NULL;

	for (int i = 0; connection && i < LOOKED_AT && !(found && !found->served); i++) {
		if (is_idle(connection) && (!found || !connection->served))
			found = connection;
		connection = connection->previous;
	}
	if (found)
		connection_stop(found, true);
	return found;
}

/* Proxies bring everybody's connections. */
static bool is_counted(const struct worker *worker, const char *address)
{
	return !address_in(address, worker->options->trusted_proxies);
}

static bool enter(struct worker *worker, const char *address)
{
	char key[ADDRESS_TEXT];

	address_limit_key(address, key);
	if (crowd_enter(worker->crowd, key, worker->options->connections_per_address))
		return true;
	if (rate_count(worker->crowded, key, clock_now()) == 1)
		log_event(LOG_WARNING, "connections-limited", "address", address, NULL);
	return false;
}

static void leave(struct worker *worker, const char *address)
{
	char key[ADDRESS_TEXT];

	address_limit_key(address, key);
	crowd_leave(worker->crowd, key);
}

/* Whoever asks for metrics has room of their own: they are wanted most when there is none. */
static void take_watcher(struct worker *worker, int fd, const char *address)
{
	if (worker->watching < WATCHING_MAX)
		connection_open(worker, fd, address, false, true);
	else
		close(fd);
}

void admission_take(struct worker *worker, int fd, const struct sockaddr *peer, bool watching)
{
	uint64_t most = worker->options->connections / worker->options->threads + 1;
	char address[ADDRESS_TEXT];
	bool counted, enters;

	address_text(peer, address);
	if (watching) {
		take_watcher(worker, fd, address);
		return;
	}
	counted = is_counted(worker, address);
	enters = !counted || enter(worker, address);
	if (enters && (worker->count - worker->watching < most || make_room(worker))) {
		connection_open(worker, fd, address, counted, false);
		return;
	}
	if (counted && enters)
		leave(worker, address);
	tally_add(&worker->tally->refused, 1);
	close(fd);
}

void admission_give_back(struct connection *connection)
{
	if (connection->counted)
		leave(connection->worker, connection->peer);
}
