/* A growing run of bytes. Zero-initialised is empty and valid. Memory running out ends the process. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;
	size_t len;  /* bytes in use */
	size_t size; /* bytes allocated */
};

void buf_append(struct buf *buf, const void *bytes, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In decimal. */
void buf_number(struct buf *buf, uint64_t number);

/* Makes room for `len` more bytes and returns where they go; the caller then adds to buf->len. */
char *buf_room(struct buf *buf, size_t len);

/* Drops the first `len` bytes. */
void buf_consume(struct buf *buf, size_t len);

/* A NUL behind the last byte, not counted in len; returns data. */
char *buf_text(struct buf *buf);

void buf_free(struct buf *buf);
