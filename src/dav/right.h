/* Who may do what (DESIGN 2): the one function that decides every right, for every resource that a method touches. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dav;
struct jid;
struct request;
struct resource;
struct tx;
struct walk;

enum right {
	RIGHT_READ, /* the owner and the nearest jidlist */
	RIGHT_LOOK, /* read, or create where nothing is mapped: who may create there learns that a name is free */
	RIGHT_FETCH,  /* look, and read a link */
	RIGHT_OWN,    /* read what is for the owner alone */
	RIGHT_CHANGE, /* the owner; where nothing is mapped, who may create there: they get a 404 */
	RIGHT_REMOVE, /* the same, and it is to leave its place */
	RIGHT_UPLOAD, /* create, or replace what is one's own; domains in users only */
};

/* What proof may be used for, of what the account may do; all zero: for everything. */
struct scope {
	int64_t password; /* the app password that says so */
	bool read_only;   /* RIGHT_CHANGE, RIGHT_REMOVE and RIGHT_UPLOAD are not there */
	int64_t collection; /* not 0: only this resource and what is below it, wherever it lies; it stays where it is */
};

/*
 * What who asks may do, within the scope of their proof; a request by a link (dav/link.h) may fetch that and nothing else. 1: yes; 0: no; negative errno: the store cannot say. `walk` ends at the
 * resource in question.
 */
int right_ask(
	const struct request *request, struct tx *tx, const struct walk *walk, enum right right);

/* The same without a request: what an account may do. */
int right_of_account(const struct dav *dav, struct tx *tx, const struct jid *jid,
	const struct walk *walk, enum right right);

/* Whether somebody unknown may fetch it: its owner has published it. Whoever is named gets no right from that, and fetches it unnamed. */
bool right_of_anybody(const struct dav *dav, const struct walk *walk);

/* Whether this account may upload at all: one of a domain in users. */
bool right_may_upload(const struct dav *dav, const struct jid *jid);

/* RIGHT_READ for a member that was listed, without a walk: `inherited` is the answer for its parent's list. */
int right_read_member(
	struct tx *tx, const struct jid *jid, const struct resource *member, int inherited);

/* What the nearest list of this walk says: 1, 0 or negative errno. The owner is not looked at. */
int right_inherited(struct tx *tx, const struct jid *jid, const struct walk *walk);
