/* Under which names this server is known, and which URLs are therefore its own: the one place that says so. */
#pragma once

#include "base/uri.h"

struct site {
	struct url base; /* of base-url */
	/* Further ones; port 0: any. */
	struct site_name {
		const char *host;
		uint16_t port;
	} * names;
	size_t count;
};

/* `names` are "host" or "host:port", separated by white space; NULL: none. 0, or -EINVAL. What it points to lives in the arena. */
int site_parse(struct arena *arena, const char *base_url, const char *names, struct site *out);

/*
 * Whether that is us. Behind a proxy that speaks TLS the client's scheme is not ours: where base-url has its scheme's own port, the
 * other scheme's is as good.
 */
bool site_has(const struct site *site, const char *host, uint16_t port);

/*
 * Whether what goes to base-url cannot be read on its way: by https, or to this machine (RFC 6761, 6.3: localhost and what ends
 * in .localhost).
 */
bool site_is_safe(const struct site *site);

/*
 * The path of a URL of ours, by http or https, or of an absolute path: what Destination (RFC 4918, 10.3) and the tags of If (10.4) hold.
 * 0; -EINVAL: it is none, or has userinfo, query or fragment; -EXDEV: another site's.
 */
int site_path(struct arena *arena, const struct site *site, const char *text, struct path *out);
