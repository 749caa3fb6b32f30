#include "http/connection.h"

#include "base/log.h"
#include "dav/fetched.h"
#include "dav/method.h"
#include "http/access.h"
#include "http/admission.h"
#include "http/begin.h"
#include "http/gzip.h"
#include "http/repeat.h"
#include "http/response.h"
#include "http/seen.h"
#include "http/spare.h"
#include "http/steps.h"
#include "http/tally.h"
#include "http/wire.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* In which the rate of bodies is measured. */
enum { RATE_SECONDS = 30 };

/* Microseconds of requests behind each other; then it is the others' turn: while answers fill the socket, and milliseconds at most. */
enum { TURN_TIME = 1000, OTHERS_TIME = 100 };

static const struct http_limits *limits_of(const struct connection *connection)
{
	return &connection->worker->options->limits;
}

static void close_connection(struct connection *connection)
{
	/* What of an answer is with the client already, a later range may go on with. */
	if (connection->phase == PHASE_RESPOND && connection->begun) {
		wire_cut(connection);
		fetched_end(&connection->request, true);
	}
	steps_abandon(connection);
	connection->phase = PHASE_CLOSED;
}

static void release(struct connection *connection)
{
	assert(!connection->held);
	watch_close(connection->watch);
	timer_close(connection->timer);
	if (connection->tls)
		tls_free(connection->tls);
	close(connection->fd);
	gzip_close(connection->gzip);
	/* Whoever has sent nothing has an arena perhaps, but no request: its fields say nothing. */
	if (connection->begun)
		request_free(&connection->request);
	else
		arena_free(connection->request.arena);
	buf_free(&connection->in);
	buf_free(&connection->out);
	worker_forget(connection->worker, connection);
	free(connection);
}

/* ---- requests ---- */

static void respond(struct connection *connection)
{
	struct answer *answer = &connection->request.answer;
	bool left = connection->head.has_body && !connection->body.done;

	/* Whether a client that was never told to go on sends its body all the same cannot be known. */
	if (left && (connection->continue_due || connection->head.content_length >
							 (int64_t)limits_of(connection)->drain))
		answer->close = true;
	if (connection->worker->stopping)
		connection->keep_alive = false;
	connection->phase = PHASE_RESPOND;
	tally_answered(connection);
	response_begin(connection);
	repeat_keep(connection);
}

static void drive(struct connection *connection, enum step_result result)
{
	connection->phase = PHASE_STEPS;
	if (steps_run(connection, result) == STEP_ANSWER)
		respond(connection);
}

/* Nothing that follows may be read as a request. */
static void refuse(struct connection *connection, int status, const char *sentence)
{
	answer_error(&connection->request, status, NULL, sentence);
	connection->request.answer.close = true;
	respond(connection);
}

static void begin(struct connection *connection)
{
	body_begin(&connection->body, connection->head.content_length);
	connection->continue_due = connection->head.expect_continue;
	connection->keep_alive = connection->head.keep_alive;
	connection->step = 0;
	connection->discarded = 0;
	if (begin_request(connection) == STEP_ANSWER)
		respond(connection);
	else
		drive(connection, STEP_NEXT);
}

/* ---- turns: each goes on with its phase; false: it must wait ---- */

static bool turn_head(struct connection *connection)
{
	size_t length = 0;
	int status;

	connection->yields = connection->in.len > 0 && connection->busy >= TURN_TIME;
	if (connection->yields)
		return false;
	if (connection->in.len == 0 && connection->worker->stopping)
		connection->eof = true;
	if (connection->in.len > 0)
		tally_begin(connection);
	if (connection->in.len > 0 && !connection->begun) {
		if (!connection->watching && repeat_answer(connection))
			return true;
		request_begin(&connection->request, connection->worker->options->dav);
		connection->begun = true;
	}
	status = connection->in.len == 0
			 ? 0
			 : head_parse(connection->request.arena, connection->in.data,
				   connection->in.len, &connection->scanned, limits_of(connection),
				   &connection->head, &length);
	if (status == 0) {
		if (connection->eof)
			close_connection(connection);
		return connection->eof;
	}
	connection->scanned = 0;
	if (status < 0) {
		connection->head = (struct head){0};
		connection->keep_alive = false;
		strcpy(connection->request.address, connection->peer);
		refuse(connection, -status, begin_sentence(-status));
		return true;
	}
	repeat_expect(connection, length);
	buf_consume(&connection->in, length);
	begin(connection);
	return true;
}

