/*
 * How often people may be asked (RULES "Identity and confirms"). A pair is a bare JID that is asked and an address that asks, as base/address counts
 * it. Prompts without a yes (yet) are limited for a pair and for an address. A pair with a yes within the hour is known: it has a limit of its own, on what
 * waits at once and on what ends without a yes, and half of what may wait in all is kept for such pairs, so that strangers cannot lock anybody out.
 * A no silences its pair for a while. On the XMPP loop; what is kept is of a fixed size, but for the pairs that wait.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct limited;
struct limits;
struct loop;

/* 0 switches one off. */
struct limits_options {
	uint64_t per_pair, per_address; /* prompts a minute */
	uint64_t per_known_pair;        /* waiting at once; and ended without a yes, a minute */
	uint64_t prompts;               /* waiting at once, of all */
	uint64_t silence;               /* milliseconds, a day at most */
	uint64_t timeout;               /* milliseconds after which no prompt waits any more */
};

struct limits *limits_open(struct loop *loop, const struct limits_options *options);

/* The limits from now on; silence and timeout stay. */
void limits_use(struct limits *limits, const struct limits_options *options);

/* Nothing may wait any more. */
void limits_close(struct limits *limits);

/* A prompt that counts from now on; or NULL, with the milliseconds until it may. `address` is the asking one. */
struct limited *limit_begin(
	struct limits *limits, const char *bare, const char *address, uint64_t *wait);

enum limit_end {
	LIMIT_YES,
	LIMIT_NO,
	LIMIT_NOTHING,   /* nobody has answered */
	LIMIT_NOT_ASKED, /* it could not be asked: it does not count */
};

/* It waits no longer. */
void limit_end(struct limited *limited, enum limit_end how);
