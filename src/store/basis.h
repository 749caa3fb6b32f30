/*
 * What was found in memory, by one glance or several, and so what was made of it: good as long as store_basis_holds(). From any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct tx;

enum { BASIS_MAX = 32 };

struct basis {
	bool whole; /* all was in memory; of what the database was asked nobody is told when it changes */
	uint64_t until; /* of clock_now(), milliseconds */
	size_t count;
	struct stamp {
		size_t place;
		uint64_t batch;
	} stamps[BASIS_MAX];
};

/* Of nothing yet. */
void store_basis_begin(struct basis *basis);

/* With what this glance has found; before its store_read_end(). */
void store_basis_add(struct basis *basis, const struct tx *tx);

bool store_basis_holds(const struct store *store, const struct basis *basis);
