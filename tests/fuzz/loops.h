/*
 * Loops without threads, time and chance, in place of base's: an input that does something once does it each time. Works, mailboxes and
 * descriptors have their turn one after the other; time passes when it is told to; what is random follows from how often it was asked for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Everybody who has something to do does one thing of it. False: there was nothing. */
bool loops_turn(void);

/* Turns until there is nothing to do; an input that keeps them busy for ever has found something. `drain` (may be NULL) before each. */
void loops_run(void (*drain)(void *arg), void *arg);

/* So much time passes: timers fire that are due by then, in order, the loops run behind each. */
void loops_pass(uint64_t milliseconds, void (*drain)(void *arg), void *arg);

/* Whether anything was handed to the pool since loops_again(). */
bool loops_worked(void);

/* Chance is what it was at the beginning; and time, too. */
void loops_chance_again(void);
void loops_again(void);
