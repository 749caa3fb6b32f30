/*
 * Memory with one end: everything that belongs to a request or a stanza is taken from its arena and
 * dies with it. Memory running out ends the process: what was acknowledged is on disk.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);

/* For what is kept by the thousand: the first block has that many bytes in place of a page's. */
struct arena *arena_new_small(size_t size);
void arena_free(struct arena *arena);

/* Gives all that was taken back and keeps the first block for the next use. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any type, never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
/* Texts, one behind the other; the last argument is NULL. */
char *arena_join(struct arena *arena, ...) __attribute__((sentinel));
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
