#include "auth/attempt.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/rate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	MINUTE = 60000,
	HOUR = 60 * MINUTE,
	COUNTED = 16384, /* pairs, and addresses */
	KNOWN = 65536,   /* pairs */
};

struct attempts {
	struct attempts_options options;
	uint64_t (*clock)(void);
	struct rates *pairs, *addresses; /* wrong ones */
	struct rates *slowed;            /* above a limit: evaluated within the pause */
	struct rates *known;             /* pairs, by the hour */
};

struct attempt attempt_of(
	struct attempts *attempts, struct arena *arena, const char *bare, const char *address)
{
	size_t length = strlen(bare);
	char *pair = arena_alloc(arena, length + 1 + ADDRESS_TEXT);

	/* No JID holds a line break. */
	memcpy(pair, bare, length);
	pair[length] = '\n';
	address_limit_key(address, pair + length + 1);
	return (struct attempt){
		.attempts = attempts,
		.pair = pair,
		.from = pair + length + 1,
	};
}

static bool reached(uint64_t most, uint64_t count)
{
	return most > 0 && count >= most;
}

uint64_t attempt_wait(const struct attempt *attempt)
{
	struct attempts *attempts = attempt->attempts;
	const struct attempts_options *most = &attempts->options;
	uint64_t now = attempts->clock(), wait = 0;
	const char *over[] = {NULL, NULL};

	if (rate_look(attempts->known, attempt->pair, now) > 0)
		return 0;
	if (reached(most->per_pair, rate_look(attempts->pairs, attempt->pair, now)))
		over[0] = attempt->pair;
	if (reached(most->per_address, rate_look(attempts->addresses, attempt->from, now)))
		over[1] = attempt->from;
	for (size_t i = 0; i < 2; i++) {
		uint64_t left = over[i] ? rate_left(attempts->slowed, over[i], now) : 0;

		if (left > wait)
			wait = left;
	}
	/* Of several that come at once the first takes the turn. */
	for (size_t i = 0; i < 2 && wait == 0; i++)
		if (over[i] && rate_count(attempts->slowed, over[i], now) > 1)
			wait = ATTEMPT_PAUSE;
	return wait;
}

void attempt_was_right(const struct attempt *attempt)
{
	struct attempts *attempts = attempt->attempts;
	uint64_t now = attempts->clock();

	/* Written once a minute: many requests of one client come at once, on several threads. */
	if (rate_left(attempts->known, attempt->pair, now) < HOUR - MINUTE)
		rate_renew(attempts->known, attempt->pair, now);
}

uint64_t attempt_was_wrong(const struct attempt *attempt)
{
	struct attempts *attempts = attempt->attempts;
	uint64_t now = attempts->clock();

	rate_count(attempts->pairs, attempt->pair, now);
	rate_count(attempts->addresses, attempt->from, now);
	return now ? now : 1;
}

void attempt_take_back(const struct attempt *attempt, uint64_t when)
{
	rate_undo(attempt->attempts->pairs, attempt->pair, when);
	rate_undo(attempt->attempts->addresses, attempt->from, when);
}

struct attempts *attempts_open(const struct attempts_options *options, uint64_t (*clock)(void))
{
	struct attempts *attempts = calloc(1, sizeof(*attempts));

	if (!attempts)
		abort();
	attempts->options = *options;
	attempts->clock = clock ? clock : clock_now;
	attempts->pairs = rates_open(COUNTED, MINUTE);
	attempts->addresses = rates_open(COUNTED, MINUTE);
	attempts->slowed = rates_open(COUNTED, ATTEMPT_PAUSE);
	attempts->known = rates_open(KNOWN, HOUR);
	return attempts;
}

void attempts_close(struct attempts *attempts)
{
	if (!attempts)
		return;
	rates_close(attempts->pairs);
	rates_close(attempts->addresses);
	rates_close(attempts->slowed);
	rates_close(attempts->known);
	free(attempts);
}
