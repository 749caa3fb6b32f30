/* A Range of bytes (RFC 9110, 14). */
#pragma once

#include <stdint.h>

/*
 * 1: bytes from *offset on, *length of them; 0: no usable range, send everything (another unit, malformed, more
 * than one); -ERANGE: nothing of it lies in `total` bytes (416).
 */
int range_parse(const char *range, uint64_t total, uint64_t *offset, uint64_t *length);
