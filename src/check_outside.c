/* The way that users take, and whatever proxy stands there. */
#include "check.h"

#include "base/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CLOCK_OFF = 5,        /* seconds */
	CONTINUE_TIME = 3000, /* milliseconds, as below */
	STREAM_TIME = 2000,
	REFUSAL_TIME = 1500,
	STREAM_LENGTH = 4 << 20, /* bytes, more than a proxy keeps by the way */
	STREAM_SENT = 64 << 10,
};

static const char forged[] = "192.0.2.77";

/* ---- what a proxy tells of who asks ---- */

static void tell_stranger(struct check *check, int seen, struct probe_answer *answer)
{
	char server[64] = "";

	if (seen < 0) {
		check_say(check, CHECK_WRONG, "ours", "base-url gives no answer: %s",
			strerror(-seen));
		return;
	}
	probe_field(answer, "Server", server, sizeof(server));
	if (answer->status == 502 || answer->status == 504)
		check_say(check, CHECK_WRONG, "ours",
			"the proxy answers %d: it does not reach the daemon. It is to pass on to "
			"http%s://%s",
			answer->status, check->straight.tls ? "s" : "",
			check->config->http.listen[0]);
	else if (answer->status == 400)
		check_say(check, CHECK_WRONG, "ours",
			"it is answered 400: the proxy says in two ways for whom it asks, or "
			"leaves "
			"a client's own words. It is to set X-Forwarded-For, -Host and -Proto and "
			"to "
			"remove Forwarded, or the other way round");
	else
		check_say(check, CHECK_WRONG, "ours",
			"base-url is answered (%d%s%s) by something that is not this daemon: look "
			"where the name leads, and what the proxy passes on",
			answer->status, *server ? ", " : "", server);
	probe_answer_free(answer);
}

static void tell_host(struct check *check, const struct probe_answer *answer)
{
	const char *host = check_told(check, answer, "host");

	if (strcmp(check_told(check, answer, "ours"), "yes") == 0)
		check_say(check, CHECK_OK, "host", "the daemon is asked for as %s", host);
	else
		check_say(check, CHECK_WRONG, "host",
			"the daemon is asked for as %s and not as %s (421): the proxy is to pass "
			"Host on, or to set X-Forwarded-Host and be in trusted-proxies",
			host, check->host);
}

static void tell_scheme(struct check *check, const struct probe_answer *answer)
{
	const char *scheme = check_told(check, answer, "scheme");

	if (*scheme && strcmp(scheme, check->base.scheme) != 0)
		check_say(check, CHECK_WRONG, "scheme",
			"the proxy says that clients ask by %s, and base-url has %s: set "
			"X-Forwarded-Proto to what the client uses",
			scheme, check->base.scheme);
	else
		check_say(check, CHECK_OK, "scheme",
			*scheme ? "%s" : "%s, as nobody says otherwise", check->base.scheme);
}

/* Without the port. */
static const char *alone(struct check *check, const char *address_port)
{
	struct sockaddr_storage address;
	char *text = arena_alloc(check->arena, ADDRESS_TEXT);

	*text = '\0';
	if (address_parse(address_port, &address) == 0)
		address_text((struct sockaddr *)&address, text);
	return text;
}

static void tell_address(struct check *check, const struct probe_answer *answer, const char *local)
{
	const char *address = check_told(check, answer, "address"),
		   *peer = alone(check, check_told(check, answer, "peer")),
		   *fields = check_told(check, answer, "fields");

	if (strcmp(check_told(check, answer, "trusted"), "no") == 0)
		check_say(check, CHECK_WRONG, "client address",
			"all clients seem to ask from the proxy, %s: set trusted-proxies = %s, or "
			"limits count them as one",
			peer, peer);
	else if (strcmp(address, forged) == 0)
		check_say(check, CHECK_WRONG, "client address",
			"the proxy passes on what a client says of itself, so anybody may pretend "
			"any address: it is to set X-Forwarded-For, as nginx does by "
			"proxy_set_header X-Forwarded-For $remote_addr");
	else if (strcmp(address, peer) == 0 && strcmp(address, alone(check, local)) != 0)
		check_say(check, CHECK_WRONG, "client address",
			"the proxy %s is trusted and does not say for whom it asks: it is to set "
			"X-Forwarded-For or Forwarded (it sets:%s%s)",
			peer, *fields ? " " : " nothing", fields);
	else
		check_say(check, CHECK_OK, "client address", "%s asks for %s", peer, address);
}

