/* Request paths and URLs (RFC 3986): decoded once, strictly, and written again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

enum { PATH_DEPTH_MAX = 64, NAME_MAX_BYTES = 255 };

struct segment {
	const char *name;     /* in NFC: what is looked up */
	const char *spelling; /* as it was sent, which is what hrefs show */
};

struct path {
	struct segment *segments;
	size_t depth;    /* 0: the root */
	bool collection; /* written with a slash at the end */
};

/*
 * Splits the raw path of a request target at "/", decodes each segment once and refuses, with -EINVAL: NUL, "/", "\",
 * controls, DEL, bad or overlong UTF-8, surrogates, "." and "..", an empty segment in the middle, one over
 * 255 bytes, a wrong percent-encoding, more than PATH_DEPTH_MAX segments, no leading slash, a query or fragment.
 */
int path_parse(struct arena *arena, const char *raw, struct path *out);

/* Percent-encodes all but unreserved characters. */
void uri_encode(struct buf *out, const char *text);

/* "/a/b", "/a/b/" for a collection, "/" for the root: encoded, in the spelling that was sent. */
char *path_text(struct arena *arena, const struct path *path);

struct url {
	const char *scheme; /* "http" or "https" */
	const char *host;   /* in lower case, an IPv6 address in brackets */
	uint16_t port;      /* the scheme's own when none was written */
	const char *target; /* raw, "/" at least; a query stays in it */
};

/* A scheme's own port. */
uint16_t url_port(const char *scheme);

/* 0, or -EINVAL: not an absolute http or https URL, or one with userinfo or a fragment. */
int url_parse(struct arena *arena, const char *text, struct url *out);

/* A Host field's or :authority's value, "host[:port]"; default_port when none is written. 0 or -EINVAL. */
int authority_parse(struct arena *arena, const char *text, uint16_t default_port, const char **host,
	uint16_t *port);
