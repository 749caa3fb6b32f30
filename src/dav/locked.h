/* What locks forbid (RFC 4918, 6 and 7), and how they are shown. */
#pragma once

#include <stddef.h>

struct buf;
struct lock;
struct request;
struct tx;
struct view;
struct walk;

/* What of a resource a change touches. */
enum {
	TOUCHES_ITSELF = 1, /* content, properties */
	TOUCHES_PLACE = 2,  /* that it is there: the collection above changes its members (7.4) */
	TOUCHES_BELOW = 4,  /* all that it contains */
	TOUCHES_NEW = 8,    /* its place, when nothing is there yet */

	TOUCHES_MADE = TOUCHES_ITSELF | TOUCHES_NEW,
	TOUCHES_TREE = TOUCHES_ITSELF | TOUCHES_PLACE | TOUCHES_BELOW,
};

/*
 * 0: no lock stands against it, or for each that does the request submits a token of the asker's; -ECANCELED: 423 is answered, or a 207 with it of what lies below; or a negative
 * errno. A walk that ends above its path is about what is to be made there.
 */
int locked_check(struct request *request, struct tx *tx, const struct walk *walk, int touches);

/* Those that hold on what is looked at by its owner, its own first. 0 or negative errno. */
int locked_find(const struct view *view, struct lock **locks, size_t *count);

/* <D:activelock>: with its token only for who holds it. */
void locked_write(struct buf *out, const struct request *request, const struct lock *lock);
