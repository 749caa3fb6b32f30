#include "http/health.h"

#include "base/address.h"
#include "dav/method.h"
#include "dav/request.h"
#include "xmpp/xmpp.h"

#include <string.h>

static bool reads(const struct method *method)
{
	return method && (strcmp(method->name, "GET") == 0 || strcmp(method->name, "HEAD") == 0);
}

void health_answer(struct request *request, bool health, const struct xmpp *xmpp)
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
