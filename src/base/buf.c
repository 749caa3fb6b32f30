#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_TEXT = 64 /* bytes of what is printed; more is printed twice */ };

char *buf_grow(struct buf *buf, size_t len)
{
	if (len > SIZE_MAX / 2 - buf->len)
		abort();
	size_t need = buf->len + len, size = buf->size ? buf->size : 64;
	while (size < need)
		size *= 2;
	char *data = realloc(buf->data, size);
	if (!data)
		abort();
	buf->data = data;
	buf->size = size;
	return data + buf->len;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	char *room = buf_room(buf, USUAL_TEXT);
	va_list args;
	va_start(args, format);
	int length = vsnprintf(room, USUAL_TEXT, format, args);
	va_end(args);
	if (length < 0)
		abort();
	if (length >= USUAL_TEXT) {
		room = buf_room(buf, (size_t)length + 1);
		va_start(args, format);
		vsnprintf(room, (size_t)length + 1, format, args);
		va_end(args);
	}
	buf->len += (size_t)length;
}

void buf_number(struct buf *buf, uint64_t number)
{
	char digits[20], *first = digits + sizeof(digits);

	do
		*--first = (char)('0' + number % 10);
	while (number /= 10);
	buf_append(buf, first, (size_t)(digits + sizeof(digits) - first));
}

void buf_consume(struct buf *buf, size_t len)
{
	buf->len -= len;
	if (buf->len)
		memmove(buf->data, buf->data + len, buf->len);
}

char *buf_text(struct buf *buf)
{
	*buf_room(buf, 1) = '\0';
	return buf->data;
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}
