/*
 * How often app passwords may be tried (RULES "Identity and confirms"). A pair is an account and the address that asks, as base/address counts it; wrong
 * passwords are counted for each pair and for each address, within a minute. Above a limit the next wrong one is answered 429: who guesses is
 * told to wait, logged, and asks nobody over XMPP. The right one is let in whatever was wrong before, so nobody locks an owner out, from
 * wherever; what is guessed at has 125 random bits, and no rate of guessing comes near it. Nothing is kept of what a password was. From
 * any thread, without a lock: at the limit each thread may let one more through.
 */
#pragma once

#include <stdint.h>

struct arena;
struct attempts;

struct attempts_options {
	uint64_t per_pair, per_address; /* wrong ones a minute; 0: any number */
};

/* clock in milliseconds; NULL: base/clock's. */
struct attempts *attempts_open(const struct attempts_options *options, uint64_t (*clock)(void));

/* The limits from now on. */
void attempts_use(struct attempts *attempts, const struct attempts_options *options);

/* NULL is nothing. */
void attempts_close(struct attempts *attempts);

/* One: an account's, from an address. What it points to lives in the arena. */
struct attempt {
	struct attempts *attempts;
	const char *pair; /* the bare JID, a line break, the address's key */
	const char *from; /* the address's key */
};
struct attempt attempt_of(
	struct attempts *attempts, struct arena *arena, const char *bare, const char *address);

/* Milliseconds that a wrong one is to wait for because of those before it; 0: there were not too many. */
uint64_t attempt_wait(const struct attempt *attempt);

/* Counts it. When: what attempt_take_back() wants, never 0. */
uint64_t attempt_was_wrong(const struct attempt *attempt);

/* It was no guess after all. */
void attempt_take_back(const struct attempt *attempt, uint64_t when);
