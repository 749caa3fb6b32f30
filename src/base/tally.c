#include "base/tally.h"

#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64 };

const struct bounds bounds_time = {13, {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000,
					       500000, 2500000, 10000000, 60000000}};

const struct bounds bounds_count = {10, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}};

void *tally_new(size_t size)
{
	size_t whole = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	void *tallies = aligned_alloc(CACHE_LINE, whole);

	if (!tallies)
		abort();
	return memset(tallies, 0, whole);
}

void histogram_add(struct histogram *histogram, const struct bounds *bounds, uint64_t value)
{
	size_t i = 0;

	while (i < bounds->count && value > bounds->most[i])
		i++;
	tally_add(&histogram->buckets[i], 1);
	tally_add(&histogram->sum, value);
}

void distribution_add(struct distribution *out, const struct histogram *histogram)
{
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		uint64_t count = tally_of(&histogram->buckets[i]);

		out->buckets[i] += count;
		out->count += count;
	}
	out->sum += tally_of(&histogram->sum);
}
