#include "http/refusals.h"

#include "base/address.h"
#include "base/loop.h"
#include "base/rate.h"
#include "http/connection.h"

enum step_result refusals_answer(
	struct request *request, uint64_t milliseconds, const char *sentence)
{
	answer_error(request, 429, NULL, sentence);
	answer_header(request, "Retry-After",
		arena_printf(
			request->arena, "%llu", (unsigned long long)(milliseconds + 999) / 1000));
	return STEP_ANSWER;
}

enum step_result refusals_limit(struct connection *connection)
{
	struct request *request = &connection->request;
	const struct http_options *options = connection->worker->options;
	uint64_t now = loop_now(connection->worker->loop);
	char key[ADDRESS_TEXT];

	if (!options->refusals)
		return STEP_NEXT;
	address_limit_key(request->address, key);
	if (rate_look(connection->worker->refusals, key, now) < options->refusals)
		return STEP_NEXT;
	return refusals_answer(request, rate_left(connection->worker->refusals, key, now),
		"Too much that may not be done was asked for from this address. Try again in a "
		"while.");
}

/* Who has proven who they are is known by name, and does not count against all who share their address. */
void refusals_count(struct connection *connection)
{
	struct request *request = &connection->request;
	char key[ADDRESS_TEXT];

	if (!request->refused || request->proven || !connection->worker->options->refusals)
		return;
	address_limit_key(request->address, key);
	request->refused = false;
	rate_count(connection->worker->refusals, key, loop_now(connection->worker->loop));
}
