/*
 * Work that the store is needed for, started on the XMPP loop and come back to it: reads run on the pool, changes on the committer.
 */
#pragma once

#include "store/store.h"
#include "xmpp/xmpp.h"

struct dav;
struct service;

/* Whoever holds it owns it; it is handed over to `done`. */
struct job {
	struct store_change change;
	struct service *service;
	const struct dav *dav; /* the settings when it began */
	struct arena *arena;   /* dies with it */
	struct stanza stanza;  /* whom to answer: kind, id, from and arena; not what was in it */
	void *state;
	/* In a transaction. A change that says something negative is undone, and may be run twice. */
	int (*run)(struct job *job, struct tx *tx);
	/* On the XMPP loop, with what `run` said or the errno of the store. It starts the job again or ends it. */
	void (*done)(struct job *job, int result);
	int result;
};

/* NULL: too many are under way, or the daemon ends; the stanza has been answered. `stanza` NULL: nobody has asked. */
struct job *job_new(struct service *service, const struct stanza *stanza);
void job_end(struct job *job);

void job_read(struct job *job, int (*run)(struct job *job, struct tx *tx),
	void (*done)(struct job *job, int result));
void job_change(struct job *job, int (*run)(struct job *job, struct tx *tx),
	void (*done)(struct job *job, int result));

/* The one function that turns an errno of the store into an answer to the stanza. */
void job_refuse(struct job *job, int error);
