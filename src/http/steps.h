/* The steps that a request walks through, and the one driver that runs them (ARCHITECTURE.md, "A request"). */
#pragma once

#include "dav/request.h"

struct connection;
struct message;
struct mailbox;

/*
 * Runs the steps from connection->step on, beginning with `result` of the one before. STEP_ANSWER: the answer is there; STEP_WAIT: somebody
 * will call connection_wake().
 */
enum step_result steps_run(struct connection *connection, enum step_result result);

/* More of the body is in: STEP_NEXT when it is whole, STEP_WAIT when more must come, or when it is being written. */
enum step_result steps_take_body(struct connection *connection, const char *data, size_t size);
enum step_result steps_end_body(struct connection *connection);

/* The client has gone while its request waited. */
void steps_abandon(struct connection *connection);

/* What arrives in a worker's mailboxes. */
void steps_verdicts(void *worker, struct message *list);
void steps_changes(void *worker, struct message *list);
