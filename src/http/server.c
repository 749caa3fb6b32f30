#include "base/crowd.h"
#include "base/log.h"
#include "base/rate.h"
#include "http/admission.h"
#include "http/connection.h"
#include "http/repeat.h"
#include "http/steps.h"
#include "http/tally.h"
#include "http/tickets.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT_AGAIN = 100 /* ms */, CROWDED = 8192, MINUTE = 60000, MANY = 64 /* connections */ };

struct http {
	struct http_options options;
	const struct http_options *used; /* what is to be used instead */
	struct loop *loop;
	struct mailbox *ended; /* workers tell that they are done */
	struct tls_context *tls;
	struct ticket_keys *ticket_keys; /* of all contexts, one after the other */
	struct worker *workers;
	struct crowd *crowd;
	struct rates *crowded;
	unsigned started, running;
	struct timer *deadline;
	void (*stopped)(void *arg);
	void *arg;
};

struct listener {
	struct worker *worker;
	struct listener *next;
	bool watching; /* the metrics' */
	int fd;
	struct watch *watch;
	struct timer *again; /* after accept(2) had no descriptor left */
};

/* What the main loop tells a worker. */
struct order {
	struct message message;
	enum { ORDER_STOP, ORDER_STOP_NOW, ORDER_TLS, ORDER_ANSWER, ORDER_USE } kind;
	struct tls_context *tls;
	struct mailbox *reply;
	const struct http_options *options;
};

/* ---- tickets ---- */

uint64_t worker_ticket(struct worker *worker, struct connection *connection)
{
	uint64_t ticket = (uint64_t)(worker->number + 1) << 48 | ++worker->last_ticket;
	struct connection **slot = &worker->tickets[ticket % TICKET_SLOTS];

	connection->next_ticket = *slot;
	*slot = connection;
	return ticket;
}

struct connection *worker_ticket_take(struct worker *worker, uint64_t ticket)
{
	struct connection **at = &worker->tickets[ticket % TICKET_SLOTS], *found;

	while (*at && (*at)->ticket != ticket)
		at = &(*at)->next_ticket;
	found = *at;
	if (found)
		*at = found->next_ticket;
	return found;
}

/* ---- the end of a worker ---- */

static void close_listeners(struct worker *worker)
{
	while (worker->listeners) {
		struct listener *listener = worker->listeners;

		worker->listeners = listener->next;
		watch_close(listener->watch);
		timer_close(listener->again);
		close(listener->fd);
		free(listener);
	}
}

static void end_if_idle(struct worker *worker)
{
	if (worker->stopping && worker->count == 0)
		loop_stop(worker->loop);
}

/* What a flood has taken the allocator keeps, in pieces, until it is told that nobody comes for it. */
static void let_memory_go(struct worker *worker)
{
	if (worker->most < MANY || worker->count > worker->most / 2)
		return;
	worker->most = worker->count;
	malloc_trim(0);
}

void worker_forget(struct worker *worker, struct connection *connection)
{
	if (connection->next)
		connection->next->previous = connection->previous;
	else
		worker->oldest = connection->previous;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		worker->connections = connection->next;
	if (worker->count > worker->most)
		worker->most = worker->count;
	worker->count--;
	let_memory_go(worker);
	admission_give_back(connection);
	worker->watching -= connection->watching;
	tally_add(&worker->tally->closed, !connection->watching);
	end_if_idle(worker);
}

static void stop_worker(struct worker *worker, bool now)
{
	struct connection *next;

	worker->stopping = true;
	close_listeners(worker);
	for (struct connection *connection = worker->connections; connection; connection = next) {
		next = connection->next;
		connection_stop(connection, now);
	}
	end_if_idle(worker);
}

static void answer(struct mailbox *reply)
{
	struct message *answer = calloc(1, sizeof(*answer));

	if (!answer)
		abort();
	mailbox_post(reply, answer);
}

static void take_orders(void *arg, struct message *list)
{
	struct worker *worker = arg;

	while (list) {
		struct order *order = (struct order *)list;

		list = list->next;
		if (order->kind == ORDER_TLS) {
			tls_context_free(worker->tls);
			worker->tls = order->tls;
		} else if (order->kind == ORDER_ANSWER) {
			answer(order->reply);
		} else if (order->kind == ORDER_USE) {
			worker->options = order->options;
			repeats_free(worker);
		} else {
			stop_worker(worker, order->kind == ORDER_STOP_NOW);
		}
		free(order);
	}
}

