/* The HTTP server: N loops, each with a thread, listeners and connections of its own. The only face of this room. */
#pragma once

#include "dav/request.h"

struct confirms;
struct http;
struct listeners;
struct loop;
struct mailbox;
struct prover;
struct survey;
struct xmpp;

/* What a stranger may send, and how long it may take. */
struct http_limits {
	uint64_t target, head; /* bytes; more is 414, 431 */
	uint64_t fields;       /* of a head; more is 431 */
	uint64_t drain; /* bytes of a body that nobody wants, for the sake of the next request */
	uint64_t body_rate; /* bytes a second that a body, or who reads an answer, must keep up */
	uint64_t head_time, idle_time;
	uint64_t
		drain_time; /* for the other side to read a refusal; milliseconds, as the two above */
};

struct http_options {
	const struct dav *dav;
	struct prover *prover;
	const struct xmpp *xmpp;
	const struct confirms *confirms; /* for their counts */
	struct listeners *listeners;     /* for as many threads */
	struct listeners *metrics;       /* where /-/metrics is told; NULL: nowhere */
	struct survey *survey;
	const char *tls_cert, *tls_key;
	const char *trusted_proxies;
	uint64_t threads, connections, connections_per_address; /* of the last, 0: any number */
	struct http_limits limits;
};

/*
 * Listens at addresses with ports, NULL-terminated, with a socket for each thread: before the process gives up the right to low ones. What
 * comes waits for http_start(). 0, or negative errno with the reason for a person.
 */
int listeners_open(struct listeners **listeners, const char **listen, uint64_t threads, char *error,
	size_t size);

/*
 * Instead: `count` descriptors from `first` on that listen already, which all threads share. `exposable`: their addresses need not be
 * loopback.
 */
int listeners_inherit(struct listeners **listeners, int first, size_t count, bool exposable,
	char *error, size_t size);
size_t listeners_count(const struct listeners *listeners);
const char *listeners_address(const struct listeners *listeners, size_t index);

/* The caller's own descriptor, or negative errno. `shared`: the other threads have the same socket. */
int listeners_take(struct listeners *listeners, unsigned thread, size_t index, bool *shared);

/* Those that nobody has taken. */
void listeners_close(struct listeners *listeners);

/*
 * Serves. The options' strings must outlive it. 0, or negative errno with the reason for a person. `loop` is the one on
 * which http_stop() tells.
 */
int http_start(struct http **http, struct loop *loop, const struct http_options *options,
	char *error, size_t size);

/* Reads certificate and key again, for connections from now on. 0, or negative errno: the old ones stay. */
int http_reload(struct http *http, char *error, size_t size);

/* Asks every loop for a struct message, which comes to the mailbox when the loop turns. How many were asked. */
unsigned http_ask(struct http *http, struct mailbox *reply);

/*
 * Other settings for requests from now on; those of `options` that are about listening and threads stay. They must outlive the server. What was
 * kept of answers is forgotten.
 */
void http_use(struct http *http, const struct http_options *options);

/*
 * Stops listening, ends idle connections, finishes what runs; after `milliseconds` ends that too. `stopped` is called on the loop when
 * all threads are done. What was committed stays committed, answered or not.
 */
void http_stop(struct http *http, uint64_t milliseconds, void (*stopped)(void *arg), void *arg);

/* After it has stopped, or when it never started; letters from the prover may no longer come. */
void http_close(struct http *http);
