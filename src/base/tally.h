/*
 * What is counted while requests are served, for little more than the addition: each count is written by one thread, and read by any. Who counts keeps its
 * tallies in memory of its own (tally_new()), so that no two threads write one cache line; who asks sums them up.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* By the one thread that writes it. */
static inline void tally_add(_Atomic uint64_t *tally, uint64_t more)
{
	atomic_store_explicit(tally, atomic_load_explicit(tally, memory_order_relaxed) + more,
		memory_order_relaxed);
}

/* From any thread. */
static inline uint64_t tally_of(const _Atomic uint64_t *tally)
{
	return atomic_load_explicit(tally, memory_order_relaxed);
}

/* Zeroed memory that shares no cache line with other; for free(). */
void *tally_new(size_t size);

enum { HISTOGRAM_BOUNDS = 16 };

/* The upper bounds of its buckets, growing, each included; in which units is the caller's. Above the last there is one bucket more. */
struct bounds {
	size_t count;
	uint64_t most[HISTOGRAM_BOUNDS];
};

/* Microseconds, from 100 us to a minute. */
extern const struct bounds bounds_time;
/* Powers of two, from 1 to 512. */
extern const struct bounds bounds_count;

struct histogram {
	_Atomic uint64_t buckets[HISTOGRAM_BOUNDS + 1];
	_Atomic uint64_t sum;
};

/* By the one thread that writes it. */
void histogram_add(struct histogram *histogram, const struct bounds *bounds, uint64_t value);

/* What several histograms of the same bounds add up to. */
struct distribution {
	uint64_t buckets[HISTOGRAM_BOUNDS + 1];
	uint64_t sum, count;
};

/* Adds a histogram to `out`; from any thread. */
void distribution_add(struct distribution *out, const struct histogram *histogram);
