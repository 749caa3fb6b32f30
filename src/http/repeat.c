#include "http/repeat.h"

#include "base/siphash.h"
#include "dav/method.h"
#include "http/connection.h"
#include "http/response.h"
#include "http/tally.h"

#include <stdlib.h>
#include <string.h>

enum {
	PLACES = 512,          /* a power of two */
	REQUEST_MAX = 2 << 10, /* bytes, as all below */
	CONTENT_MAX = 16 << 10,
	USUAL_TEXTS = 512,
};

/* A request whose answer may be kept, in its arena. */
struct expected {
	struct basis basis; /* first: what struct request has of it */
	uint64_t hash;
	size_t length; /* bytes */
	char head[];
};

/* In an arena of its own. */
struct repeat {
	struct arena *arena;
	struct basis basis;
	uint64_t hash;
	char *asked; /* the head as it came: a secret */
	size_t asked_length;
	const char *peer;

	const char *answered; /* the head of the answer */
	size_t answered_length;
	struct content content;
	struct fetched fetched;

	/* What the log tells. */
	const struct method *method;
	const char *url, *address, *agent;
	bool proven;
	struct jid claim;
};

struct repeats {
	struct siphash_key key;
	struct repeat *places[PLACES];
};

static struct repeat **place_of(struct repeats *repeats, uint64_t hash)
{
	return &repeats->places[hash % PLACES];
}

static void drop(struct repeat **place)
{
	struct repeat *repeat = *place;

	if (!repeat)
		return;
	*place = NULL;
	store_content_close(&repeat->content);
	explicit_bzero(repeat->asked, repeat->asked_length);
	arena_free(repeat->arena);
}

void repeats_free(struct worker *worker)
{
	for (size_t i = 0; worker->repeats && i < PLACES; i++)
		drop(&worker->repeats->places[i]);
	free(worker->repeats);
	worker->repeats = NULL;
}

/* All that has come is one head, as it seems, of a request that could have been answered before. */
static bool is_candidate(const struct buf *in)
{
	return in->len > 8 && in->len <= REQUEST_MAX && memcmp(in->data, "GET ", 4) == 0 &&
	       memcmp(in->data + in->len - 4, "\r\n\r\n", 4) == 0;
}

/* ---- what is kept ---- */

void repeat_expect(struct connection *connection, size_t length)
{
	struct worker *worker = connection->worker;
	struct request *request = &connection->request;
	const struct buf *in = &connection->in;
	struct expected *expected;

	if (connection->watching || length != in->len || !is_candidate(in))
		return;
	if (!worker->repeats) {
		worker->repeats = calloc(1, sizeof(*worker->repeats));
		if (!worker->repeats)
			abort();
		siphash_key_make(&worker->repeats->key);
	}
	expected = arena_alloc(request->arena, sizeof(*expected) + length);
	store_basis_begin(&expected->basis);
	expected->hash = siphash(&worker->repeats->key, in->data, length);
	expected->length = length;
	memcpy(expected->head, in->data, length);
	request->basis = &expected->basis;
}

/* The whole content of a file, in memory, for whoever has an app password, or for anybody. Other proofs are used up, or a person's. */
static bool may_come_again(const struct connection *connection)
{
	const struct request *request = &connection->request;
	const struct answer *answer = &request->answer;

	return connection->keep_alive && !connection->head.http_1_0 && !connection->head.has_body &&
	       (request->by_link || (request->proven && request->password && !request->guessed)) &&
	       !request->slot && answer->status == 200 && answer->kind == ANSWER_CONTENT &&
	       answer->content.held && answer->piece_count == 0 && answer->offset == 0 &&
	       answer->length == answer->content.length && answer->length <= CONTENT_MAX;
}

void repeat_keep(struct connection *connection)
{
	const struct request *request = &connection->request;
	const struct expected *expected = (const struct expected *)request->basis;
	const struct buf *out = &connection->out;
	struct repeat **place, *repeat;
	struct arena *arena;

	if (!expected || connection->sent > 0 || !may_come_again(connection) ||
		!store_basis_holds(request->dav->store, request->basis))
		return;
	place = place_of(connection->worker->repeats, expected->hash);
	drop(place);
	arena = arena_new_small(sizeof(*repeat) + expected->length + out->len + USUAL_TEXTS);
	repeat = arena_alloc(arena, sizeof(*repeat));
	*repeat = (struct repeat){
		.arena = arena,
		.basis = expected->basis,
		.hash = expected->hash,
		.asked = arena_strndup(arena, expected->head, expected->length),
		.asked_length = expected->length,
		.peer = arena_strdup(arena, connection->peer),
		.answered = arena_strndup(arena, out->data, out->len),
		.answered_length = out->len,
		.content = store_content_share(&request->answer.content),
		.fetched = request->answer.fetched,
		.method = request->method,
		.url = arena_strdup(arena, request->url),
		.address = arena_strdup(arena, request->address),
		.agent = request->agent ? arena_strdup(arena, request->agent) : NULL,
		.proven = request->proven,
	};
	if (repeat->proven)
		repeat->claim = jid_dup(arena, &request->claim);
	*place = repeat;
}

/* ---- and comes again ---- */

/* NULL: there is none, or none any more. */
static const struct repeat *find(struct connection *connection)
{
	struct repeats *repeats = connection->worker->repeats;
	const struct buf *in = &connection->in;
	struct repeat **place, *repeat;
	uint64_t hash;

	if (!repeats || connection->out.len > 0 || connection->worker->stopping ||
		!is_candidate(in))
		return NULL;
	hash = siphash(&repeats->key, in->data, in->len);
	place = place_of(repeats, hash);
	repeat = *place;
	if (!repeat || repeat->hash != hash || repeat->asked_length != in->len ||
		memcmp(repeat->asked, in->data, in->len) != 0 ||
		strcmp(repeat->peer, connection->peer) != 0)
		return NULL;
	if (store_basis_holds(connection->worker->options->dav->store, &repeat->basis))
		return repeat;
	drop(place);
	return NULL;
}

bool repeat_answer(struct connection *connection)
{
	struct request *request = &connection->request;
	const struct repeat *repeat = find(connection);

	if (!repeat)
		return false;
	request_begin(request, connection->worker->options->dav);
	connection->begun = true;
	connection->keep_alive = true;
	connection->last_page = true;
	connection->scanned = 0;
	connection->head = (struct head){.method = repeat->method->name, .keep_alive = true};
	request->method = repeat->method;
	request->url = arena_strdup(request->arena, repeat->url);
	strcpy(request->address, repeat->address);
	if (repeat->agent)
		request->agent = arena_strdup(request->arena, repeat->agent);
	request->proven = repeat->proven;
	request->claimed = repeat->proven;
	if (repeat->proven)
		request->claim = jid_dup(request->arena, &repeat->claim);
	request->by_link = !repeat->proven;
	request->answer.status = 200;
	request->answer.kind = ANSWER_CONTENT;
	request->answer.content = store_content_share(&repeat->content);
	request->answer.length = repeat->content.length;
	request->answer.fetched = repeat->fetched;
	response_again(connection, repeat->answered, repeat->answered_length);
	buf_consume(&connection->in, connection->in.len);
	connection->phase = PHASE_RESPOND;
	tally_answered(connection);
	return true;
}
