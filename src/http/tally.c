#include "http/tally.h"

#include "base/clock.h"
#include "dav/method.h"
#include "http/connection.h"

#include <assert.h>

void tally_begin(struct connection *connection)
{
	connection->since = clock_fine();
	connection->spent = 0;
}

void tally_pause(struct connection *connection)
{
	uint64_t now = clock_fine();

	if (connection->since)
		connection->spent += now - connection->since;
	connection->since = 0;
	connection->paused = now;
}

void tally_resume(struct connection *connection)
{
	if (!connection->since)
		connection->since = clock_fine();
}

void tally_confirmed(struct connection *connection)
{
	tally_resume(connection);
	histogram_add(&connection->worker->tally->confirms, &bounds_time,
		connection->since - connection->paused);
}

static size_t number_of(const struct method *method)
{
	size_t number = method ? method_number(method) : TALLY_METHODS - 1;

	assert(number < TALLY_METHODS - (method != NULL));
	return number;
}

void tally_answered(struct connection *connection)
{
	const struct request *request = &connection->request;
	struct worker_tally *tally = connection->worker->tally;

	tally_pause(connection);
	connection->busy += connection->spent;
	if (connection->watching)
		return;
	assert(request->answer.status < TALLY_STATUSES);
	tally_add(&tally->requests[number_of(request->method)][request->answer.status], 1);
	histogram_add(&tally->times, &bounds_time, connection->spent);
	connection->spent = 0;
}

void tally_received(struct connection *connection, uint64_t bytes)
{
	connection->moved += bytes;
	if (!connection->watching)
		tally_add(&connection->worker->tally->received, bytes);
}

void tally_sent(struct connection *connection, uint64_t bytes)
{
	connection->moved += bytes;
	if (!connection->watching)
		tally_add(&connection->worker->tally->sent, bytes);
}
