/* A growing run of bytes. Zero-initialised is empty and valid. Memory running out ends the process. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;
	size_t len;  /* bytes in use */
	size_t size; /* bytes allocated */
};

/* In decimal. */
void buf_number(struct buf *buf, uint64_t number);

/* What buf_room() does when there is too little. */
char *buf_grow(struct buf *buf, size_t len);

/* Makes room for `len` more bytes and returns where they go; the caller then adds to buf->len. */
static inline char *buf_room(struct buf *buf, size_t len)
{
	return buf->data && len <= buf->size - buf->len ? buf->data + buf->len : buf_grow(buf, len);
}

/* `len` bytes that are known when this is compiled are copied without a call. */
static inline void buf_append(struct buf *buf, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_room(buf, len), bytes, len);
	buf->len += len;
}

static inline void buf_puts(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `len` bytes. */
void buf_consume(struct buf *buf, size_t len);

/* A NUL behind the last byte, not counted in len; returns data. */
char *buf_text(struct buf *buf);

void buf_free(struct buf *buf);
