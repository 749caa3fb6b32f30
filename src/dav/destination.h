/* Where COPY and MOVE lead (RFC 4918, 9.8 and 9.9). */
#pragma once

#include "store/store.h"

struct request;

struct destination {
	struct walk walk;
	int64_t parent;
	const struct segment *segment;
	const struct resource *there; /* what stands there now; NULL: nothing */
};

/*
 * Finds it for a source, and asks all that must be true before anything is touched: the right, that neither lies within the other (403),
 * the collection above (409), Overwrite (412). 0, a negative errno, or -ECANCELED with an answer.
 */
int destination_find(
	struct request *request, struct tx *tx, const struct walk *source, struct destination *out);

/* Deletes what stands there. 0 or negative errno. */
int destination_clear(struct tx *tx, const struct destination *destination);

/* 201, or 204 when something stood there. */
void destination_answer(struct request *request, const struct destination *destination);
