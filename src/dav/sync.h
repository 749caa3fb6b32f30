/*
 * Tokens of RFC 6578, as URIs: the opening of the store that gave it out, the collection, and the number of a change. Another collection
 * under the same URL begins anew, and so does a store that was put back to an older state.
 */
#pragma once

#include <stdint.h>

struct arena;
struct buf;
struct resource;
struct tx;

void sync_token(
	struct buf *out, const struct tx *tx, const struct resource *collection, int64_t change);

/* 1: the change that a token says; 0: it is none for this collection any more; negative errno. */
int sync_token_read(struct tx *tx, struct arena *arena, const char *token,
	const struct resource *collection, int64_t *change);
