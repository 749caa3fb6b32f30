/* The HTTP server: N loops, each with a thread, listeners and connections of its own. The only face of this room. */
#pragma once

#include "dav/request.h"

struct confirms;
struct http;
struct loop;
struct prover;
struct survey;
struct xmpp;

struct http_options {
	const struct dav *dav;
	struct prover *prover;
	const struct xmpp *xmpp;
	const struct confirms *confirms; /* for their counts */
	struct survey *survey;
	const char **listen; /* addresses with ports, NULL-terminated */
	const char *metrics; /* where /-/metrics is told, an address with its port; "": nowhere */
	const char *tls_cert, *tls_key;
	const char *trusted_proxies;
	uint64_t threads, connections;
};

/*
 * Listens and serves. The options' strings must outlive it. 0, or negative errno with the reason for a person. `loop` is the one on
 * which http_stop() tells.
 */
int http_start(struct http **http, struct loop *loop, const struct http_options *options,
	char *error, size_t size);

/* Reads certificate and key again, for connections from now on. 0, or negative errno: the old ones stay. */
int http_reload(struct http *http, char *error, size_t size);

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
