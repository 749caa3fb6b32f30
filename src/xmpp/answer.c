/*
 * Who may answer a prompt, and what counts as an answer (RULES "Identity and confirms"). Whatever does not match is dropped and counted: it is
 * neither yes nor no.
 */
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "xmpp/confirms.h"
#include "xmpp/inside.h"
#include "xmpp/language.h"
#include "xmpp/prompt.h"
#include "xmpp/recent.h"

#include <string.h>

static void drop(struct confirms *confirms, const struct stanza *stanza, const char *reason)
{
	confirms_count(confirms, CONFIRM_FORGED);
	log_event(LOG_INFO, "answer-dropped", "from", stanza->from.bare, "reason", reason, NULL);
}

/* A full JID answers for itself; for a bare one each of its resources may. */
static bool may_answer(const struct confirm *confirm, const struct jid *from)
{
	if (jid_is_bare(&confirm->question.jid))
		return strcmp(confirm->question.jid.bare, from->bare) == 0;
	return jid_equal(&confirm->question.jid, from);
}

/* The prompt with this id that whoever sends the stanza may answer. */
static struct confirm *find(
	struct confirms *confirms, const struct stanza *stanza, const char *id, bool by_message)
{
	struct confirm *confirm = *confirms_slot(confirms, stanza->from.bare);

	while (confirm &&
		!(confirm->by_message == by_message && may_answer(confirm, &stanza->from) &&
			text_equal_secret(confirm->id, id)))
		confirm = confirm->next;
	return confirm;
}

/* What it repeats of the question must be what was asked; it may leave it out, as Gajim does. */
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

static bool is_error(const struct stanza *stanza)
{
	return strcmp(stanza->type, "error") == 0;
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
		confirm_answer(confirm, VERDICT_NO);
		break;
	case CANNOT:
		/* Perhaps a person sits there who can read a message. */
		confirm_ask_by_message(confirm, xml_lang(stanza->node));
		break;
	case UNREACHABLE:
		confirm_answer(confirm, VERDICT_UNANSWERED);
		break;
	}
}

void confirm_take_iq(struct confirms *confirms, const struct stanza *stanza)
{
	struct confirm *confirm = find(confirms, stanza, stanza->id, false);
	const struct xml_node *repeated = confirm_element(stanza);

	if (!confirm)
		drop(confirms, stanza, "no such prompt");
	else if (repeated && !repeats(confirm, repeated))
		drop(confirms, stanza, "another request");
	else if (is_error(stanza))
		take_iq_error(confirm, stanza);
	else if (strcmp(stanza->type, "result") == 0)
		confirm_answer(confirm, VERDICT_YES);
	else
		drop(confirms, stanza, "neither result nor error");
}

/* ---- messages ---- */

static const char *child_text(const struct stanza *stanza, const char *name)
{
	const struct xml_node *child = xml_child(stanza->node, NS_COMPONENT, name);

	return child ? xml_text(stanza->arena, child) : NULL;
}

/* The only prompt to that JID by message whose identifier was named. */
static struct confirm *find_named(
	struct confirms *confirms, const struct stanza *stanza, const char *id)
{
	struct confirm *one = *confirms_slot(confirms, stanza->from.bare), *found = NULL;

	for (; one; one = one->next) {
		const char *is = one->question.transaction_id;

		if (!may_answer(one, &stanza->from) || !one->by_message ||
			!prompt_id_is_telling(is) || !text_equal_secret(is, id))
			continue;
		if (found)
			return NULL;
		found = one;
	}
	return found;
}

/* The only prompt that went to that JID of late, be it to a client of theirs; if it went by message, as an IQ is answered by its like. */
static struct confirm *find_only(struct confirms *confirms, const struct stanza *stanza)
{
	const char *bare = stanza->from.bare;
	struct confirm *one = *confirms_slot(confirms, bare), *found = NULL;