static bool turn_body(struct connection *connection)
{
	enum step_result result = STEP_WAIT;
	size_t at = 0, size, used;
	const char *data;
	int error = wire_flush(connection, 0);

	if (error < 0 && error != -EAGAIN) {
		close_connection(connection);
		return true;
	}
	error = 0;
	while (error == 0 && result == STEP_WAIT && connection->phase == PHASE_BODY &&
		!connection->body.done && at < connection->in.len) {
		error = body_read(&connection->body, connection->in.data + at,
			connection->in.len - at, &data, &size, &used);
		at += used;
		if (error == 0 && size > 0)
			result = steps_take_body(connection, data, size);
	}
	buf_consume(&connection->in, at);
	if (error < 0) {
		refuse(connection, 400, "The chunks of this body are malformed.");
	} else if (result == STEP_ANSWER) {
		connection->request.answer.close = true;
		respond(connection);
	} else if (connection->phase == PHASE_STEPS) {
		return false;
	} else if (connection->body.done) {
		connection->phase = PHASE_STEPS;
		drive(connection, steps_end_body(connection));
	} else if (connection->eof) {
		close_connection(connection);
	} else {
		return false;
	}
	return true;
}

/*
 * Closing while the other side still sends would take back the answer that it has not read yet: what comes is thrown away until it has
 * ended, for a time.
 */
static void linger(struct connection *connection)
{
	wire_end(connection);
	connection->phase = PHASE_LINGER;
}

/* The answer is out. */
static void finish(struct connection *connection)
{
	bool left = connection->head.has_body && !connection->body.done;

	access_log(connection);
	fetched_end(&connection->request, false);
	gzip_close(connection->gzip);
	connection->gzip = NULL;
	request_end(&connection->request);
	connection->begun = false;
	connection->timed = PHASE_CLOSED;
	connection->served = true;
	if (!left)
		spare_put_down(connection);
	if (connection->keep_alive) {
		connection->phase = left ? PHASE_DISCARD : PHASE_HEAD;
	} else if (!left && connection->in.len == 0 && !connection->tls) {
		close_connection(connection);
	} else {
		linger(connection);
	}
}

static bool turn_respond(struct connection *connection)
{
	struct answer *answer = &connection->request.answer;
	bool content = answer->kind == ANSWER_CONTENT && answer->length > 0;
	int result;

	if (connection->held)
		return false;
	result = content ? wire_flush_with_content(connection) : wire_flush(connection, 0);
	if (result == 0 && content)
		result = wire_send_content(connection);
	if (result == 1 || result == -EAGAIN)
		return false;
	if (result == 0 && response_piece(connection))
		return true;
	if (result == 0 && answer->kind == ANSWER_PAGES && !connection->last_page) {
		result = response_page(connection);
		/* A page is enough for a turn: what becomes small takes no socket's time, only that of the others. */
		if (result == 0)
			return false;
		/* What was allowed to be seen is no longer: the answer ends in the middle, as it must be noticed. */
	}
	if (result < 0)
		close_connection(connection);
	else
		finish(connection);
	return true;
}

static bool turn_discard(struct connection *connection)
{
	size_t at = 0, size, used;
	const char *data;
	int error = 0;

	while (error == 0 && !connection->body.done && at < connection->in.len) {
		error = body_read(&connection->body, connection->in.data + at,
			connection->in.len - at, &data, &size, &used);
		at += used;
	}
	connection->discarded += at;
	buf_consume(&connection->in, at);
	if (error == 0 && connection->body.done) {
		connection->phase = PHASE_HEAD;
		return true;
	}
	if (error == 0 && !connection->eof && connection->discarded <= limits_of(connection)->drain)
		return false;
	if (connection->eof)
		close_connection(connection);
	else
		linger(connection);
	return true;
}

static bool turn_linger(struct connection *connection)
{
	connection->in.len = 0;
	if (connection->eof)
		close_connection(connection);
	return connection->eof;
}

static bool turn(struct connection *connection)
{
	switch (connection->phase) {
	case PHASE_HEAD:
		return turn_head(connection);
	case PHASE_STEPS:
		/* Only while a person is asked is the connection read. */
		if (connection->eof && connection->ticket)
			close_connection(connection);
		return false;
	case PHASE_BODY:
		return turn_body(connection);
	case PHASE_RESPOND:
		return turn_respond(connection);
	case PHASE_DISCARD:
		return turn_discard(connection);
	case PHASE_LINGER:
		return turn_linger(connection);
	case PHASE_CLOSED:
		break;
	}
	return false;
}

/* ---- what is waited for ---- */

static uint64_t time_of(const struct connection *connection)
{
	const struct http_limits *limits = limits_of(connection);

	switch (connection->phase) {
	case PHASE_HEAD:
		if (connection->yields)
			return OTHERS_TIME;
		return connection->in.len > 0 || !connection->served ? limits->head_time
								     : limits->idle_time;
	case PHASE_BODY:
	case PHASE_RESPOND:
		return (uint64_t)RATE_SECONDS * 1000;
	case PHASE_DISCARD:
	case PHASE_LINGER:
		return limits->drain_time;
	case PHASE_STEPS:
	case PHASE_CLOSED:
		break;
	}
	return 0;
}

