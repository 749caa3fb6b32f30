/* The framing of a request's body (RFC 9112, 6 and 7): what of the connection's bytes is content. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHUNK_LINE_MAX = 256, TRAILERS_MAX = 8 << 10 };

struct body {
	bool chunked;
	bool done;          /* all of it was read */
	uint64_t remaining; /* bytes of the content, or of this chunk */
	enum {
		CHUNK_SIZE,
		CHUNK_SPACE,
		CHUNK_EXTENSION,
		CHUNK_VALUE, /* of an extension */
		CHUNK_QUOTED,
		CHUNK_QUOTED_PAIR,
		CHUNK_SIZE_LF,
		CHUNK_DATA,
		CHUNK_DATA_CR,
		CHUNK_DATA_LF,
		TRAILER_LINE,
		TRAILER_NAME,
		TRAILER_IN_LINE,
		TRAILER_LF,
		TRAILER_END_LF,
	} state;
	size_t digits;
	size_t line; /* bytes of framing in this line, or of all trailers */
};

/* content_length: bytes, or -1 for chunked. */
void body_begin(struct body *body, int64_t content_length);

/*
 * Reads framing from the bytes until content comes: *data and *size are content; *used is how many bytes were read, content included. With
 * *size 0 more must come, unless body->done. 0, or -EINVAL: it is malformed, nothing behind it can be trusted.
 */
int body_read(struct body *body, const char *bytes, size_t available, const char **data,
	size_t *size, size_t *used);