	if (recent_has(confirms->recent, bare, loop_now(confirms->loop)))
		return NULL;
	for (; one; one = one->next) {
		if (strcmp(one->question.jid.bare, bare) != 0)
			continue;
		if (found)
			return NULL;
		found = one;
	}
	return found && found->by_message && may_answer(found, &stanza->from) ? found : NULL;
}

static bool is_delayed(const struct stanza *stanza)
{
	return xml_child(stanza->node, "urn:xmpp:delay", "delay") ||
	       xml_child(stanza->node, "jabber:x:delay", "x");
}

/* A thread that could be one of ours, which is over. */
static bool is_thread_of_ours(const char *thread)
{
	return thread && strlen(thread) == RANDOM_ID - 1 &&
	       strspn(thread, "0123456789abcdef") == RANDOM_ID - 1;
}

/* A word in a message of the person's own, perhaps with a thread of their client's. */
static void take_typed(struct confirms *confirms, const struct stanza *stanza, const char *thread,
	const struct typed *typed)
{
	struct confirm *confirm = NULL;

	if (confirm_element(stanza) || (typed->word && is_thread_of_ours(thread))) {
		drop(confirms, stanza, "no such prompt");
		return;
	}
	if (typed->word == TYPED_NOTHING || strcmp(stanza->type, "groupchat") == 0)
		return;
	if (!is_delayed(stanza))
		confirm = typed->id ? find_named(confirms, stanza, typed->id)
				    : find_only(confirms, stanza);
	if (confirm)
		confirm_answer(confirm, typed->word == TYPED_YES ? VERDICT_YES : VERDICT_NO);
	else
		drop(confirms, stanza, "it is not clear which prompt is meant");
}

/* The prompt itself has come back: from the account's server, or as no client of that name is there. */
static bool is_undelivered(const struct confirm *confirm, const struct stanza *stanza)
{
	return jid_equal(&confirm->question.jid, &stanza->from);
}

/* XEP-0070, 4.2, by thread. Psi and poezio repeat <confirm/>, Gajim says "result". */
static void take_threaded(
	struct confirm *confirm, const struct stanza *stanza, const char *body, enum verdict typed)
{
	const struct xml_node *repeated = confirm_element(stanza);

	if (repeated && !repeats(confirm, repeated))
		drop(confirm->confirms, stanza, "another request");
	else if (is_error(stanza) && refusal_of(stanza) == REFUSES)
		confirm_answer(confirm, VERDICT_NO);
	else if (is_error(stanza) && is_undelivered(confirm, stanza))
		confirm_answer(confirm, VERDICT_UNANSWERED);
	else if (!is_error(stanza) && typed != VERDICT_UNANSWERED)
		confirm_answer(confirm, typed);
	else if (!is_error(stanza) && (repeated || strcmp(body, "result") == 0))
		confirm_answer(confirm, VERDICT_YES);
}

void confirm_take_message(struct confirms *confirms, const struct stanza *stanza)
{
	static const enum verdict meant[] = {
		[TYPED_NOTHING] = VERDICT_UNANSWERED,
		[TYPED_YES] = VERDICT_YES,
		[TYPED_NO] = VERDICT_NO,
	};
	const char *thread = child_text(stanza, "thread"), *body = child_text(stanza, "body");
	/* What cannot be delivered may come back without what was in it. */
	const char *id = thread ? thread : is_error(stanza) ? stanza->id : NULL;
	struct typed typed = prompt_read(stanza->arena, body ? body : "");
	struct confirm *confirm = id ? find(confirms, stanza, id, true) : NULL;

	if (confirm)
		take_threaded(confirm, stanza, body ? body : "", meant[typed.word]);
	else if (!is_error(stanza))
		take_typed(confirms, stanza, thread, &typed);
	else if (is_thread_of_ours(thread))
		drop(confirms, stanza, "no such prompt");
}

void confirm_hear(struct confirms *confirms, const struct stanza *stanza)
{
	const char *lang = xml_lang(stanza->node);

	if (lang && !is_error(stanza))
		speaker_heard(confirms->speakers, stanza->from.bare, lang);
}
