#include "http/steps.h"

#include "auth/auth.h"
#include "auth/proof.h"
#include "auth/refusals.h"
#include "base/loop.h"
#include "dav/checksum.h"
#include "dav/dav.h"
#include "dav/method.h"
#include "dav/part.h"
#include "dav/slot.h"
#include "http/connection.h"
#include "http/tally.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { IGNORED_MAX = 64 << 10, SELECTED_AGAIN = 8 };

static enum step_result identify(struct connection *connection);
static enum step_result authorize(struct request *request, struct tx *tx);
static enum step_result confirm(struct connection *connection);
static enum step_result body(struct connection *connection);
static enum step_result commit(struct connection *connection);
static enum step_result select_content(struct request *request, struct tx *tx);
static enum step_result digest(struct connection *connection);

/*
 * One of the two: `run` is the HTTP loop's own; `in_store` reads in a transaction, on the loop when the store answers at once, on
 * the pool when it may block, and so never touches the connection.
 */
static const struct step {
	const char *name;
	enum step_result (*run)(struct connection *connection);
	enum step_result (*in_store)(struct request *request, struct tx *tx);
	bool (*due)(const struct request *request); /* NULL: always */
} steps[] = {
	{"identify", identify, NULL, NULL},
	{"authorize", NULL, authorize, NULL},
	{"confirm", confirm, NULL, NULL},
	{"admit", NULL, dav_admit, dav_admits},
	{"body", body, NULL, NULL},
	{"commit", commit, NULL, NULL},
	{"select", NULL, select_content, NULL},
	{"digest", digest, NULL, NULL},
};

enum { STEPS = sizeof(steps) / sizeof(*steps) };

static enum step_result in_transaction(struct connection *connection, const struct step *step)
{
	struct request *request = &connection->request;
	struct tx *tx;
	int error = store_glance_begin(request->dav->store, &tx);
	enum step_result result;

	if (error < 0)
		return answer_errno(request, error);
	result = step->in_store(request, tx);
	if (request->basis)
		store_basis_add(request->basis, tx);
	store_read_end(tx);
	return result;
}

static void on_pool(void *arg)
{
	struct connection *connection = arg;

	connection->held_result = in_transaction(connection, &steps[connection->step - 1]);
}

static void from_pool(void *arg)
{
	struct connection *connection = arg;

	connection->held = false;
	connection_wake(connection, connection->held_result);
}

static enum step_result run(struct connection *connection, const struct step *step)
{
	if (step->due && !step->due(&connection->request))
		return STEP_NEXT;
	if (step->run)
		return step->run(connection);
	if (!store_may_block(connection->request.dav->store))
		return in_transaction(connection, step);
	connection->held = true;
	loop_work(connection->worker->loop, on_pool, from_pool, connection);
	return STEP_WAIT;
}

enum step_result steps_run(struct connection *connection, enum step_result result)
{
	while (result == STEP_NEXT) {
		assert(connection->step < STEPS);
		result = run(connection, &steps[connection->step++]);
	}
	if (result == STEP_ANSWER)
		refusals_count(&connection->request);
	return result;
}

static enum step_result identify(struct connection *connection)
{
	return auth_identify(&connection->request);
}

static enum step_result authorize(struct request *request, struct tx *tx)
{
	struct walk walk;
	enum step_result result = dav_look(request, tx, &walk);

	if (result == STEP_NEXT && !request->by_link)
		result = auth_verify(request, tx);
	if (result == STEP_NEXT)
		result = refusals_limit(request);
	if (result == STEP_NEXT)
		result = dav_authorize(request, tx, &walk);
	/* Who has proven it already needs no second look. */
	return result == STEP_NEXT && request->proven && dav_admits(request)
		       ? dav_admit(request, tx)
		       : result;
}

/* XEP-0129: an upload that may be asked for by a HEAD or OPTIONS before it. */
static bool creates(const struct request *request)
{
	const char *none = request_header(request, "If-None-Match");

	return strcmp(request->method->name, "PUT") == 0 && none && strcmp(none, "*") == 0;
}

static enum step_result confirm(struct connection *connection)
{
	struct request *request = &connection->request;
	struct worker *worker = connection->worker;
	struct proof *proof;