/* False: it is not our daemon that answers there, or it answers nobody who comes that way. */
static bool look_at_proxy(struct check *check)
{
	struct probe_answer answer;
	char local[ADDRESS_TEXT];
	int seen = check_see(check, &check->outside, "", &answer, local);
	bool direct, ours;

	if (seen != 1) {
		tell_stranger(check, seen, &answer);
		return false;
	}
	check_say(check, CHECK_OK, "ours", "base-url leads to this daemon");
	direct = strcmp(check_told(check, &answer, "peer"), local) == 0;
	ours = strcmp(check_told(check, &answer, "ours"), "yes") == 0;
	tell_host(check, &answer);
	tell_scheme(check, &answer);
	probe_answer_free(&answer);
	if (direct) {
		check_say(check, CHECK_OK, "client address", "nothing stands in between");
		return ours;
	}
	/* What a client says of itself must not count. */
	seen = check_see(check, &check->outside,
		arena_join(check->arena, "X-Forwarded-For: ", forged, "\r\n", NULL), &answer,
		local);
	if (seen == 1)
		tell_address(check, &answer, local);
	else
		tell_stranger(check, seen, &answer);
	if (seen == 1)
		probe_answer_free(&answer);
	return ours && seen == 1;
}

static void look_at_clock(struct check *check)
{
	struct probe_answer answer;
	char date[64];
	int64_t then, off;

	if (check_ask(check, &check->outside, "OPTIONS", "/", "", NULL, &answer, NULL) < 0)
		return;
	probe_field(&answer, "Date", date, sizeof(date));
	probe_answer_free(&answer);
	if (http_date_parse(date, &then) < 0) {
		check_say(check, CHECK_UNSEEN, "clock", "answers have no Date");
		return;
	}
	off = then - (int64_t)time(NULL);
	if (off > CLOCK_OFF || off < -CLOCK_OFF)
		check_say(check, CHECK_WRONG, "clock",
			"answers are dated %" PRId64
			" s away from our clock: set the proxy's by NTP",
			off);
	else
		check_say(check, CHECK_OK, "clock", "answers are dated by ours");
}

/* ---- what a proxy lets through ---- */

/* The status, or negative errno. */
static int status_of(struct check *check, const struct way *way, const char *method,
	const char *target, const char *fields, const char *body)
{
	struct probe_answer answer;
	int error = check_ask(check, way, method, target,
		arena_join(check->arena, check_credentials(check), fields, NULL), body, &answer,
		NULL);
	int status = error < 0 ? error : answer.status;

	if (error == 0)
		probe_answer_free(&answer);
	return status;
}

static const char *said(struct check *check, int status)
{
	return status < 0 ? strerror(-status) : arena_printf(check->arena, "%d", status);
}

/* Of a file that is there. False: who asks is not known behind the proxy. */
static bool look_at_propfind(struct check *check)
{
	int status =
		status_of(check, &check->outside, "PROPFIND", check->name, "Depth: 0\r\n", NULL);

	if (status == 207)
		check_say(check, CHECK_OK, "PROPFIND", "it is let through");
	else if (status == 401)
		check_say(check, CHECK_WRONG, "credentials",
			"a good app password is answered 401: the proxy is to pass Authorization "
			"on");
	else
		check_say(check, CHECK_WRONG, "PROPFIND",
			"it is answered %s: the proxy is to let all methods of WebDAV through",
			said(check, status));
	return status != 401;
}

static void look_at_move(struct check *check, const char *moved)
{
	const char *to = arena_join(
		check->arena, "Destination: ", check->config->http.base_url, moved, "\r\n", NULL);
	int status = status_of(check, &check->outside, "MOVE", check->name, to, NULL);

	if (status == 201)
		check_say(check, CHECK_OK, "MOVE", "it is let through, and Destination with it");
	else
		check_say(check, CHECK_WRONG, "MOVE",
			status == 400 || status == 502
				? "it is answered %s: what the proxy makes of Destination or Host "
				  "is no URL of ours. It is to leave Destination as it is and to "
				  "pass Host on"
				: "it is answered %s: the proxy is to let all methods of WebDAV "
				  "through",
			said(check, status));
}

/* False: credentials do not come through. */
static bool look_at_methods(struct check *check)
{
	const char *moved = arena_join(check->arena, check->name, "-moved", NULL);
	int status = status_of(check, &check->straight, "PUT", check->name, "", "hello");
	bool known = true;

	if (status != 201) {
		check_say(check, CHECK_UNSEEN, "MOVE", "no file could be made: PUT is answered %s",
			said(check, status));
		return true;
	}
	known = look_at_propfind(check);
	if (known)
		look_at_move(check, moved);
	status_of(check, &check->straight, "DELETE", check->name, "", NULL);
	status_of(check, &check->straight, "DELETE", moved, "", NULL);
	return known;
}

static void send_some(struct probe *probe, size_t length)
{
	static const char bytes[4096];

	for (; length >= sizeof(bytes); length -= sizeof(bytes))
		if (probe_send(probe, bytes, sizeof(bytes)) < 0)
			return;
}

/* Sends a head and `sent` bytes of a body of `length`; the probe waits for what comes then. NULL: it did not get that far. */
static struct probe *begin_upload(
	struct check *check, const char *target, const char *fields, uint64_t length, size_t sent)
{
	const struct way *way = &check->outside;
	struct buf out = {0};
	struct probe *probe;
	char error[256];

