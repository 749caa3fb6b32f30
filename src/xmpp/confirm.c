#include "xmpp/confirm.h"

#include "base/log.h"
#include "base/loop.h"
#include "xmpp/confirms.h"
#include "xmpp/inside.h"
#include "xmpp/language.h"
#include "xmpp/prompt.h"
#include "xmpp/recent.h"

#include <stdlib.h>
#include <string.h>

enum {
	REMEMBERED =
		120000, /* milliseconds for which an ended prompt still makes a bare "OK" ambiguous */
};

/* ---- counts ---- */

void confirms_count(struct confirms *confirms, enum confirm_event event)
{
	atomic_fetch_add(&confirms->counts[event], 1);
}

uint64_t confirms_counted(const struct confirms *confirms, enum confirm_event event)
{
	return atomic_load(&confirms->counts[event]);
}

const char *confirm_event_name(enum confirm_event event)
{
	static const char *const names[CONFIRM_EVENTS] = {
		[CONFIRM_ASKED] = "asked",
		[CONFIRM_GRANTED] = "granted",
		[CONFIRM_REFUSED] = "refused",
		[CONFIRM_UNANSWERED] = "unanswered",
		[CONFIRM_UNAVAILABLE] = "unavailable",
		[CONFIRM_WITHDRAWN] = "withdrawn",
		[CONFIRM_LIMITED] = "limited",
		[CONFIRM_FORGED] = "forged",
	};

	return names[event];
}

/* ---- what waits ---- */

struct confirm **confirms_slot(struct confirms *confirms, const char *bare)
{
	return &confirms->slots[siphash(&confirms->key, bare, strlen(bare)) % CONFIRM_SLOTS];
}

static void insert(struct confirm *confirm)
{
	struct confirms *confirms = confirm->confirms;
	struct confirm **slot = confirms_slot(confirms, confirm->question.jid.bare);

	confirm->next = *slot;
	*slot = confirm;
	confirm->older = confirms->youngest;
	if (confirms->youngest)
		confirms->youngest->younger = confirm;
	else
		confirms->oldest = confirm;
	confirms->youngest = confirm;
	if (confirms->oldest == confirm)
		timer_start(confirms->timer, confirms->timeout);
}

static void forget(struct confirm *confirm)
{
	struct confirms *confirms = confirm->confirms;
	struct confirm **at = confirms_slot(confirms, confirm->question.jid.bare);

	while (*at != confirm)
		at = &(*at)->next;
	*at = confirm->next;
	*(confirm->older ? &confirm->older->younger : &confirms->oldest) = confirm->younger;
	*(confirm->younger ? &confirm->younger->older : &confirms->youngest) = confirm->older;
	free(confirm);
}

/* It waits no longer; what was typed may be meant for it until two minutes after it was asked. */
static void end(struct confirm *confirm)
{
	recent_add(
		confirm->confirms->recent, confirm->question.jid.bare, confirm->asked + REMEMBERED);
	forget(confirm);
}

void confirm_answer(struct confirm *confirm, enum verdict verdict)
{
	static const struct {
		const char *word;
		enum confirm_event event;
	} verdicts[] = {
		[VERDICT_YES] = {"yes", CONFIRM_GRANTED},
		[VERDICT_NO] = {"no", CONFIRM_REFUSED},
		[VERDICT_UNANSWERED] = {"unanswered", CONFIRM_UNANSWERED},
		[VERDICT_UNAVAILABLE] = {"unavailable", CONFIRM_UNAVAILABLE},
	};
	void (*answered)(void *arg, enum verdict verdict) = confirm->answered;
	void *arg = confirm->arg;

	log_event(LOG_INFO, "confirm", "jid", confirm->question.jid.bare, "method",
		confirm->question.method, "url", confirm->question.url, "verdict",
		verdicts[verdict].word, NULL);
	confirms_count(confirm->confirms, verdicts[verdict].event);
	end(confirm);
	answered(arg, verdict);
}

void confirm_withdraw(struct confirm *confirm)
{
	confirms_count(confirm->confirms, CONFIRM_WITHDRAWN);
	end(confirm);
}

