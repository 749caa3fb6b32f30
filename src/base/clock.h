/* The time that is measured, not told. */
#pragma once

#include <stdint.h>

/* Milliseconds of a clock that never goes back; from any thread. */
uint64_t clock_now(void);

/* The same in microseconds. */
uint64_t clock_fine(void);