	if (!request->claimed || request->proven)
		return STEP_NEXT;
	connection->ticket = worker_ticket(worker, connection);
	proof = proof_new(connection->ticket, worker->verdicts);
	proof->jid = jid_dup(proof->arena, &request->claim);
	proof->transaction_id = arena_strdup(proof->arena, request->transaction_id);
	proof->method = request->method->name;
	proof->url = arena_strdup(proof->arena, request->url);
	proof->address = arena_strdup(proof->arena, request->address);
	if (request->subject.name)
		proof->name = arena_strdup(proof->arena, request->subject.name);
	if (request->subject.owner)
		proof->owner = arena_strdup(proof->arena, request->subject.owner);
	proof->size = request->subject.size;
	proof->creates = creates(request);
	prover_post(worker->options->prover, proof);
	tally_pause(connection);
	return STEP_WAIT;
}

static enum step_result judge(struct request *request, enum verdict verdict, uint64_t wait)
{
	request->refused = verdict == VERDICT_NO || verdict == VERDICT_UNANSWERED;
	switch (verdict) {
	case VERDICT_YES:
		auth_confirmed(request);
		return STEP_NEXT;
	case VERDICT_NO:
		return answer_error(
			request, 403, NULL, "You were asked over XMPP, and this was refused.");
	case VERDICT_UNANSWERED:
		return answer_error(request, 403, NULL,
			"You were asked over XMPP, and no answer came. Is a client of yours "
			"online?");
	case VERDICT_UNAVAILABLE:
		answer_error(request, 503, NULL,
			"Nobody can be asked over XMPP at the moment. Try again in a while.");
		break;
	case VERDICT_LIMITED:
		return answer_limited(request, wait,
			"You were not asked: there were too many such requests, or you have "
			"refused one lately. Try again in a while.");
	case VERDICT_DUPLICATE:
		answer_error(
			request, 429, NULL, "The same request is waiting for its confirmation.");
		break;
	}
	answer_header(request, "Retry-After", "10");
	return STEP_ANSWER;
}

void steps_verdicts(void *arg, struct message *list)
{
	struct worker *worker = arg;

	while (list) {
		struct proof *proof = (struct proof *)list;
		struct connection *connection = worker_ticket_take(worker, proof->ticket);
		enum verdict verdict = proof->verdict;
		uint64_t wait = proof->wait;

		list = list->next;
		proof_free(proof);
		if (!connection)
			continue;
		connection->ticket = 0;
		tally_confirmed(connection);
		connection_wake(connection, judge(&connection->request, verdict, wait));
	}
}

void steps_abandon(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct proof *proof;

	if (!connection->ticket)
		return;
	worker_ticket_take(worker, connection->ticket);
	proof = proof_new(connection->ticket, worker->verdicts);
	proof->cancel = true;
	prover_post(worker->options->prover, proof);
	connection->ticket = 0;
}

/* ---- the body ---- */

static void finished(void *arg, int result)
{
	struct connection *connection = arg;

	connection_wake(
		connection, result < 0 ? answer_errno(&connection->request, result) : STEP_NEXT);
}

static void written(void *arg, int result)
{
	struct connection *connection = arg;

	if (result < 0) {
		connection_wake(connection, answer_errno(&connection->request, result));
		return;
	}
	connection->phase = PHASE_BODY;
	connection_advance(connection);
}

static enum step_result take_content(struct connection *connection, const char *data, size_t size)
{
	struct request *request = &connection->request;
	int result;

	uint64_t length = upload_length(request->upload) + size;

	if (length > request->dav->max_file_size)
		return answer_errno(request, -EFBIG);
	if (request->slot && slot_check_length(request, length) == STEP_ANSWER)
		return STEP_ANSWER;
	if (length > request->room)
		return answer_errno(request, -EDQUOT);
	result = upload_write(request->upload, data, size, written, connection);
	if (result < 0)
		return answer_errno(request, result);
	if (result == 1)
		connection->phase = PHASE_STEPS;
	return STEP_WAIT;
}

enum step_result steps_take_body(struct connection *connection, const char *data, size_t size)
{
	struct request *request = &connection->request;

