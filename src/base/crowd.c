#include "base/crowd.h"

#include "base/siphash.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 2, PLACES = 1 << 14 };

struct crowd {
	struct siphash_key key;
	atomic_uint places[ROWS][PLACES];
};

struct crowd *crowd_open(void)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	if (!crowd)
		abort();
	siphash_key_make(&crowd->key);
	return crowd;
}

void crowd_close(struct crowd *crowd)
{
	free(crowd);
}

/* A place in each row: two halves of one hash. */
static void find(struct crowd *crowd, const char *key, atomic_uint *found[ROWS])
{
	uint64_t hash = siphash(&crowd->key, key, strlen(key));

	for (int i = 0; i < ROWS; i++)
		found[i] = &crowd->places[i][hash >> 32 * i & (PLACES - 1)];
}

bool crowd_enter(struct crowd *crowd, const char *key, uint64_t most)
{
	atomic_uint *found[ROWS];
	unsigned least = UINT32_MAX;

	find(crowd, key, found);
	for (int i = 0; i < ROWS; i++) {
		unsigned here = atomic_fetch_add(found[i], 1);

		least = here < least ? here : least;
	}
	if (most == 0 || least < most)
		return true;
	crowd_leave(crowd, key);
	return false;
}

void crowd_leave(struct crowd *crowd, const char *key)
{
	atomic_uint *found[ROWS];

	find(crowd, key, found);
	for (int i = 0; i < ROWS; i++)
		atomic_fetch_sub(found[i], 1);
}