static void *serve(void *arg)
{
	struct worker *worker = arg;
	struct message *done = calloc(1, sizeof(*done));
	sigset_t all;

	if (!done)
		abort();
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	log_hold();
	loop_before_sleep(worker->loop, log_let_go);
	loop_run(worker->loop);
	log_hold_end();
	mailbox_post(worker->http->ended, done);
	return NULL;
}

/* ---- listening ---- */

static void accept_again(void *arg)
{
	watch_want(((struct listener *)arg)->watch, WATCH_READ);
}

static void accept_all(void *arg, int events)
{
	struct listener *listener = arg;
	struct worker *worker = listener->worker;

	for (int i = 0; i < 64; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t length = sizeof(peer);
		int fd = accept4(listener->fd, (struct sockaddr *)&peer, &length,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			admission_take(worker, fd, (struct sockaddr *)&peer, listener->watching);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			log_event(LOG_ERROR, "accept-failed", "reason", strerror(errno), NULL);
			watch_want(listener->watch, 0);
			timer_start(listener->again, ACCEPT_AGAIN);
			return;
		} else if (errno == EAGAIN) {
			return;
		}
	}
}

static void listen_on(struct worker *worker, int fd, bool shared, bool watching)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		abort();
	listener->worker = worker;
	listener->watching = watching;
	listener->fd = fd;
	listener->watch = shared ? watch_open_shared(worker->loop, fd, accept_all, listener)
				 : watch_open(worker->loop, fd, accept_all, listener);
	listener->again = timer_open(worker->loop, accept_again, listener);
	assert(listener->watch);
	watch_want(listener->watch, WATCH_READ);
	listener->next = worker->listeners;
	worker->listeners = listener;
}

static int open_worker(struct http *http, struct worker *worker, char *error, size_t size)
{
	int result;

	worker->http = http;
	worker->options = &http->options;
	worker->number = (unsigned)(worker - http->workers);
	worker->tls = tls_context_share(http->tls);
	worker->crowd = http->crowd;
	worker->crowded = http->crowded;
	result = loop_open(&worker->loop);
	if (result < 0) {
		snprintf(error, size, "a loop: %s", strerror(-result));
		return result;
	}
	worker->verdicts = mailbox_open(worker->loop, steps_verdicts, worker);
	worker->changes = mailbox_open(worker->loop, steps_changes, worker);
	worker->orders = mailbox_open(worker->loop, take_orders, worker);
	http->started++;
	for (size_t i = 0; i < listeners_count(http->options.listeners); i++) {
		bool shared;
		int fd = listeners_take(http->options.listeners, worker->number, i, &shared);

		if (fd < 0) {
			snprintf(error, size, "%s: %s",
				listeners_address(http->options.listeners, i), strerror(-fd));
			return fd;
		}
		listen_on(worker, fd, shared, false);
	}
	return 0;
}

/* On the first worker: all can sum up. */
static int open_metrics(struct http *http, char *error, size_t size)
{
	bool shared;
	int fd;

	if (!http->options.metrics)
		return 0;
	fd = listeners_take(http->options.metrics, 0, 0, &shared);
	if (fd < 0)
		snprintf(error, size, "%s: %s", listeners_address(http->options.metrics, 0),
			strerror(-fd));
	else
		listen_on(&http->workers[0], fd, shared, true);
	return fd < 0 ? fd : 0;
}

static void tell_of_metrics(const struct listeners *metrics)
{
	struct sockaddr_storage address;
	char host[ADDRESS_TEXT];
	const char *text;

	if (!metrics)
		return;
	text = listeners_address(metrics, 0);
	address_parse(text, &address);
	address_text((struct sockaddr *)&address, host);
	log_event(LOG_INFO, "metrics", "address", text, NULL);
	if (!address_is_loopback(host))
		log_event(LOG_WARNING, "metrics-exposed", "address", text, "reason",
			"whoever reaches this address may read them, and on the way too", NULL);
}

static int start_workers(struct http *http, char *error, size_t size)
{
	for (unsigned i = 0; i < http->options.threads; i++) {
		int result = open_worker(http, &http->workers[i], error, size);

		if (result < 0)
			return result;
	}
	if (open_metrics(http, error, size) < 0)
		return -EBADF;
	for (unsigned i = 0; i < http->options.threads; i++) {
		struct worker *worker = &http->workers[i];

		if (pthread_create(&worker->thread, NULL, serve, worker) != 0)
			abort();
		http->running++;
	}
	for (size_t i = 0; i < listeners_count(http->options.listeners); i++)
		log_event(LOG_INFO, "listening", "address",
			listeners_address(http->options.listeners, i), "tls",
			http->tls ? "yes" : "no", NULL);
	tell_of_metrics(http->options.metrics);
	return 0;
}

