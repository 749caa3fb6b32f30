#include "auth/attempt.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/rate.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTE = 60000, COUNTED = 16384 /* pairs, and addresses */ };

struct attempts {
	_Atomic uint64_t per_pair, per_address; /* as in struct attempts_options */
	uint64_t (*clock)(void);
	struct rates *pairs, *addresses; /* wrong ones */
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

/* Until the key's window ends, when there were as many as may be. */
static uint64_t wait_of(const struct rates *rates, const char *key, uint64_t most, uint64_t now)
{
	return most > 0 && rate_look(rates, key, now) >= most ? rate_left(rates, key, now) : 0;
}

uint64_t attempt_wait(const struct attempt *attempt)
{
	const struct attempts *attempts = attempt->attempts;
	uint64_t now = attempts->clock();
	uint64_t pair = wait_of(attempts->pairs, attempt->pair, attempts->per_pair, now);
	uint64_t from = wait_of(attempts->addresses, attempt->from, attempts->per_address, now);

	return pair > from ? pair : from;
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

void attempts_use(struct attempts *attempts, const struct attempts_options *options)
{
	attempts->per_pair = options->per_pair;
	attempts->per_address = options->per_address;
}

struct attempts *attempts_open(const struct attempts_options *options, uint64_t (*clock)(void))
{
	struct attempts *attempts = calloc(1, sizeof(*attempts));

	if (!attempts)
		abort();
	attempts_use(attempts, options);
	attempts->clock = clock ? clock : clock_now;
	attempts->pairs = rates_open(COUNTED, MINUTE);
	attempts->addresses = rates_open(COUNTED, MINUTE);
	return attempts;
}

void attempts_close(struct attempts *attempts)
{
	if (!attempts)
		return;
	rates_close(attempts->pairs);
	rates_close(attempts->addresses);
	free(attempts);
}
