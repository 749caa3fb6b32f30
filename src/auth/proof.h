/*
 * Proving who asks by XEP-0070 (DESIGN 2, "Proof"): HTTP loops post a request for proof, the XMPP loop answers it from an
 * earlier yes or by asking the person.
 */
#pragma once

#include "auth/limit.h"
#include "base/jid.h"
#include "base/mailbox.h"
#include "xmpp/confirm.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct prover;

/* A letter to the prover and, with the verdict, back to `reply`. Whoever holds it owns it. */
struct proof {
	struct message message;
	struct arena *arena; /* holds the strings below */
	uint64_t
		ticket; /* of the asker, unique in the process; unknown ones are dropped when it comes back */
	struct mailbox *reply;
	struct jid jid;
	const char *transaction_id, *method, *url;
	const char *address;
	const char *name, *owner; /* as struct question has them */
	int64_t size;
	bool creates; /* a PUT with If-None-Match: * */
	bool cancel;  /* withdraws the ticket; this letter is not answered */
	enum verdict verdict;
	uint64_t wait; /* VERDICT_LIMITED: milliseconds until it may be asked */
};

struct proof *proof_new(uint64_t ticket, struct mailbox *reply);
void proof_free(struct proof *proof);

/* On the XMPP loop. reuse in milliseconds: how long a yes counts again for the same request. */
struct prover *prover_open(struct loop *loop, struct confirms *confirms, uint64_t reuse,
	const struct limits_options *limits);
void prover_close(struct prover *prover);

/* The limits from now on (limits_use()). */
void prover_use(struct prover *prover, const struct limits_options *limits);

/* From any thread. */
void prover_post(struct prover *prover, struct proof *proof);
