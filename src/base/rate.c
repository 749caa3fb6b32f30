#include "base/rate.h"

#include "base/siphash.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * A slot is one word, so that one compare-and-exchange changes it whole: the key's tag, the beginning of its window, the count. The
 * eight slots of a set lie in one line of the cache; a key belongs to one set.
 */
enum {
	WAYS = 8,
	TAG_BITS = 20,
	START_BITS = 28,
	COUNT_BITS = 16,
	TICK = 32,    /* milliseconds; so times come round after 99 days, */
	SKEW = 10000, /* and threads' clocks may differ by that much */
	DAY = 86400000,
};

_Static_assert(TAG_BITS + START_BITS + COUNT_BITS == 64, "one word");
_Static_assert(RATE_MOST == (1 << COUNT_BITS) - 1, "as many as the word has room for");

struct slot {
	uint32_t tag, start, count;
};

struct rates {
	struct siphash_key key;
	uint32_t window; /* ticks */
	size_t sets;     /* a power of two */
	_Atomic uint64_t *slots;
};

/* Where a key may lie, and when. */
struct place {
	_Atomic uint64_t *set;
	uint32_t tag, now; /* ticks, in START_BITS */
};

static struct slot unpack(uint64_t word)
{
	return (struct slot){
		.tag = (uint32_t)(word >> (START_BITS + COUNT_BITS)),
		.start = (uint32_t)(word >> COUNT_BITS) & ((1u << START_BITS) - 1),
		.count = (uint32_t)word & RATE_MOST,
	};
}

static uint64_t pack(struct slot slot)
{
	return (uint64_t)slot.tag << (START_BITS + COUNT_BITS) |
	       (uint64_t)slot.start << COUNT_BITS | slot.count;
}

static struct place place_of(const struct rates *rates, const char *key, uint64_t now)
{
	uint64_t hash = siphash(&rates->key, key, strlen(key));

	return (struct place){
		.set = &rates->slots[(hash & (rates->sets - 1)) * WAYS],
		.tag = (uint32_t)(hash >> (64 - TAG_BITS)),
		.now = (uint32_t)(now / TICK) & ((1u << START_BITS) - 1),
	};
}

/* Ticks since the window began, and SKEW: what another thread has begun a moment ahead of us is not old. */
static uint32_t age_of(const struct place *place, struct slot slot)
{
	return (place->now - slot.start + SKEW / TICK) & ((1u << START_BITS) - 1);
}

/* A window lasts also when all its events were taken back: so a way that somebody has found does not become free under their hands. */
static bool is_live(const struct rates *rates, const struct place *place, uint64_t word)
{
	return word != 0 && age_of(place, unpack(word)) < rates->window + SKEW / TICK;
}

/*
 * The way that holds the key, with its word; else `*held` is false, and it is the way to take for it: the first free one, else the oldest. All in one
 * look: who begins the same key meanwhile has taken that very way, or one before it that was free no longer.
 */
static int find(const struct rates *rates, const struct place *place, uint64_t *word, bool *held)
{
	uint32_t oldest = 0;
	bool is_free = false;
	int chosen = 0;

	*held = false;
	for (int way = 0; way < WAYS; way++) {
		uint64_t is = atomic_load(&place->set[way]);
		struct slot slot = unpack(is);
		bool live = is_live(rates, place, is);

		if (live && slot.tag == place->tag) {
			*word = is;
			*held = true;
			return way;
		}
		if (!is_free && (way == 0 || !live || age_of(place, slot) > oldest)) {
			chosen = way;
			*word = is;
			oldest = age_of(place, slot);
			is_free = !live;
		}
	}
	return chosen;
}

static uint32_t count(struct rates *rates, const char *key, uint64_t now, bool renew)
{
	struct place place = place_of(rates, key, now);

	for (;;) {
		uint64_t word;
		bool held;
		int way = find(rates, &place, &word, &held);
		struct slot slot = held && !renew
					   ? unpack(word)
					   : (struct slot){.tag = place.tag, .start = place.now};

		if (slot.count < RATE_MOST)
			slot.count++;
		if (atomic_compare_exchange_strong(&place.set[way], &word, pack(slot)))
			return slot.count;
	}
}

uint32_t rate_count(struct rates *rates, const char *key, uint64_t now)
{
	return count(rates, key, now, false);
}

void rate_renew(struct rates *rates, const char *key, uint64_t now)
{
	count(rates, key, now, true);
}

uint32_t rate_look(const struct rates *rates, const char *key, uint64_t now)
{
	struct place place = place_of(rates, key, now);
	uint64_t word;
	bool held;

	find(rates, &place, &word, &held);
	return held ? unpack(word).count : 0;
}

void rate_undo(struct rates *rates, const char *key, uint64_t when)
{
	struct place place = place_of(rates, key, when);

	for (;;) {
		uint64_t word;
		bool held;
		int way = find(rates, &place, &word, &held);
		struct slot slot = unpack(word);

		if (!held || slot.count == 0)
			return;
		slot.count--;
		if (atomic_compare_exchange_strong(&place.set[way], &word, pack(slot)))
			return;
	}
}

uint64_t rate_left(const struct rates *rates, const char *key, uint64_t now)
{
	struct place place = place_of(rates, key, now);
	uint64_t word;
	bool held;

	find(rates, &place, &word, &held);
	if (!held || unpack(word).count == 0)
		return 0;
	return (uint64_t)(rates->window + SKEW / TICK - age_of(&place, unpack(word))) * TICK;
}

struct rates *rates_open(size_t slots, uint64_t window)
{
	struct rates *rates = calloc(1, sizeof(*rates));

	assert(window <= DAY);
	if (!rates)
		abort();
	siphash_key_make(&rates->key);
	rates->window = (uint32_t)((window + TICK - 1) / TICK);
	for (rates->sets = 1; rates->sets * WAYS < slots;)
		rates->sets *= 2;
	rates->slots =
		aligned_alloc(WAYS * sizeof(uint64_t), rates->sets * WAYS * sizeof(uint64_t));
	if (!rates->slots)
		abort();
	for (size_t i = 0; i < rates->sets * WAYS; i++)
		atomic_init(&rates->slots[i], 0);
	return rates;
}

void rates_close(struct rates *rates)
{
	if (!rates)
		return;
	free(rates->slots);
	free(rates);
}
