/*
 * The table of methods. What a method may be used on, what body it takes and what right it asks for are columns; Allow, OPTIONS, 405,
 * the policy for bodies and the steps that a request takes follow from its row.
 */
#pragma once

#include "dav/locked.h"
#include "dav/right.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct request;
struct tx;

enum method_body {
	METHOD_BODY_NONE, /* what is sent is read and thrown away, within limits */
	METHOD_BODY_XML,
	METHOD_BODY_CONTENT,
};

/* What a request URL may be mapped to. */
enum { ON_ROOT = 1, ON_COLLECTION = 2, ON_FILE = 4, ON_UNMAPPED = 8 };

struct method {
	const char *name;
	enum method_body body;
	enum right right; /* of who asks, on the request URL */
	unsigned on;
	int hidden;       /* the status for who has no right: 403, or 404 */
	bool anonymous;   /* answered without credentials too */
	int touches;      /* TOUCHES_..., of the request URL: what locks are asked for */
	bool destination; /* it names a second URL (RFC 4918, 10.3), on which RIGHT_UPLOAD is asked */

	/*
	 * One of them. `select` fills in the answer of a method that reads, in a read transaction, after the right was asked again. `commit`
	 * does the method in the committer; may run twice. Both: 0, a negative errno, or -ECANCELED: the answer says why not (a commit is
	 * then undone). walk->count tells what is mapped; that `on` allows it was seen before.
	 */
	int (*select)(struct request *request, struct tx *tx, const struct walk *walk);
	int (*commit)(struct request *request, struct tx *tx, const struct walk *walk);
};

/* NULL: nobody here knows it (501). Case-sensitive. */
const struct method *method_find(const char *name);

/* Which row of the table it is; and the row of a number, NULL behind the last. */
size_t method_number(const struct method *method);
const struct method *method_at(size_t number);

/* The value of Allow for what is mapped: ON_... */
void method_allow(struct buf *out, unsigned on);
