/*
 * How often something has happened of late, for each of many keys, in a table of fixed size: what limits count. From any thread, without a lock.
 *
 * A key's window begins with its first event and lasts as long as the table says; then the key starts again at nothing. Where a key
 * lies depends on a random secret, so nobody can aim at another's place. When the places that a key may take are full, the key whose window
 * began first is forgotten: a limit then lets more through, it never locks out who did nothing. One in about 100,000 keys may be
 * counted together with another, so this is for limits and not for proofs.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { RATE_MOST = 65535 /* counts go no further */ };

struct rates;

/* For that many keys at once (rounded up to a power of two, 8 at least; 8 bytes each). window: milliseconds, a day at most. */
struct rates *rates_open(size_t slots, uint64_t window);

/* NULL is nothing. */
void rates_close(struct rates *rates);

/* Counts an event, at `now` (milliseconds of a monotonic clock). How many there were in the window, with this one. */
uint32_t rate_count(struct rates *rates, const char *key, uint64_t now);

/* How many there were; counts nothing. */
uint32_t rate_look(const struct rates *rates, const char *key, uint64_t now);

/* Counts an event as the first of a window that begins now. */
void rate_renew(struct rates *rates, const char *key, uint64_t now);

/* Takes back an event that was counted at `when`; nothing happens when a new window has begun since. */
void rate_undo(struct rates *rates, const char *key, uint64_t when);

/* Milliseconds until the key's window ends, never too few; 0: nothing is counted. Windows are exact to some 30 ms. */
uint64_t rate_left(const struct rates *rates, const char *key, uint64_t now);
