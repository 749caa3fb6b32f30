#include "http/own.h"

#include "base/address.h"
#include "dav/method.h"
#include "dav/request.h"
#include "xmpp/xmpp.h"

#include <string.h>

static bool reads(const struct method *method)
{
	return method && (strcmp(method->name, "GET") == 0 || strcmp(method->name, "HEAD") == 0);
}

static void answer_health(struct request *request, bool health, const struct xmpp *xmpp)
{
	bool link = xmpp_is_up(xmpp);
	struct buf *bytes = &request->answer.bytes;

	if (!health || !address_is_loopback(request->address) || !reads(request->method)) {
		answer_error(request, 404, NULL, "There is nothing here.");
		return;
	}
	if (store_check(request->dav->store) < 0)
		answer_error(request, 503, NULL, "The store does not answer; the log says why.");
	else if (!link)
		answer_error(request, 503, NULL,
			"There is no link to the XMPP server; the log says why.");
	else {
		answer_begin(request, 200);
		request->answer.kind = ANSWER_BYTES;
		answer_header(request, "Content-Type", "text/plain; charset=utf-8");
		buf_puts(bytes, "ok\n");
	}
}

/* /-/principal/JID, with or without a resourcepart behind it; the JID as we spell it. NULL: it is none. */
static const char *principal_of(struct arena *arena, const struct path *path)
{
	const struct segment *segments = path->segments;
	struct jid jid;

	if (path->depth < 3 || path->depth > 4 || strcmp(segments[1].name, "principal") != 0 ||
		jid_parse(arena, segments[2].name, &jid) < 0 ||
		strcmp(jid.bare, segments[2].name) != 0)
		return NULL;
	return jid.bare;
}

bool own_begin(struct request *request, bool health, const struct xmpp *xmpp)
{
	const char *method = request->method ? request->method->name : "";
	bool options = strcmp(method, "OPTIONS") == 0;

	if (strcmp(method, "PROPFIND") == 0)
		request->principal = principal_of(request->arena, &request->path);
	if (!options && !request->principal) {
		answer_health(request, health, xmpp);
		return false;
	}
	/* Who may see the root may see principals: then nobody can be asked who could not be anyway. */
	request->path = (struct path){.collection = true};
	return true;
}
