/* The rooms of a running daemon, for the files that lie beside missived.c. */
#pragma once

#include "base/config.h"
#include "dav/request.h"
#include "http/http.h"

struct alive;
struct settings;

struct daemon {
	const char *file; /* the settings were read from it */
	struct config config;
	struct loop *loop;
	struct store *store;
	struct xmpp *xmpp;
	struct confirms *confirms;
	struct survey *survey;
	struct prover *prover;
	struct nonces *nonces;
	struct attempts *attempts;
	struct refusals *refusals;
	struct service *service;
	struct listeners *listeners, *metrics; /* metrics: NULL when there are none */
	struct http *http;
	struct alive *alive;
	struct signal_watch *terminate, *interrupt, *hang_up;
	struct dav dav;
	struct http_options http_options;
	struct settings *settings; /* that were read since (reload.c), the newest first */
	bool stopping;
};

/* What settings mean to each room. */
struct store_options daemon_store_options(const struct config *config);
struct limits_options daemon_limits(const struct config *config);
struct attempts_options daemon_attempts(const struct config *config);
uint64_t daemon_connections(const struct config *config);

/* Fills in what may change while requests run. */
void daemon_set_dav(struct dav *dav, const struct config *config);

/* How the log is written. */
void daemon_set_log(const struct config *config);

/*
 * SIGHUP. Reads the settings again and uses those that can change while it runs; certificate and key too. One error, and nothing has changed. What runs
 * goes on by the settings that it began with.
 */
void reload(void *daemon);

/* All rooms are closed. */
void reload_end(struct daemon *daemon);
