/*
 * Fuzzers: fuzz_NAME.c is one libFuzzer target for parsers of strangers' bytes (script/fuzz), and, with the driver in replay.c, a unit
 * test that runs its seeds in corpus/NAME. What they find out is said by assert(): each holds a parser to what it promises, not
 * only to not crashing.
 */
#pragma once

#include "base/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Takes one input. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Before the first one. Always 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* An input of several texts, a line each. */
struct lines {
	const uint8_t *at;
	size_t left;
};

/* The next one, without its end, cut off at a NUL; "" behind the last. */
static inline const char *line_next(struct arena *arena, struct lines *lines)
{
	const uint8_t *end = lines->left ? memchr(lines->at, '\n', lines->left) : NULL;
	size_t length = end ? (size_t)(end - lines->at) : lines->left;
	const char *line = arena_strndup(arena, length ? (const char *)lines->at : "", length);

	lines->at += length + (end != NULL);
	lines->left -= length + (end != NULL);
	return line;
}

/* Like streq(). */
static inline bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}
