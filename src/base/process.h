/* What the system says of this process. */
#pragma once

#include <stdint.h>

struct process_figures {
	double started, cpu;           /* seconds since the epoch; seconds */
	uint64_t resident;             /* bytes */
	uint64_t descriptors, allowed; /* open ones, and how many may be */
};

/* Once, before process_look(): opens what that reads, which later may not be allowed any more. What cannot be opened is told as 0. */
void process_begin(void);

/* How many may be open; 0: that is not known. */
uint64_t process_descriptors(void);

/* From one thread. */
void process_look(struct process_figures *out);