/* The oldest one's time may be over; when it was answered since, this is only about the next one's. */
static void timed_out(void *arg)
{
	struct confirms *confirms = arg;
	uint64_t now = loop_now(confirms->loop);

	while (confirms->oldest && now - confirms->oldest->asked >= confirms->timeout)
		confirm_answer(confirms->oldest, VERDICT_UNANSWERED);
	if (confirms->oldest)
		timer_start(confirms->timer, confirms->oldest->asked + confirms->timeout - now);
}

/* ---- asking ---- */

/* `lang` counts when nobody has heard from them. 0 or negative errno. */
static int send_prompt(struct confirm *confirm, const char *lang)
{
	struct confirms *confirms = confirm->confirms;
	const struct language *language =
		speaker_language(confirms->speakers, confirm->question.jid.bare);
	const char *from = xmpp_domain(confirms->xmpp);
	struct buf out = {0};
	int error;

	if (confirm->by_message)
		prompt_message(&out, from, &confirm->question, confirm->id,
			language ? language : language_of(lang));
	else
		prompt_iq(&out, from, &confirm->question, confirm->id);
	error = xmpp_send(confirms->xmpp, &out);
	buf_free(&out);
	return error;
}

void confirm_ask_by_message(struct confirm *confirm, const char *lang)
{
	confirm->by_message = true;
	random_id(confirm->id);
	if (send_prompt(confirm, lang) < 0)
		confirm_answer(confirm, VERDICT_UNAVAILABLE);
}

static bool is_same(const struct question *a, const struct question *b)
{
	return jid_equal(&a->jid, &b->jid) && strcmp(a->transaction_id, b->transaction_id) == 0 &&
	       strcmp(a->method, b->method) == 0 && strcmp(a->url, b->url) == 0;
}

static bool waits_already(struct confirms *confirms, const struct question *question)
{
	struct confirm *one = *confirms_slot(confirms, question->jid.bare);

	while (one && !is_same(&one->question, question))
		one = one->next;
	return one;
}

/* What goes to our own domain comes back to us as it went, and would be its own answer. */
static bool asks_ourselves(const struct confirms *confirms, const struct question *question)
{
	return strcmp(question->jid.domain, xmpp_domain(confirms->xmpp)) == 0;
}

struct confirm *confirm_ask(struct confirms *confirms, const struct question *question,
	void (*answered)(void *arg, enum verdict verdict), void *arg, enum verdict *refused)
{
	struct confirm *confirm;

	if (asks_ourselves(confirms, question)) {
		*refused = VERDICT_UNANSWERED;
		return NULL;
	}
	if (waits_already(confirms, question)) {
		*refused = VERDICT_DUPLICATE;
		return NULL;
	}
	confirm = calloc(1, sizeof(*confirm));
	if (!confirm)
		abort();
	confirm->confirms = confirms;
	confirm->question = *question;
	random_id(confirm->id);
	confirm->by_message = jid_is_bare(&question->jid);
	confirm->asked = loop_now(confirms->loop);
	confirm->answered = answered;
	confirm->arg = arg;
	if (send_prompt(confirm, NULL) < 0) {
		free(confirm);
		*refused = VERDICT_UNAVAILABLE;
		return NULL;
	}
	insert(confirm);
	confirms_count(confirms, CONFIRM_ASKED);
	return confirm;
}

/* ---- the link ---- */

static void fail_all(struct confirms *confirms)
{
	while (confirms->oldest)
		confirm_answer(confirms->oldest, VERDICT_UNAVAILABLE);
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
	confirms->timer = timer_open(loop, timed_out, confirms);
	confirms->recent = recent_open();
	confirms->speakers = speakers_open();
	siphash_key_make(&confirms->key);
	xmpp_set_confirms(xmpp, confirms);
	xmpp_on_link(xmpp, on_link, confirms);
	return confirms;
}

void confirms_close(struct confirms *confirms)
{
	xmpp_set_confirms(confirms->xmpp, NULL);
	xmpp_on_link(confirms->xmpp, NULL, NULL);
	fail_all(confirms);
	timer_close(confirms->timer);
	recent_close(confirms->recent);
	speakers_close(confirms->speakers);
	free(confirms);
}
