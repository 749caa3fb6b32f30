/* What a worker counts of its connections, for metrics.c to sum up. Those that only ask for metrics are not counted. */
#pragma once

#include "base/tally.h"

#include <stdint.h>

struct connection;

enum { TALLY_METHODS = 20, TALLY_STATUSES = 600 };

/* One for each worker, written by its thread alone. */
struct worker_tally {
	/* By method_number(), behind the last the methods that are none, and status. */
	_Atomic uint64_t requests[TALLY_METHODS][TALLY_STATUSES];
	struct histogram times, confirms;
	_Atomic uint64_t received, sent; /* bytes; inside TLS */
	_Atomic uint64_t accepted, refused, closed;
};

/*
 * The time that a request takes us: from its head to its answer, without what we wait for others in between. It begins, and the answer that it gets is there.
 */
void tally_begin(struct connection *connection);
void tally_answered(struct connection *connection);

/* A person is asked, or the client sends its body: that time is not ours until it is resumed. Either may come twice. */
void tally_pause(struct connection *connection);
void tally_resume(struct connection *connection);

/* The person has answered; resumes. */
void tally_confirmed(struct connection *connection);

void tally_received(struct connection *connection, uint64_t bytes);
void tally_sent(struct connection *connection, uint64_t bytes);
