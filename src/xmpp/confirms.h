/* The prompts that wait, as confirm.c keeps them and answer.c finds them. Within this room only. */
#pragma once

#include "base/digest.h"
#include "base/siphash.h"
#include "xmpp/confirm.h"

#include <stdatomic.h>

enum { CONFIRM_SLOTS = 8192 /* a power of two */ };

struct language;
struct recent;
struct speakers;

/* A prompt that waits. */
struct confirm {
	struct confirms *confirms;
	struct confirm *next; /* in its slot */
	struct confirm *older,
		*younger; /* all wait equally long, so this is the order of their deadlines */
	struct question question;
	char id[RANDOM_ID]; /* the IQ's id, or the message's thread */
	bool by_message;
	uint64_t asked; /* loop time */
	void (*answered)(void *arg, enum verdict verdict);
	void *arg;
};

struct confirms {
	struct xmpp *xmpp;
	struct loop *loop;
	uint64_t timeout;
	struct timer *timer; /* the oldest one's deadline */
	struct confirm *oldest, *youngest;
	struct recent *recent;
	struct speakers *speakers;
	_Atomic uint64_t counts[CONFIRM_EVENTS];
	struct siphash_key key;
	struct confirm *slots
		[CONFIRM_SLOTS]; /* by the bare JID that was asked: only from there can an answer come */
};

struct confirm **confirms_slot(struct confirms *confirms, const char *bare);

/* Tells the asker; the confirm is gone. */
void confirm_answer(struct confirm *confirm, enum verdict verdict);

/* The client cannot answer an IQ: asks once more, by message. `lang`: of its error, which counts if nothing better is known; or NULL. */
void confirm_ask_by_message(struct confirm *confirm, const char *lang);