	if (probe_open(&probe, (const struct sockaddr *)&way->address,
		    *way->source ? way->source : NULL, way->tls, error, sizeof(error)) < 0)
		return NULL;
	buf_printf(&out, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %" PRIu64 "\r\n%s\r\n",
		target, check->host, length, fields);
	probe_send(probe, out.data, out.len);
	send_some(probe, sent);
	buf_free(&out);
	return probe;
}

/* Whether large files come through. */
static bool look_at_size(struct check *check)
{
	uint64_t most = check->config->limits.max_file_size;
	struct probe *probe = begin_upload(check, check->name,
		arena_join(
			check->arena, check_credentials(check), "Expect: 100-continue\r\n", NULL),
		most, 0);
	struct probe_answer answer;
	int error = probe ? probe_receive(probe, CONTINUE_TIME, &answer) : -ECONNREFUSED;
	bool waits = false, passed;

	/* Apache looks at the length when it reads the first of the body. */
	if (error == 0 && answer.status == 100) {
		probe_answer_free(&answer);
		waits = true;
		send_some(probe, STREAM_SENT);
		error = probe_receive(probe, REFUSAL_TIME, &answer);
	}

	if (error == -ETIMEDOUT && waits)
		check_say(check, CHECK_OK, "body size", "files of %" PRIu64 " MiB are let through",
			most >> 20);
	else if (error == -ETIMEDOUT)
		check_say(check, CHECK_WRONG, "100 Continue",
			"who asks before sending a file gets no answer: the proxy is to pass on "
			"Expect: 100-continue, or to answer it");
	else if (error < 0)
		check_say(check, CHECK_WRONG, "body size", "an upload is cut off: %s",
			strerror(-error));
	else if (answer.status == 413)
		check_say(check, CHECK_WRONG, "body size",
			"a file of max-file-size, %" PRIu64
			" MiB, is refused by the proxy (413): in nginx client_max_body_size 0",
			most >> 20);
	else if (answer.status == 507)
		check_say(check, CHECK_OK, "body size",
			"files of %" PRIu64
			" MiB are let through, but the disk has no room for that",
			most >> 20);
	else
		check_say(check, CHECK_WRONG, "body size",
			"an upload of max-file-size is answered %d", answer.status);
	passed = error == 0 ? answer.status == 507 : waits && error == -ETIMEDOUT;
	if (error == 0)
		probe_answer_free(&answer);
	probe_close(probe);
	return passed;
}

/* Whether the daemon has been shown the head of this upload. */
static bool has_begun(struct check *check, const char *proof)
{
	struct probe_answer answer;
	bool begun = false;

	if (check_see(check, &check->straight, "", &answer, NULL) < 0)
		return false;
	begun = strncmp(check_told(check, &answer, "upload"), proof, 16) == 0;
	probe_answer_free(&answer);
	return begun;
}

static void look_at_buffering(struct check *check)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	char field[SEEN_TEXT], proof[SHA256_HEX];
	struct probe *probe;
	bool begun = false;

	seen_sign(check->secret, field, proof);
	probe = begin_upload(check, SEEN_PATH,
		arena_join(check->arena, SEEN_FIELD ": ", field, "\r\n", NULL), STREAM_LENGTH,
		STREAM_SENT);
	for (int i = 0; probe && !begun && i < STREAM_TIME / 100; i++) {
		begun = has_begun(check, proof);
		if (!begun)
			nanosleep(&pause, NULL);
	}
	probe_close(probe);
	if (begun)
		check_say(
			check, CHECK_OK, "request buffering", "uploads are passed on as they come");
	else
		check_say(check, CHECK_WRONG, "request buffering",
			"the proxy keeps an upload until it has all of it, on its own disk, and "
			"who "
			"may not upload learns it only then: in nginx proxy_request_buffering off");
}

void check_outside(struct check *check)
{
	check_name(check);
	if (!check->outside.works || !look_at_proxy(check)) {
		check_say(check, CHECK_UNSEEN, "uploads",
			"MOVE, sizes and buffering were not tried, as requests to base-url are not "
			"answered");
		return;
	}
	look_at_clock(check);
	if (!check->straight.works || !*check->jid) {
		check_say(check, CHECK_UNSEEN, "uploads",
			"without the daemon's own listener MOVE, sizes and buffering were not "
			"tried");
		return;
	}
	if (!look_at_methods(check))
		check_say(check, CHECK_UNSEEN, "uploads",
			"without credentials sizes and buffering were not tried");
	else if (look_at_size(check))
		look_at_buffering(check);
	else
		check_say(check, CHECK_UNSEEN, "request buffering",
			"large uploads are not let through");
	check_say(check, CHECK_UNSEEN, "read timeout",
		"a proxy is to wait longer than confirm-timeout, %" PRIu64
		" s, for an answer: in nginx proxy_read_timeout, in Apache ProxyTimeout",
		check->config->xmpp.confirm_timeout / 1000);
}