	if (request->method->body == METHOD_BODY_CONTENT)
		return take_content(connection, data, size);
	connection->discarded += size;
	if (request->method->body == METHOD_BODY_XML) {
		if (request->xml.len + size > request->dav->limits.xml_body)
			return answer_errno(request, -EFBIG);
		buf_append(&request->xml, data, size);
	} else if (connection->discarded > IGNORED_MAX) {
		return answer_errno(request, -EFBIG);
	}
	return STEP_WAIT;
}

enum step_result steps_end_body(struct connection *connection)
{
	struct request *request = &connection->request;
	int result = 0;

	tally_resume(connection);
	if (request->upload)
		result = upload_finish(request->upload, finished, connection);
	if (result < 0)
		return answer_errno(request, result);
	return result == 1 ? STEP_WAIT : STEP_NEXT;
}

/* Only now, with the right given and the person's yes, is a client told to send what it holds back (RFC 9110, 10.1.1). */
static enum step_result body(struct connection *connection)
{
	struct request *request = &connection->request;
	enum method_body policy = request->method->body;
	int error;

	if (policy == METHOD_BODY_CONTENT) {
		error = upload_open(request->dav->store, connection->worker->loop,
			request->content_length, &request->upload);
		if (error < 0)
			return answer_errno(request, error);
		upload_want_digests(request->upload, checksum_kinds(request));
		if (request->part)
			upload_in_parts(request->upload, request->claim.bare, request->part->path,
				request->part->total,
				request->part->resumes ? &request->part->partial : NULL);
	} else if (request->content_length > (int64_t)request->dav->limits.xml_body) {
		return answer_errno(request, -EFBIG);
	}
	if (!request->has_body)
		return steps_end_body(connection);
	if (connection->continue_due && connection->in.len == 0)
		buf_puts(&connection->out, "HTTP/1.1 100 Continue\r\n\r\n");
	connection->continue_due = false;
	connection->phase = PHASE_BODY;
	tally_pause(connection);
	return STEP_WAIT;
}

/* ---- what the method does ---- */

static enum step_result commit(struct connection *connection)
{
	if (!connection->request.method->commit)
		return STEP_NEXT;
	connection->held = true;
	dav_commit(&connection->request, connection->worker->changes);
	return STEP_WAIT;
}

void steps_changes(void *arg, struct message *list)
{
	while (list) {
		struct message *next = list->next;
		struct request *request = dav_committed(list);
		struct connection *connection =
			(struct connection *)((char *)request -
					      offsetof(struct connection, request));

		list = next;
		connection->held = false;
		connection_wake(connection, STEP_ANSWER);
	}
}

/* Content that was replaced while it was being looked up is looked up again. */
static enum step_result select_content(struct request *request, struct tx *tx)
{
	enum step_result result = dav_select(request, tx);

	for (int i = 0; result == STEP_NEXT && i < SELECTED_AGAIN; i++) {
		int error;

		store_read_end(tx);
		error = store_read_begin(request->dav->store, &tx);
		result = error < 0 ? answer_errno(request, error) : dav_select(request, tx);
	}
	if (result == STEP_NEXT)
		return answer_errno(request, -ESTALE);
	return request->answer.digest_due ? STEP_NEXT : result;
}

static void digest_on_pool(void *arg)
{
	struct connection *connection = arg;

	connection->held_error = checksum_find(&connection->request);
}

static void digest_from_pool(void *arg)
{
	struct connection *connection = arg;

	connection->held = false;
	if (connection->held_error == 1 && connection->phase != PHASE_CLOSED) {
		digest(connection);
		return;
	}
	if (connection->held_error < 0)
		answer_errno(&connection->request, connection->held_error);
	else if (connection->held_error == 0)
		checksum_found(&connection->request);
	connection_wake(connection, STEP_ANSWER);
}

/* Large content whose digest is asked for is read through once, on the pool, in as many turns as it takes. */
static enum step_result digest(struct connection *connection)
{
	connection->held = true;
	loop_work(connection->worker->loop, digest_on_pool, digest_from_pool, connection);
	return STEP_WAIT;
}
