#include "xmpp/confirm.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "xmpp/inside.h"
#include "xmpp/prompt.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOTS = 4096,        /* a power of two */
	PROMPTS_MAX = 65536, /* kept in all */
	REMEMBERED =
		120000, /* milliseconds for which an ended prompt still makes a bare "OK" ambiguous */
};

/* A prompt that waits, or one that has ended and is remembered. */
struct confirm {
	struct confirms *confirms;
	struct confirm *next; /* in its slot */
	struct arena *arena;
	struct question question;
	char id[RANDOM_ID]; /* the IQ's id, or the message's thread */
	bool by_message;
	bool waiting;
	uint64_t asked;      /* loop time */
	struct timer *timer; /* the answer's deadline, then the end of remembering */
	void (*answered)(void *arg, enum verdict verdict);
	void *arg;
};

struct confirms {
	struct xmpp *xmpp;
	struct loop *loop;
	uint64_t timeout;
	size_t count;
	struct confirm *slots
		[SLOTS]; /* by the bare JID that was asked: only from there can an answer come */
};

static struct confirm **slot_of(struct confirms *confirms, const char *bare)
{
	uint32_t hash = 2166136261u;

	for (; *bare; bare++)
		hash = (hash ^ (unsigned char)*bare) * 16777619u;
	return &confirms->slots[hash % SLOTS];
}

static void forget(struct confirm *confirm)
{
	struct confirm **at = slot_of(confirm->confirms, confirm->question.jid.bare);

	while (*at != confirm)
		at = &(*at)->next;
	*at = confirm->next;
	confirm->confirms->count--;
	timer_close(confirm->timer);
	arena_free(confirm->arena);
	free(confirm);
}

/* It waits no longer; it is remembered until two minutes after it was asked. */
static void end(struct confirm *confirm)
{
	uint64_t age = loop_now(confirm->confirms->loop) - confirm->asked;

	confirm->waiting = false;
	timer_start(confirm->timer, age < REMEMBERED ? REMEMBERED - age : 0);
}

static void answer(struct confirm *confirm, enum verdict verdict)
{
	static const char *const words[] = {"yes", "no", "unanswered", "unavailable", "duplicate"};

	assert(confirm->waiting);
	log_event(LOG_INFO, "confirm", "jid", confirm->question.jid.bare, "method",
		confirm->question.method, "url", confirm->question.url, "verdict", words[verdict],
		NULL);
	end(confirm);
	confirm->answered(confirm->arg, verdict);
}

void confirm_withdraw(struct confirm *confirm)
{
	end(confirm);
}

static void timed_out(void *arg)
{
	struct confirm *confirm = arg;

	if (confirm->waiting)
		answer(confirm, VERDICT_UNANSWERED);
	else
		forget(confirm);
}

/* 0 or negative errno. */
static int send_prompt(struct confirm *confirm)
{
	struct xmpp *xmpp = confirm->confirms->xmpp;
	struct buf out = {0};
	int error;

	if (confirm->by_message)
		prompt_message(
			&out, confirm->arena, xmpp_domain(xmpp), &confirm->question, confirm->id);
	else
		prompt_iq(&out, xmpp_domain(xmpp), &confirm->question, confirm->id);
	error = xmpp_send(xmpp, &out);
	buf_free(&out);
	return error;
}

static bool is_same(const struct question *a, const struct question *b)
{
	return jid_equal(&a->jid, &b->jid) && strcmp(a->transaction_id, b->transaction_id) == 0 &&
	       strcmp(a->method, b->method) == 0 && strcmp(a->url, b->url) == 0;
}

static struct confirm *make(struct confirms *confirms, const struct question *question)
{
	struct confirm *confirm = calloc(1, sizeof(*confirm));
	struct arena *arena;

	if (!confirm)
		abort();
	confirm->confirms = confirms;
	confirm->arena = arena = arena_new();
	confirm->question = (struct question){
		.jid = jid_dup(arena, &question->jid),
		.transaction_id = arena_strdup(arena, question->transaction_id),
		.method = arena_strdup(arena, question->method),
		.url = arena_strdup(arena, question->url),
		.address = arena_strdup(arena, question->address),
		.admits_more = question->admits_more,
	};
	random_id(confirm->id);
	confirm->by_message = jid_is_bare(&question->jid);
	confirm->asked = loop_now(confirms->loop);
	confirm->timer = timer_open(confirms->loop, timed_out, confirm);
	return confirm;
}

static void insert(struct confirm *confirm)
{
	struct confirm **slot = slot_of(confirm->confirms, confirm->question.jid.bare);

	confirm->next = *slot;
	*slot = confirm;
	confirm->confirms->count++;
}

