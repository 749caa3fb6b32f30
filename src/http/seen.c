#include "http/seen.h"

#include "base/text.h"
#include "http/connection.h"
#include "http/target.h"
#include "xmpp/survey.h"
#include "xmpp/xmpp.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { GOOD_FOR = 60 /* seconds */ };

/* The beginning of the last one's proof whose head came with a body to follow: whether a proxy keeps the head back until it has the body. */
static _Atomic uint64_t last_upload;

static void mac(
	const unsigned char *secret, const char *what, const char *told, char out[SHA256_HEX])
{
	char text[SEEN_TEXT];
	int length = snprintf(text, sizeof(text), "%s %s", what, told);

	hmac_hex(out, secret, STORE_SECRET, text, (size_t)length);
}

void seen_sign(const unsigned char *secret, char field[SEEN_TEXT], char answer[SHA256_HEX])
{
	char id[RANDOM_ID], told[SEEN_TEXT / 2], proof[SHA256_HEX];

	random_id(id);
	snprintf(told, sizeof(told), "%" PRId64 "-%s", (int64_t)time(NULL), id);
	mac(secret, "check", told, proof);
	mac(secret, "answer", told, answer);
	snprintf(field, SEEN_TEXT, "%s-%s", told, proof);
}

/* Whether who asks knows the store's secret; answer is ours then. */
static bool is_signed(const unsigned char *secret, const char *field, char answer[SHA256_HEX])
{
	const char *last = field ? strrchr(field, '-') : NULL;
	char told[SEEN_TEXT / 2], proof[SHA256_HEX];
	int64_t age;

	if (!last || (size_t)(last - field) >= sizeof(told))
		return false;
	memcpy(told, field, (size_t)(last - field));
	told[last - field] = '\0';
	age = (int64_t)time(NULL) - strtoll(told, NULL, 10);
	mac(secret, "check", told, proof);
	mac(secret, "answer", told, answer);
	return age >= -GOOD_FOR && age <= GOOD_FOR && text_equal_secret(proof, last + 1);
}

static const char *word(enum survey_answer answer)
{
	return answer == SURVEY_YES ? "yes" : answer == SURVEY_NO ? "no" : "unknown";
}

static void put_xmpp(struct buf *out, const struct http_options *options)
{
	struct survey_found found = survey_look(options->survey);

	buf_printf(out, "xmpp: %s\nlisted: %s\nreached: %s\n",
		xmpp_is_up(options->xmpp) ? "up" : "down", word(found.listed), word(found.reached));
	if (found.has_time)
		buf_printf(out, "ahead: %" PRId64 "\n", found.ahead);
}

static void put_fields(struct buf *out, const struct request *request)
{
	static const char *const names[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
		"X-Forwarded-Proto", "X-Real-IP", "Via"};

	buf_puts(out, "fields:");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (request_header(request, names[i]))
			buf_printf(out, " %s", names[i]);
	buf_puts(out, "\n");
}

static void put_peer(struct buf *out, const struct connection *connection)
{
	struct sockaddr_storage peer = {0};
	socklen_t length = sizeof(peer);
	char text[ADDRESS_TEXT] = "";

	if (getpeername(connection->fd, (struct sockaddr *)&peer, &length) == 0)
		address_port_text((struct sockaddr *)&peer, text);
	buf_printf(out, "peer: %s\n", text);
}

bool seen_answer(struct connection *connection, const struct target *target,
	const struct forwarded *forwarded)
{
	const struct http_options *options = connection->worker->options;
	struct request *request = &connection->request;
	const char *host = forwarded->host ? forwarded->host : request_header(request, "Host");
	struct buf *out = &request->answer.bytes;
	char proof[SHA256_HEX];

	if (strcmp(connection->head.target, SEEN_PATH) != 0 ||
		!is_signed(store_secret(request->dav->store), request_header(request, SEEN_FIELD),
			proof))
		return false;
	answer_begin(request, 200);
	request->answer.kind = ANSWER_BYTES;
	answer_header(request, "Content-Type", "text/plain; charset=utf-8");
	buf_printf(out, "check: %s\n", proof);
	put_peer(out, connection);
	buf_printf(out, "address: %s\nhost: %s\nours: %s\nscheme: %s\ntrusted: %s\n",
		request->address, host ? host : "", target->foreign ? "no" : "yes",
		forwarded->scheme ? forwarded->scheme : "",
		address_in(connection->peer, options->trusted_proxies) ? "yes" : "no");
	put_fields(out, request);
	buf_printf(out, "upload: %016" PRIx64 "\n", atomic_load(&last_upload));
	if (request->has_body)
		atomic_store(
			&last_upload, strtoull(arena_strndup(request->arena, proof, 16), NULL, 16));
	put_xmpp(out, options);
	survey_ask(options->survey);
	return true;
}
