/*
 * Nonces of our own (RFC 7616, 3.3 and 5.4): nothing is kept of one until it is used, for it carries its time and a code that only
 * we can make; and a count is good once. From any thread, without a lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nonces;

enum {
	NONCE_TEXT = 81,   /* hex digits and NUL */
	NONCE_WINDOW = 64, /* how far a count may lie behind the highest that was used */
	NONCE_OPAQUE = 33,
};

enum nonce_state {
	NONCE_FOREIGN, /* not ours */
	NONCE_OLD,     /* ours, from too long ago or an earlier life of the daemon */
	NONCE_GOOD,
};

/*
 * The secret outlives a restart, so that a nonce from before is known as ours. One is good for `time` milliseconds. clock in milliseconds;
 * NULL: the monotonic one.
 */
struct nonces *nonces_open(
	const void *secret, size_t length, uint64_t time, uint64_t (*clock)(void));

/* NULL is nothing. */
void nonces_close(struct nonces *nonces);

/* What the server says beside its nonces and gets back unchanged: always the same, like the secret. */
const char *nonces_opaque(const struct nonces *nonces);

/* Never the same twice. */
void nonce_make(struct nonces *nonces, char out[NONCE_TEXT]);

/* NONCE_GOOD: number is what nonce_use() wants. */
enum nonce_state nonce_check(const struct nonces *nonces, const char *text, uint64_t *number);

/*
 * Whether this count (1 or more) may be used, which it then has been. Of any number of threads that ask for the same one, one is
 * told yes. False also for a count that is too far behind, and for a nonce whose memory was given to another: 8,192 later ones can
 * be used before that happens.
 */
bool nonce_use(struct nonces *nonces, uint64_t number, uint32_t count);
