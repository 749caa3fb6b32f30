/*
 * How many of each key are here at the moment, in a table of fixed size: what caps look at. From any thread, without a lock. Two keys are
 * counted together only when they share both places that each has; where those are depends on a random secret.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct crowd;

struct crowd *crowd_open(void);

/* NULL is nothing. */
void crowd_close(struct crowd *crowd);

/* One more, unless `most` are here already; 0: any number may be. True: crowd_leave() is due. */
bool crowd_enter(struct crowd *crowd, const char *key, uint64_t most);
void crowd_leave(struct crowd *crowd, const char *key);
