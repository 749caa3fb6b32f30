#include "xmpp/recent.h"

#include "base/siphash.h"

#include <stdlib.h>
#include <string.h>

enum { SETS = 8192, WAYS = 7 };

/* JIDs are told by their hashes alone: who is taken for another must name the identifier. */
struct set {
	uint64_t hash[WAYS];
	uint64_t until[WAYS];
	uint64_t forgotten; /* the latest `until` that had to go */
};

struct recent {
	struct siphash_key key;
	struct set sets[SETS];
};

void recent_add(struct recent *recent, const char *bare, uint64_t until)
{
	uint64_t hash = siphash(&recent->key, bare, strlen(bare));
	struct set *set = &recent->sets[hash % SETS];
	size_t place = 0;

	for (size_t i = 0; i < WAYS; i++) {
		if (set->hash[i] == hash) {
			place = i;
			break;
		}
		if (set->until[i] < set->until[place])
			place = i;
	}
	/* Whoever is driven out is remembered in general; when their time is over already, this changes nothing. */
	if (set->hash[place] != hash && set->until[place] > set->forgotten)
		set->forgotten = set->until[place];
	if (set->hash[place] != hash || set->until[place] < until)
		set->until[place] = until;
	set->hash[place] = hash;
}

bool recent_has(const struct recent *recent, const char *bare, uint64_t now)
{
	uint64_t hash = siphash(&recent->key, bare, strlen(bare));
	const struct set *set = &recent->sets[hash % SETS];

	for (size_t i = 0; i < WAYS; i++)
		if (set->hash[i] == hash && now < set->until[i])
			return true;
	return now < set->forgotten;
}

struct recent *recent_open(void)
{
	struct recent *recent = calloc(1, sizeof(*recent));

	if (!recent)
		abort();
	siphash_key_make(&recent->key);
	return recent;
}

void recent_close(struct recent *recent)
{
	free(recent);
}
