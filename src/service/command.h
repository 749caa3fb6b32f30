/*
 * Ad-hoc commands (XEP-0050): a table of commands; each is a file and a row. A command is a row of stages, each of which reads or
 * changes the store once and fills in a form: stage 0 when the command is called, the next with what was submitted for the form of the one
 * before. Behind the last the command is completed, and its form is the result.
 */
#pragma once

#include "base/buf.h"
#include "base/jid.h"
#include "service/form.h"
#include "store/store.h"

struct dav;

enum { STAGES = 4 };

/* What a command has changed, for the log. */
struct deed {
	const char *about;   /* what it was done to */
	const char *readers; /* who may read it now; NULL: that was not changed */
	struct deed *next;
};

/* One person's call of a command, in one of its stages. */
struct run {
	struct arena *arena; /* of this run of a stage: lives until it is answered, or runs again */
	const struct jid *from; /* who has called it: proven by their server */
	const struct dav *dav;
	struct form submitted; /* empty in stage 0 */
	void *state;           /* the stage's own, from the arena */

	/* To be filled in: */
	struct buf form;    /* form_begin() ... form_end(); may stay empty */
	struct deed *deeds; /* run_did() */
	const char *note;   /* a sentence beside the form; NULL: none */
	bool again;         /* the stage has more to do than one change should: it runs once more */
	bool completed;     /* the command ends here, whatever stages are left */
	const char *condition; /* with run_refuse() */
	const char *text;
};

struct stage {
	bool changes; /* it runs on the committer, and may run twice; else on the pool */
	/* 0, a negative errno, or what run_refuse() returns. */
	int (*run)(struct run *run, struct tx *tx);
};

struct command {
	const char *node, *name;
	bool for_admins; /* seen and called by them alone */
	struct stage stages[STAGES];
};

/* That was changed; the texts live in run->arena or for ever. */
void run_did(struct run *run, const char *about, const char *readers);

/*
 * The form cannot be used as it was filled in: nothing is changed, the person is told the sentence (which lives in run->arena or for ever), and may
 * submit again. condition: of RFC 6120, 8.3.3, "bad-request" mostly.
 */
int run_refuse(struct run *run, const char *condition, const char *text);