/* ---- the whole ---- */

const struct worker_tally *http_tally(const struct http *http, unsigned number)
{
	return number < http->options.threads ? http->workers[number].tally : NULL;
}

static void worker_ended(void *arg, struct message *list)
{
	struct http *http = arg;

	while (list) {
		struct message *done = list;

		list = list->next;
		free(done);
		http->running--;
	}
	if (http->running > 0)
		return;
	for (unsigned i = 0; i < http->started; i++)
		pthread_join(http->workers[i].thread, NULL);
	timer_stop(http->deadline);
	http->stopped(http->arg);
}

static void order_all(struct http *http, int kind, struct mailbox *reply)
{
	for (unsigned i = 0; i < http->started; i++) {
		struct order *order = calloc(1, sizeof(*order));

		if (!order)
			abort();
		order->kind = (__typeof__(order->kind))kind;
		order->tls = kind == ORDER_TLS ? tls_context_share(http->tls) : NULL;
		order->reply = reply;
		order->options = http->used;
		mailbox_post(http->workers[i].orders, &order->message);
	}
}

static void deadline_passed(void *arg)
{
	order_all(arg, ORDER_STOP_NOW, NULL);
}

static int open_tls(struct http *http, char *error, size_t size)
{
	if (!http->options.tls_cert)
		return 0;
	if (!http->ticket_keys)
		http->ticket_keys = ticket_keys_new();
	return tls_context_new(&http->tls, http->ticket_keys, http->options.tls_cert,
		http->options.tls_key, error, size);
}

int http_start(struct http **out, struct loop *loop, const struct http_options *options,
	char *error, size_t size)
{
	struct http *http = calloc(1, sizeof(*http));
	int result;

	if (!http)
		abort();
	http->options = *options;
	http->loop = loop;
	http->ended = mailbox_open(loop, worker_ended, http);
	http->deadline = timer_open(loop, deadline_passed, http);
	http->workers = calloc(options->threads, sizeof(*http->workers));
	http->crowd = crowd_open();
	http->crowded = rates_open(CROWDED, MINUTE);
	if (!http->workers)
		abort();
	for (unsigned i = 0; i < options->threads; i++)
		http->workers[i].tally = tally_new(sizeof(struct worker_tally));
	result = open_tls(http, error, size);
	if (result == 0)
		result = start_workers(http, error, size);
	if (result < 0) {
		http_close(http);
		return result;
	}
	*out = http;
	return 0;
}

int http_reload(struct http *http, char *error, size_t size)
{
	struct tls_context *old = http->tls;
	int result;

	if (!old)
		return 0;
	result = open_tls(http, error, size);
	if (result < 0)
		return result;
	tls_context_free(old);
	order_all(http, ORDER_TLS, NULL);
	return 0;
}

unsigned http_ask(struct http *http, struct mailbox *reply)
{
	order_all(http, ORDER_ANSWER, reply);
	return http->started;
}

void http_use(struct http *http, const struct http_options *options)
{
	http->used = options;
	order_all(http, ORDER_USE, NULL);
}

void http_stop(struct http *http, uint64_t milliseconds, void (*stopped)(void *arg), void *arg)
{
	http->stopped = stopped;
	http->arg = arg;
	timer_start(http->deadline, milliseconds);
	order_all(http, ORDER_STOP, NULL);
}

void http_close(struct http *http)
{
	assert(http->running == 0);
	for (unsigned i = 0; i < http->options.threads; i++) {
		struct worker *worker = &http->workers[i];

		close_listeners(worker);
		mailbox_close(worker->verdicts);
		mailbox_close(worker->changes);
		mailbox_close(worker->orders);
		loop_close(worker->loop);
		tls_context_free(worker->tls);
		spares_free(worker);
		repeats_free(worker);
		free(worker->tally);
	}
	mailbox_close(http->ended);
	timer_close(http->deadline);
	tls_context_free(http->tls);
	ticket_keys_free(http->ticket_keys);
	crowd_close(http->crowd);
	rates_close(http->crowded);
	free(http->workers);
	free(http);
}
