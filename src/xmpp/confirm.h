/*
 * Asking a person over XMPP whether an HTTP request is theirs (XEP-0070): an IQ to a full JID, a message to a bare one. confirm.c asks and keeps
 * what waits, answer.c alone decides who may answer (RULES "Identity and confirms"). On the XMPP loop, but for the counts.
 */
#pragma once

#include "base/jid.h"

#include <stdbool.h>
#include <stdint.h>

struct confirm;
struct confirms;
struct loop;
struct xmpp;

enum verdict {
	VERDICT_YES,
	VERDICT_NO,          /* the person, or their client, refused */
	VERDICT_UNANSWERED,  /* timed out, or no client of theirs can answer */
	VERDICT_UNAVAILABLE, /* the XMPP link is down */
	VERDICT_DUPLICATE,   /* the same JID, id, method and URL waits already */
	VERDICT_LIMITED,     /* nobody was asked: auth's limits say so */
};

/* One for a component; timeout in milliseconds. */
struct confirms *confirms_open(struct xmpp *xmpp, struct loop *loop, uint64_t timeout);

/* Whoever still waits gets VERDICT_UNAVAILABLE. */
void confirms_close(struct confirms *confirms);

struct question {
	struct jid jid;             /* who is asked, and the only one who may answer */
	const char *transaction_id; /* 1 to 128 presentable characters */
	const char *method;
	const char *url;
	const char *address; /* where the request came from, for the text */
	const char *name;    /* of what it is about, decoded; NULL: the root */
	int64_t size;        /* bytes that are there, or are to come; -1: not known */
	const char *owner;   /* a bare JID, when it is another than the asked; else NULL */
	bool admits_more; /* a yes also admits one GET or one upload of the same URL: the text says so */
};

/*
 * Asks. `answered` is called once, not from within this call, unless the question is withdrawn; the confirm is gone then, and the question, whose
 * strings are the caller's, is not needed any more. NULL with *refused set when it cannot be asked now (VERDICT_DUPLICATE, VERDICT_UNAVAILABLE), or
 * ever: at our own domain is nobody (VERDICT_UNANSWERED).
 */
struct confirm *confirm_ask(struct confirms *confirms, const struct question *question,
	void (*answered)(void *arg, enum verdict verdict), void *arg, enum verdict *refused);

/* The asker is gone: an answer that comes now does nothing. */
void confirm_withdraw(struct confirm *confirm);

/* What has happened to confirms since the start. */
enum confirm_event {
	CONFIRM_ASKED,
	CONFIRM_GRANTED,
	CONFIRM_REFUSED,
	CONFIRM_UNANSWERED,
	CONFIRM_UNAVAILABLE, /* the link was lost while it waited */
	CONFIRM_WITHDRAWN,
	CONFIRM_LIMITED, /* not asked */
	CONFIRM_FORGED,  /* answers that belong to no prompt of whom they came from: dropped */
	CONFIRM_EVENTS,
};

void confirms_count(struct confirms *confirms, enum confirm_event event);

/* From any thread. */
uint64_t confirms_counted(const struct confirms *confirms, enum confirm_event event);

/* "asked", "granted", ... */
const char *confirm_event_name(enum confirm_event event);