struct confirm *confirm_ask(struct confirms *confirms, const struct question *question,
	void (*answered)(void *arg, enum verdict verdict), void *arg, enum verdict *refused)
{
	struct confirm *confirm;

	for (confirm = *slot_of(confirms, question->jid.bare); confirm; confirm = confirm->next)
		if (confirm->waiting && is_same(&confirm->question, question)) {
			*refused = VERDICT_DUPLICATE;
			return NULL;
		}
	*refused = VERDICT_UNAVAILABLE;
	if (confirms->count >= PROMPTS_MAX || !xmpp_is_up(confirms->xmpp))
		return NULL;
	confirm = make(confirms, question);
	confirm->answered = answered;
	confirm->arg = arg;
	insert(confirm);
	if (send_prompt(confirm) < 0) {
		forget(confirm);
		return NULL;
	}
	confirm->waiting = true;
	timer_start(confirm->timer, confirms->timeout);
	return confirm;
}

/* ---- who may answer ---- */

static void drop(const struct stanza *stanza, const char *reason)
{
	log_event(LOG_INFO, "answer-dropped", "from", stanza->from.bare, "reason", reason, NULL);
}

/* A full JID answers for itself; for a bare one each of its resources may. */
static bool may_answer(const struct confirm *confirm, const struct jid *from)
{
	if (jid_is_bare(&confirm->question.jid))
		return strcmp(confirm->question.jid.bare, from->bare) == 0;
	return jid_equal(&confirm->question.jid, from);
}

/* The waiting prompt with this id that whoever sends the stanza may answer. */
static struct confirm *find(
	struct confirms *confirms, const struct stanza *stanza, const char *id, bool by_message)
{
	struct confirm *confirm = *slot_of(confirms, stanza->from.bare);

	while (confirm &&
		!(confirm->waiting && confirm->by_message == by_message &&
			may_answer(confirm, &stanza->from) && text_equal_secret(confirm->id, id)))
		confirm = confirm->next;
	return confirm;
}

/* What it repeats of the question must be what was asked; it may leave it out. */
static bool repeats(const struct confirm *confirm, const struct xml_node *node)
{
	const struct question *question = &confirm->question;
	const struct {
		const char *name, *value;
	} parts[] = {{"id", question->transaction_id}, {"method", question->method},
		{"url", question->url}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const char *value = xml_attribute(node, parts[i].name);

		if (value && strcmp(value, parts[i].value) != 0)
			return false;
	}
	return true;
}

static const struct xml_node *confirm_element(const struct stanza *stanza)
{
	return xml_child(stanza->node, NS_HTTP_AUTH, "confirm");
}

enum refusal { REFUSES, CANNOT, UNREACHABLE };

/* RFC 6120, 8.3.3: the person says no, this client knows no prompts, or nobody is there. */
static enum refusal refusal_of(const struct stanza *stanza)
{
	const struct xml_node *error = xml_child(stanza->node, NS_COMPONENT, "error");

	if (error && (xml_child(error, NS_STANZAS, "not-authorized") ||
			     xml_child(error, NS_STANZAS, "forbidden")))
		return REFUSES;
	if (error && (xml_child(error, NS_STANZAS, "service-unavailable") ||
			     xml_child(error, NS_STANZAS, "feature-not-implemented")))
		return CANNOT;
	return UNREACHABLE;
}

static void take_iq_error(struct confirm *confirm, const struct stanza *stanza)
{
	switch (refusal_of(stanza)) {
	case REFUSES:
		answer(confirm, VERDICT_NO);
		break;
	case CANNOT:
		/* Perhaps a person sits there who can read a message. */
		confirm->by_message = true;
		random_id(confirm->id);
		if (send_prompt(confirm) < 0)
			answer(confirm, VERDICT_UNAVAILABLE);
		break;
	case UNREACHABLE:
		answer(confirm, VERDICT_UNANSWERED);
		break;
	}
}

void confirm_take_iq(struct confirms *confirms, const struct stanza *stanza)
{
	struct confirm *confirm = find(confirms, stanza, stanza->id, false);
	const struct xml_node *repeated = confirm_element(stanza);

	if (!confirm)
		drop(stanza, "no such prompt");
	else if (repeated && !repeats(confirm, repeated))
		drop(stanza, "another request");
	else if (strcmp(stanza->type, "error") == 0)
		take_iq_error(confirm, stanza);
	else if (strcmp(stanza->type, "result") == 0)
		answer(confirm, VERDICT_YES);
}

