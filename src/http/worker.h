/* One HTTP loop with its thread: what its connections share. */
#pragma once

#include "base/loop.h"
#include "base/mailbox.h"
#include "http/http.h"
#include "http/spare.h"

#include <pthread.h>

struct connection;
struct crowd;
struct listener;
struct rates;
struct repeats;
struct tls_context;
struct worker_tally;

enum { TICKET_SLOTS = 1024 };

struct worker {
	struct http *http;
	const struct http_options *options;
	unsigned number;
	pthread_t thread;
	struct loop *loop;
	struct mailbox *verdicts, *changes, *orders;
	struct listener *listeners;
	struct tls_context *tls;
	struct crowd *crowd;                     /* of addresses; all workers' */
	struct rates *crowded;                   /* for which it was logged */
	struct connection *connections, *oldest; /* the newest first */
	uint64_t count;                          /* of connections */
	uint64_t most;                           /* of them, since memory was given back */
	uint64_t watching;                       /* of them, those that only ask for metrics */
	struct worker_tally *tally;
	uint64_t last_ticket; /* unique in the process: the worker's number is in it */
	struct connection *tickets[TICKET_SLOTS];
	struct spare spares[SPARES];
	size_t spare_count;
	struct repeats *repeats; /* NULL: none yet */
	bool stopping;
};

/* A new ticket under which the connection waits for a proof. */
uint64_t worker_ticket(struct worker *worker, struct connection *connection);

/* Who waits under it, who waits no longer then; NULL: nobody. */
struct connection *worker_ticket_take(struct worker *worker, uint64_t ticket);

/* What the worker of this number has counted; NULL: there is none. From any thread. */
const struct worker_tally *http_tally(const struct http *http, unsigned number);

/* The connection is about to be freed. */
void worker_forget(struct worker *worker, struct connection *connection);
