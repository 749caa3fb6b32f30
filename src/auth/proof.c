#include "auth/proof.h"

#include "auth/grant.h"
#include "base/arena.h"
#include "base/loop.h"

#include <stdlib.h>
#include <string.h>

enum {
	SLOTS = 4096,
	USUAL_TEXT = 384, /* bytes of what a proof says */
};

/* A letter whose answer a person is asked for. */
struct asked {
	struct asked *next; /* in its slot */
	struct prover *prover;
	struct proof *proof;
	struct confirm *confirm;
	struct limited *limited;
};

struct prover {
	struct mailbox *mailbox;
	struct confirms *confirms;
	struct grants *grants;
	struct limits *limits;
	struct asked *slots[SLOTS]; /* by ticket */
	bool closing;
};

struct proof *proof_new(uint64_t ticket, struct mailbox *reply)
{
	struct proof *proof = calloc(1, sizeof(*proof));

	if (!proof)
		abort();
	proof->arena = arena_new_small(USUAL_TEXT);
	proof->ticket = ticket;
	proof->reply = reply;
	return proof;
}

void proof_free(struct proof *proof)
{
	arena_free(proof->arena);
	free(proof);
}

static struct asked **find(struct prover *prover, uint64_t ticket)
{
	struct asked **at = &prover->slots[ticket % SLOTS];

	while (*at && (*at)->proof->ticket != ticket)
		at = &(*at)->next;
	return at;
}

static void reply(struct proof *proof, enum verdict verdict)
{
	proof->verdict = verdict;
	mailbox_post(proof->reply, &proof->message);
}

static void answered(void *arg, enum verdict verdict)
{
	struct asked *asked = arg;
	struct prover *prover = asked->prover;
	struct proof *proof = asked->proof;

	*find(prover, proof->ticket) = asked->next;
	limit_end(asked->limited, verdict == VERDICT_YES  ? LIMIT_YES
				  : verdict == VERDICT_NO ? LIMIT_NO
							  : LIMIT_NOTHING);
	free(asked);
	if (verdict == VERDICT_YES)
		grants_add(prover->grants, proof);
	reply(proof, verdict);
}

static struct asked *begin(struct prover *prover, struct proof *proof)
{
	struct asked *asked;
	struct limited *limited =
		limit_begin(prover->limits, proof->jid.bare, proof->address, &proof->wait);

	if (!limited)
		return NULL;
	asked = calloc(1, sizeof(*asked));
	if (!asked)
		abort();
	asked->prover = prover;
	asked->proof = proof;
	asked->limited = limited;
	return asked;
}

static void ask(struct prover *prover, struct proof *proof)
{
	const struct question question = {
		.jid = proof->jid,
		.transaction_id = proof->transaction_id,
		.method = proof->method,
		.url = proof->url,
		.address = proof->address,
		.name = proof->name,
		.size = proof->size,
		.owner = proof->owner,
		.admits_more = grant_admits_more(proof->method),
	};
	struct asked *asked = begin(prover, proof), **slot;
	enum verdict refused;

	if (!asked) {
		confirms_count(prover->confirms, CONFIRM_LIMITED);
		reply(proof, VERDICT_LIMITED);
		return;
	}
	asked->confirm = confirm_ask(prover->confirms, &question, answered, asked, &refused);
	if (!asked->confirm) {
		limit_end(asked->limited, LIMIT_NOT_ASKED);
		free(asked);
		reply(proof, refused);
		return;
	}
	slot = &prover->slots[proof->ticket % SLOTS];
	asked->next = *slot;
	*slot = asked;
}

static void cancel(struct prover *prover, struct proof *proof)
{
	struct asked **at = find(prover, proof->ticket), *asked = *at;

	if (asked) {
		*at = asked->next;
		confirm_withdraw(asked->confirm);
		limit_end(asked->limited, LIMIT_NOTHING);
		proof_free(asked->proof);
		free(asked);
	}
	proof_free(proof);
}

static void take(void *arg, struct message *list)
{
	struct prover *prover = arg;

	while (list) {
		struct proof *proof = (struct proof *)list;

		list = list->next;
		if (proof->cancel)
			cancel(prover, proof);
		else if (prover->closing)
			reply(proof, VERDICT_UNAVAILABLE);
		else if (grants_use(prover->grants, proof))
			reply(proof, VERDICT_YES);
		else
			ask(prover, proof);
	}
}

struct prover *prover_open(struct loop *loop, struct confirms *confirms, uint64_t reuse,
	const struct limits_options *limits)
{
	struct prover *prover = calloc(1, sizeof(*prover));

	if (!prover)
		abort();
	prover->confirms = confirms;
	prover->grants = grants_open(loop, reuse);
	prover->limits = limits_open(loop, limits);
	prover->mailbox = mailbox_open(loop, take, prover);
	return prover;
}

void prover_close(struct prover *prover)
{
	prover->closing = true;
	mailbox_close(prover->mailbox);
	for (size_t i = 0; i < SLOTS; i++)
		while (prover->slots[i]) {
			struct asked *asked = prover->slots[i];

			confirm_withdraw(asked->confirm);
			answered(asked, VERDICT_UNAVAILABLE);
		}
	grants_close(prover->grants);
	limits_close(prover->limits);
	free(prover);
}

void prover_use(struct prover *prover, const struct limits_options *limits)
{
	limits_use(prover->limits, limits);
}

void prover_post(struct prover *prover, struct proof *proof)
{
	mailbox_post(prover->mailbox, &proof->message);
}
