#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* AddressSanitizer sees a block as one piece: it is told what of it is nobody's, so that it finds whoever reads or writes behind what they took. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#ifdef SANITIZED
#include <sanitizer/asan_interface.h>
enum { FENCE = 16 };
#define FENCE_OFF(bytes, size) ASAN_POISON_MEMORY_REGION(bytes, size)
#define GIVE_OUT(bytes, size)  ASAN_UNPOISON_MEMORY_REGION(bytes, size)
#else
enum { FENCE = 0 };
#define FENCE_OFF(bytes, size) ((void)(bytes))
#define GIVE_OUT(bytes, size)  ((void)(bytes))
#endif

enum { BLOCK_SIZE = 4096, USUAL_TEXT = 256 };

struct block {
	struct block *next;
	size_t size; /* of data */
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct block *newest;
};

static struct block *block_new(size_t size, struct block *next)
{
	struct block *block = malloc(sizeof(*block) + size);
	if (!block)
		abort();
	block->next = next;
	block->size = size;
	block->used = 0;
	FENCE_OFF(block->data, size);
	return block;
}

struct arena *arena_new_small(size_t size)
{
	struct arena *arena = malloc(sizeof(*arena));
	if (!arena)
		abort();
	arena->newest = block_new(size, NULL);
	return arena;
}

struct arena *arena_new(void)
{
	return arena_new_small(BLOCK_SIZE);
}

void arena_reset(struct arena *arena)
{
	/* The first block is at the end of the chain: it is the only one of the arena's own size for sure. */
	while (arena->newest->next) {
		struct block *block = arena->newest;
		arena->newest = block->next;
		free(block);
	}
	arena->newest->used = 0;
	FENCE_OFF(arena->newest->data, arena->newest->size);
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	arena_reset(arena);
	free(arena->newest);
	free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t need = (size + FENCE + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (need < size)
		abort();
	struct block *block = arena->newest;
	if (block->size - block->used < need) {
		block = block_new(need > BLOCK_SIZE ? need : BLOCK_SIZE, block);
		arena->newest = block;
	}
	void *bytes = block->data + block->used;
	block->used += need;
	GIVE_OUT(bytes, size);
	return memset(bytes, 0, size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);
	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_join(struct arena *arena, ...)
{
	size_t length = 0;
	const char *text;
	va_list args;

	va_start(args, arena);
	while ((text = va_arg(args, const char *)))
		length += strlen(text);
	va_end(args);
	char *joined = arena_alloc(arena, length + 1), *at = joined;
	va_start(args, arena);
	while ((text = va_arg(args, const char *)))
		at = stpcpy(at, text);
	va_end(args);
	return joined;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	char usual[USUAL_TEXT];
	va_list args;
	va_start(args, format);
	int length = vsnprintf(usual, sizeof(usual), format, args);
	va_end(args);
	if (length < 0)
		abort();
	if ((size_t)length < sizeof(usual))
		return arena_strndup(arena, usual, (size_t)length);
	char *text = arena_alloc(arena, (size_t)length + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}
