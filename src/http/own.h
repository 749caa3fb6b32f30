/* The daemon's own room, /-/, where no user's resource ever is: health, and principals (RFC 3744). */
#pragma once

#include <stdbool.h>

struct http_options;
struct request;
struct target;

/*
 * True: the request goes on through the steps, as one about a principal or, OPTIONS, about the root. False: it is answered: 200 or 503 with
 * the reason for health, asked for from this machine; else 404.
 */
bool own_begin(
	struct request *request, const struct target *target, const struct http_options *options);
