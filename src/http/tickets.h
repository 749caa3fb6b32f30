/*
 * The keys that session tickets are sealed with (RFC 5077; RFC 8446, 4.6.1): the server keeps no session, the client brings it. One
 * set serves all loops and outlives a change of certificates. A ticket holds nothing of who asks: clients have no certificates, and
 * every request is proven for itself.
 */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/* A ticket lives as long as a key seals new ones; then the key opens old ones for as long again, and is gone within a day. */
enum { TICKET_TIME = 12 * 3600 /* s */, TICKET_NAME = 16, TICKET_KEY = 32 };

struct ticket_key {
	unsigned char name[TICKET_NAME];
	unsigned char cipher[TICKET_KEY];
	unsigned char mac[TICKET_KEY];
	uint64_t since; /* as `now` below */
};

struct ticket_keys;

struct ticket_keys *ticket_keys_new(void);

/* No context that they are set in may be in use. */
void ticket_keys_free(struct ticket_keys *keys);

/* Copies the key that seals at `now` (milliseconds, clock_now()), a new one when it is time. From any thread. */
void ticket_keys_seal(struct ticket_keys *keys, uint64_t now, struct ticket_key *key);

/* Copies the key of that name. False when it is not known or too old. From any thread. */
bool ticket_keys_open(struct ticket_keys *keys, uint64_t now, const unsigned char name[TICKET_NAME],
	struct ticket_key *key);

/* Tickets of that context are sealed with `keys`, which must outlive it. */
void ticket_keys_use(struct ticket_keys *keys, SSL_CTX *ssl);
