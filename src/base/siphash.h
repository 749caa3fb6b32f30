/* SipHash-2-4 (Aumasson and Bernstein, 2012): for tables that outsiders fill. Who does not know the key cannot choose where something lands. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t words[2];
};

/* A fresh one. */
void siphash_key_make(struct siphash_key *key);

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t length);
