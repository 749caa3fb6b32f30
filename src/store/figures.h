/* What there is to count of a store. */
#pragma once

#include "base/tally.h"

struct store;

/* What the store is like, and what it has done since it was opened. */
struct store_figures {
	uint64_t resources, stored;  /* all accounts' resources, and their bytes */
	uint64_t free;               /* bytes of the disk, with what keep-free holds back */
	uint64_t log;                /* bytes of the write-ahead log */
	uint64_t changes, failed;    /* that were taken; and those that did not get onto the disk */
	struct distribution batches; /* how many changes each COMMIT had: bounds_count */
	struct distribution commits; /* how long each COMMIT took: bounds_time */
};

/* From any thread. 0 or negative errno. */
int store_figures(struct store *store, struct store_figures *out);
