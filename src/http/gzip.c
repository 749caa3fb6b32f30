#include "http/gzip.h"

#include "base/buf.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

/*
 * A listing repeats itself from row to row, so that a small window finds nearly all that a large one would: 4 KiB of it take 32 KiB of
 * memory for each answer under way, where zlib's own choice takes 256 KiB. The fastest level: time is what a listing has least of.
 */
enum { WINDOW_BITS = 12, GZIP_FORMAT = 16, MEMORY_LEVEL = 5, LEVEL = 1, PIECE = 16 << 10 };

struct gzip {
	z_stream stream;
};

struct gzip *gzip_open(void)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));

	if (!gzip || deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS + GZIP_FORMAT,
			     MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	return gzip;
}

void gzip_write(struct gzip *gzip, const void *bytes, size_t length, bool last, struct buf *out)
{
	z_stream *stream = &gzip->stream;
	int result = Z_OK;

	assert(length <= UINT_MAX);
	stream->next_in = (z_const Bytef *)bytes;
	stream->avail_in = (uInt)length;
	do {
		stream->next_out = (Bytef *)buf_room(out, PIECE);
		stream->avail_out = PIECE;
		result = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH);
		assert(result != Z_STREAM_ERROR);
		out->len += PIECE - stream->avail_out;
	} while (stream->avail_out == 0);
	assert(stream->avail_in == 0 && (!last || result == Z_STREAM_END));
}

void gzip_close(struct gzip *gzip)
{
	if (!gzip)
		return;
	deflateEnd(&gzip->stream);
	free(gzip);
}

/* ---- Accept-Encoding ---- */

/* RFC 9110, 12.4.2: "0", "1", with up to three digits behind a point; in thousandths. Leaves *at behind it. -1: it is none. */
static int read_weight(const char **at)
{
	const char *p = *at;
	int weight, digit = 100;

	if (*p != '0' && *p != '1')
		return -1;
	weight = (*p++ - '0') * 1000;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && digit > 0; digit /= 10)
			weight += (*p++ - '0') * digit;
	*at = p;
	return weight > 1000 ? -1 : weight;
}

static const char *skip(const char *text)
{
	return text + strspn(text, " \t");
}

/* One coding with its weight, at the start of *at, which is left behind it. The weight, or -1. */
static int read_coding(const char **at, size_t *length)
{
	const char *p = *at;

	*length = strcspn(p, " \t,;");
	p = skip(p + *length);
	*at = p;
	if (*length == 0)
		return -1;
	if (*p != ';')
		return 1000;
	p = skip(p + 1);
	if (strncasecmp(p, "q=", 2) != 0)
		return -1;
	*at = p + 2;
	return read_weight(at);
}

static bool is(const char *text, size_t length, const char *coding)
{
	return strlen(coding) == length && strncasecmp(text, coding, length) == 0;
}

bool gzip_accepted(const char *accept_encoding)
{
	/* -1: it is not named. */
	int gzip = -1, identity = -1, any = -1;
	const char *at = accept_encoding ? accept_encoding : "";

	while (*(at = at + strspn(at, " \t,"))) {
		const char *coding = at;
		size_t length;
		int weight = read_coding(&at, &length);

		at = skip(at);
		if (weight < 0 || (*at && *at != ','))
			return false;
		if (is(coding, length, "gzip") || is(coding, length, "x-gzip"))
			gzip = weight > gzip ? weight : gzip;
		else if (is(coding, length, "identity"))
			identity = weight;
		else if (is(coding, length, "*"))
			any = weight;
	}
	if (gzip < 0)
		gzip = any;
	return gzip > 0 && gzip >= identity;
}