/* Deadlines are absolute: a byte now and then moves none of them. */
static void arm_timer(struct connection *connection)
{
	uint64_t time = time_of(connection);

	if (connection->timed == connection->phase && connection->time == time)
		return;
	connection->timed = connection->phase;
	connection->time = time;
	connection->moved = 0;
	connection->unsent = connection->phase == PHASE_RESPOND ? wire_unsent(connection) : 0;
	if (time)
		timer_start(connection->timer, time);
	else
		timer_stop(connection->timer);
}

static void arm_watch(struct connection *connection)
{
	int wanted = 0;

	if (connection->phase == PHASE_RESPOND && connection->held)
		wanted = 0;
	else if (connection->yields)
		wanted = WATCH_WRITE;
	else if (connection->phase == PHASE_RESPOND)
		wanted = connection->tls_wants_read ? WATCH_READ : WATCH_WRITE;
	else if (connection->phase != PHASE_STEPS)
		wanted = connection->tls_wants_write ? WATCH_WRITE : WATCH_READ;
	else if (connection->ticket && connection->in.len < WAITING_MAX)
		wanted = WATCH_READ;
	if (connection->phase == PHASE_BODY && connection->out.len > 0)
		wanted |= WATCH_WRITE;
	watch_want(connection->watch, wanted);
}

static bool may_read(const struct connection *connection)
{
	return connection->phase != PHASE_RESPOND && connection->phase != PHASE_CLOSED &&
	       !connection->yields;
}

void connection_advance(struct connection *connection)
{
	connection->busy = 0;
	do {
		while (turn(connection))
			;
		/* What TLS has decrypted already makes no descriptor readable. */
	} while (connection->tls && may_read(connection) && connection->phase != PHASE_STEPS &&
		 tls_pending(connection->tls) && wire_read(connection));
	if (connection->phase == PHASE_CLOSED) {
		watch_want(connection->watch, 0);
		timer_stop(connection->timer);
		if (!connection->held)
			release(connection);
		return;
	}
	arm_timer(connection);
	arm_watch(connection);
}

void connection_wake(struct connection *connection, enum step_result result)
{
	if (connection->phase != PHASE_CLOSED)
		drive(connection, result);
	connection_advance(connection);
}

static void ready(void *arg, int events)
{
	struct connection *connection = arg;

	connection->tls_wants_write = false;
	if (connection->phase == PHASE_HEAD)
		spare_take_up(connection);
	if (may_read(connection))
		wire_read(connection);
	connection_advance(connection);
}

static void timed_out(void *arg)
{
	struct connection *connection = arg;
	uint64_t unsent = connection->phase == PHASE_RESPOND ? wire_unsent(connection) : 0;
	/* While our disk is waited for, it is not the client that is slow. */
	uint64_t due = limits_of(connection)->body_rate * RATE_SECONDS;
	bool slow = !connection->held && connection->moved + connection->unsent < unsent + due;

	connection->timed = PHASE_CLOSED;
	if (connection->phase == PHASE_HEAD && connection->begun) {
		connection->head = (struct head){0};
		strcpy(connection->request.address, connection->peer);
		refuse(connection, 408, "The request took too long to come.");
	} else if (connection->phase == PHASE_BODY && slow) {
		refuse(connection, 408, "The body comes too slowly.");
	} else if (connection->phase != PHASE_BODY && !connection->yields &&
		   (connection->phase != PHASE_RESPOND || slow)) {
		close_connection(connection);
	}
	connection_advance(connection);
}

void connection_open(struct worker *worker, int fd, const char *peer, bool counted, bool watching)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int yes = 1;

	if (!connection)
		abort();
	connection->worker = worker;
	connection->fd = fd;
	connection->phase = PHASE_HEAD;
	connection->timed = PHASE_CLOSED;
	strcpy(connection->peer, peer);
	connection->counted = counted;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	connection->watch = watch_open(worker->loop, fd, ready, connection);
	connection->watching = watching;
	if (worker->tls && !watching)
		connection->tls = tls_new(worker->tls, fd);
	if (!connection->watch || (worker->tls && !watching && !connection->tls)) {
		log_event(LOG_ERROR, "connection-refused", "address", connection->peer, NULL);
		watch_close(connection->watch);
		close(fd);
		admission_give_back(connection);
		free(connection);
		return;
	}
	connection->timer = timer_open(worker->loop, timed_out, connection);
	connection->next = worker->connections;
	if (connection->next)
		connection->next->previous = connection;
	else
		worker->oldest = connection;
	worker->connections = connection;
	worker->count++;
	worker->watching += watching;
	tally_add(&worker->tally->accepted, !watching);
	wire_read(connection);
	connection_advance(connection);
}

void connection_stop(struct connection *connection, bool now)
{
	if (now || connection->phase == PHASE_LINGER || connection->phase == PHASE_DISCARD)
		close_connection(connection);
	connection_advance(connection);
}
