/* Ranges of bytes (RFC 9110, 14). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct span {
	uint64_t offset, length; /* bytes */
};

/*
 * spans: room for `most`. 1: the spans that were asked for, in that order, those that lie in `total` bytes; 0: no usable ranges, send everything (another unit,
 * malformed, more than `most`, overlapping); -ERANGE: nothing of them lies in `total` bytes (416).
 */
int ranges_parse(const char *range, uint64_t total, struct span *spans, size_t most, size_t *count);
