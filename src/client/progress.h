/* A bar on the terminal for what takes longer than a second; nothing in a pipe. */
#pragma once

#include <stdint.h>

struct progress {
	const char *label;     /* NULL: no bar */
	uint64_t began, shown; /* milliseconds */
};

void progress_begin(struct progress *progress, const char *label);

/* bytes of total; total 0: unknown. */
void progress_show(struct progress *progress, uint64_t bytes, uint64_t total);
void progress_end(struct progress *progress);
