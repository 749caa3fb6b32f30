/* Who may do what (DESIGN 2): the one function that decides every right, for every resource that a method touches. */
#pragma once

#include <stdbool.h>

struct dav;
struct jid;
struct resource;
struct tx;
struct walk;

enum right {
	RIGHT_READ, /* the owner and the nearest jidlist */
	RIGHT_LOOK, /* read, or create where nothing is mapped: who may create there learns that a name is free */
	RIGHT_FETCH,  /* look, and read a link */
	RIGHT_CHANGE, /* the owner; where nothing is mapped, who may create there: they get a 404 */
	RIGHT_UPLOAD, /* create, or replace what is one's own; domains in users only */
};

/*
 * 1: yes; 0: no; negative errno: the store cannot say. `walk` ends at the resource in question. `jid` NULL: somebody unknown, who may fetch
 * links and nothing else. Whoever is named gets no right from a link: they fetch it unnamed.
 */
int right_ask(const struct dav *dav, struct tx *tx, const struct jid *jid, const struct walk *walk,
	enum right right);

/* Whether this account may upload at all: one of a domain in users. */
bool right_may_upload(const struct dav *dav, const struct jid *jid);

/* RIGHT_READ for a member that was listed, without a walk: `inherited` is the answer for its parent's list. */
int right_read_member(
	struct tx *tx, const struct jid *jid, const struct resource *member, int inherited);

/* What the nearest list of this walk says: 1, 0 or negative errno. The owner is not looked at. */
int right_inherited(struct tx *tx, const struct jid *jid, const struct walk *walk);