static const char *child_text(const struct stanza *stanza, const char *name)
{
	const struct xml_node *child = xml_child(stanza->node, NS_COMPONENT, name);

	return child ? xml_text(stanza->arena, child) : NULL;
}

/*
 * A word without a thread. It counts when it can mean one prompt only: the one whose identifier it names, or the only one that
 * went to that JID of late, ended ones included.
 */
static struct confirm *find_typed(
	struct confirms *confirms, const struct stanza *stanza, const struct typed *typed)
{
	struct confirm *found = NULL;
	uint64_t now = loop_now(confirms->loop);
	size_t count = 0;

	for (struct confirm *one = *slot_of(confirms, stanza->from.bare); one; one = one->next) {
		const char *id = one->question.transaction_id;

		if (strcmp(one->question.jid.bare, stanza->from.bare) != 0)
			continue;
		if (typed->id ? !(one->waiting && prompt_id_is_telling(id) &&
					text_equal_secret(id, typed->id))
			      : now - one->asked > REMEMBERED && !one->waiting)
			continue;
		found = one;
		count++;
	}
	return count == 1 && found->waiting && may_answer(found, &stanza->from) ? found : NULL;
}

static bool is_delayed(const struct stanza *stanza)
{
	return xml_child(stanza->node, "urn:xmpp:delay", "delay") ||
	       xml_child(stanza->node, "jabber:x:delay", "x");
}

static void take_typed(
	struct confirms *confirms, const struct stanza *stanza, const struct typed *typed)
{
	struct confirm *confirm;

	if (typed->word == TYPED_NOTHING || is_delayed(stanza) ||
		strcmp(stanza->type, "groupchat") == 0)
		return;
	confirm = find_typed(confirms, stanza, typed);
	if (confirm)
		answer(confirm, typed->word == TYPED_YES ? VERDICT_YES : VERDICT_NO);
	else
		drop(stanza, "it is not clear which prompt is meant");
}

/* XEP-0070, 4.2, by thread. */
static void take_threaded(
	struct confirm *confirm, const struct stanza *stanza, const struct typed *typed)
{
	const struct xml_node *repeated = confirm_element(stanza);
	bool error = strcmp(stanza->type, "error") == 0;

	if (repeated && !repeats(confirm, repeated))
		drop(stanza, "another request");
	else if (error && refusal_of(stanza) == REFUSES)
		answer(confirm, VERDICT_NO);
	else if (error && jid_is_bare(&stanza->from))
		answer(confirm, VERDICT_UNANSWERED); /* the account's server: no client is there */
	else if (!error && typed->word == TYPED_NO)
		answer(confirm, VERDICT_NO);
	else if (!error && (repeated || typed->word == TYPED_YES))
		answer(confirm, VERDICT_YES);
}

void confirm_take_message(struct confirms *confirms, const struct stanza *stanza)
{
	const char *thread = child_text(stanza, "thread"), *body = child_text(stanza, "body");
	struct typed typed = prompt_read(stanza->arena, body ? body : "");
	struct confirm *confirm = thread ? find(confirms, stanza, thread, true) : NULL;

	if (confirm)
		take_threaded(confirm, stanza, &typed);
	else if (strcmp(stanza->type, "error") != 0)
		take_typed(confirms, stanza, &typed);
}

/* ---- the link ---- */

/* An answer makes no prompt go away from its slot, so this can walk while it answers. */
static void fail_all(struct confirms *confirms)
{
	for (size_t i = 0; i < SLOTS; i++)
		for (struct confirm *confirm = confirms->slots[i]; confirm; confirm = confirm->next)
			if (confirm->waiting)
				answer(confirm, VERDICT_UNAVAILABLE);
}

static void on_link(void *arg, bool up)
{
	if (!up)
		fail_all(arg);
}

struct confirms *confirms_open(struct xmpp *xmpp, struct loop *loop, uint64_t timeout)
{
	struct confirms *confirms = calloc(1, sizeof(*confirms));

	if (!confirms)
		abort();
	confirms->xmpp = xmpp;
	confirms->loop = loop;
	confirms->timeout = timeout;
	xmpp_set_confirms(xmpp, confirms);
	xmpp_on_link(xmpp, on_link, confirms);
	return confirms;
}

void confirms_close(struct confirms *confirms)
{
	xmpp_set_confirms(confirms->xmpp, NULL);
	xmpp_on_link(confirms->xmpp, NULL, NULL);
	fail_all(confirms);
	for (size_t i = 0; i < SLOTS; i++)
		while (confirms->slots[i])
			forget(confirms->slots[i]);
	free(confirms);
}
