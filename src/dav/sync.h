/* Tokens of RFC 6578: the number of a change of the store, as a URI. */
#pragma once

#include <stdint.h>

struct buf;

#define SYNC_TOKEN "urn:missive:sync:"
void sync_token(struct buf *out, int64_t change);
