/* What trusted proxies say of the request that they pass on: X-Forwarded-For, -Host and -Proto, or Forwarded (RFC 7239). */
#pragma once

#include "base/address.h"

struct request;

struct forwarded {
	char address
		[ADDRESS_TEXT]; /* who asks: the nearest that is no trusted proxy, or the last that is known */
	const char *host; /* what the client has asked for, as it was written; NULL: nobody says */
	const char *scheme; /* "http" or "https"; NULL: nobody says */
};

/*
 * `peer` is at the other end of the socket. From one that is no trusted proxy the fields mean nothing at all. 0; or -400: both
 * kinds at once (one of them may be the client's own), a host or scheme that is said twice, or a field that cannot be read.
 */
int forwarded_read(const struct request *request, const char *peer, const char *trusted,
	struct forwarded *out);
