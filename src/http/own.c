#include "http/own.h"

#include "base/address.h"
#include "dav/method.h"
#include "dav/request.h"
#include "http/http.h"
#include "http/target.h"
#include "xmpp/confirm.h"
#include "xmpp/xmpp.h"

#include <string.h>

static bool reads(const struct method *method)
{
	return method && (strcmp(method->name, "GET") == 0 || strcmp(method->name, "HEAD") == 0);
}

/* One line for whoever asks whether it works, then a line a count. */
static void put_health(struct request *request, const struct confirms *confirms)
{
	struct buf *bytes = &request->answer.bytes;

	answer_begin(request, 200);
	request->answer.kind = ANSWER_BYTES;
	answer_header(request, "Content-Type", "text/plain; charset=utf-8");
	buf_puts(bytes, "ok\n");
	for (enum confirm_event event = 0; event < CONFIRM_EVENTS; event++)
		buf_printf(bytes, "confirms-%s %llu\n", confirm_event_name(event),
			(unsigned long long)confirms_counted(confirms, event));
}

static void answer_health(struct request *request, const struct http_options *options)
{
	if (store_check(request->dav->store) < 0)
		answer_error(request, 503, NULL, "The store does not answer; the log says why.");
	else if (!xmpp_is_up(options->xmpp))
		answer_error(request, 503, NULL,
			"There is no link to the XMPP server; the log says why.");
	else
		put_health(request, options->confirms);
}

/* A proxy on loopback may ask for anybody: whoever comes through one is not from here, whether it is trusted or not. */
static bool is_local(const struct request *request)
{
	static const char *const of_proxies[] = {
		"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};

	for (size_t i = 0; i < sizeof(of_proxies) / sizeof(*of_proxies); i++)
		if (request_header(request, of_proxies[i]))
			return false;
	return address_is_loopback(request->address);
}

static void answer_own(
	struct request *request, const struct target *target, const struct http_options *options)
{
	if (target->health && is_local(request) && reads(request->method))
		answer_health(request, options);
	else
		answer_error(request, 404, NULL, "There is nothing here.");
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

bool own_begin(
	struct request *request, const struct target *target, const struct http_options *options)
{
	const char *method = request->method ? request->method->name : "";
	bool of_server = strcmp(method, "OPTIONS") == 0;

	if (strcmp(method, "PROPFIND") == 0)
		request->principal = principal_of(request->arena, &request->path);
	if (!of_server && !request->principal) {
		answer_own(request, target, options);
		return false;
	}
	/* Who may see the root may see principals: then nobody can be asked who could not be anyway. */
	request->path = (struct path){.collection = true};
	return true;
}
