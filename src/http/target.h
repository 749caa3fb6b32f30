/* Which resource a request target names (RFC 9112, 3.2), and whether the request was meant for us at all. */
#pragma once

#include "base/uri.h"

#include <stdbool.h>

struct arena;
struct forwarded;
struct site;

struct target {
	struct path path;
	bool server_wide; /* "*" */
	bool own_room;    /* below /-/ */
	bool health;      /* /-/health itself */
	bool foreign; /* another site's: to be refused (421), were it not asked for what is ours to see */
};

/*
 * `host` is the Host field, NULL in HTTP/1.0; what a proxy has forwarded counts in its place. 0, or the status to refuse it with: -400
 * a target or host that is none, -421 another site's. Health is asked for under any name.
 */
int target_parse(struct arena *arena, const struct site *site, const char *target, const char *host,
	const struct forwarded *forwarded, struct target *out);

/*
 * A Destination field (RFC 4918, 10.3): an absolute path, or a URL of ours, by http or https, under any name that we answer to. 0; -400: it
 * is none; -403: the daemon's own room; -502: another site's.
 */
int destination_parse(
	struct arena *arena, const struct site *site, const char *destination, struct path *out);
