#include "http/body.h"

#include "base/codec.h"
#include "http/head.h"

#include <errno.h>

void body_begin(struct body *body, int64_t content_length)
{
	*body = (struct body){
		.chunked = content_length < 0,
		.done = content_length == 0,
		.remaining = content_length < 0 ? 0 : (uint64_t)content_length,
	};
}

/* RFC 9112, 7.1: at most 16 digits. */
static int size_digit(struct body *body, char c)
{
	int value = hex_digit(c);

	if (value >= 0) {
		if (++body->digits > 16 || body->remaining >> 60)
			return -EINVAL;
		body->remaining = body->remaining << 4 | (uint64_t)value;
		return 0;
	}
	if (body->digits == 0)
		return -EINVAL;
	if (c == '\r')
		body->state = CHUNK_SIZE_LF;
	else if (c == ';')
		body->state = CHUNK_EXTENSION;
	else if (c == ' ' || c == '\t')
		body->state = CHUNK_SPACE;
	else
		return -EINVAL;
	return 0;
}

/* Behind a size and a blank comes an extension alone: others may read "1 0" as 10. */
static int space(struct body *body, char c)
{
	if (c == ';')
		body->state = CHUNK_EXTENSION;
	else if (c != ' ' && c != '\t')
		return -EINVAL;
	return ++body->line > CHUNK_LINE_MAX ? -EINVAL : 0;
}

static bool is_token(char c)
{
	return token_length((const char[]){c, '\0'}) == 1;
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

/* Whether the line ends where a quotation mark is open, readers disagree: it must be closed before, and stand where a value begins. */
static int quoted(struct body *body, char c)
{
	if (is_control(c))
		return -EINVAL;
	if (body->state == CHUNK_QUOTED_PAIR)
		body->state = CHUNK_QUOTED;
	else if (c == '\\')
		body->state = CHUNK_QUOTED_PAIR;
	else if (c == '"')
		body->state = CHUNK_EXTENSION;
	return 0;
}

/* RFC 9112, 7.1.1: extensions are passed over. */
static int extension(struct body *body, char c)
{
	if (++body->line > CHUNK_LINE_MAX)
		return -EINVAL;
	if (body->state == CHUNK_QUOTED || body->state == CHUNK_QUOTED_PAIR)
		return quoted(body, c);
	if (c == ' ' || c == '\t')
		return 0;
	if (body->state == CHUNK_VALUE && c == '"')
		body->state = CHUNK_QUOTED;
	else if (is_token(c))
		body->state = CHUNK_EXTENSION;
	else if (body->state == CHUNK_VALUE)
		return -EINVAL;
	else if (c == '=')
		body->state = CHUNK_VALUE;
	else if (c == '\r')
		body->state = CHUNK_SIZE_LF;
	else if (c != ';')
		return -EINVAL;
	return 0;
}

static int size_ended(struct body *body, char c)
{
	if (c != '\n' || body->remaining > INT64_MAX)
		return -EINVAL;
	body->state = body->remaining ? CHUNK_DATA : TRAILER_LINE;
	body->digits = body->line = 0;
	return 0;
}

/* RFC 9112, 7.1.2: trailers are fields, and thrown away. */
static int trailer(struct body *body, char c)
{
	if (++body->line > TRAILERS_MAX)
		return -EINVAL;
	if (c == '\r' && body->state != TRAILER_NAME)
		body->state = body->state == TRAILER_LINE ? TRAILER_END_LF : TRAILER_LF;
	else if (body->state != TRAILER_IN_LINE && is_token(c))
		body->state = TRAILER_NAME;
	else if (c == ':' && body->state == TRAILER_NAME)
		body->state = TRAILER_IN_LINE;
	else if (body->state != TRAILER_IN_LINE || is_control(c))
		return -EINVAL;
	return 0;
}

static int expect(struct body *body, char c, char expected, int next)
{
	body->state = (__typeof__(body->state))next;
	return c == expected ? 0 : -EINVAL;
}

static int framing(struct body *body, char c)
{
	switch (body->state) {
	case CHUNK_SIZE:
		return size_digit(body, c);
	case CHUNK_SPACE:
		return space(body, c);
	case CHUNK_EXTENSION:
	case CHUNK_VALUE:
	case CHUNK_QUOTED:
	case CHUNK_QUOTED_PAIR:
		return extension(body, c);
	case CHUNK_SIZE_LF:
		return size_ended(body, c);
	case CHUNK_DATA_CR:
		return expect(body, c, '\r', CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		return expect(body, c, '\n', CHUNK_SIZE);
	case TRAILER_LINE:
	case TRAILER_NAME:
	case TRAILER_IN_LINE:
		return trailer(body, c);
	case TRAILER_LF:
		return expect(body, c, '\n', TRAILER_LINE);
	case TRAILER_END_LF:
		body->done = c == '\n';
		return body->done ? 0 : -EINVAL;
	case CHUNK_DATA:
		break;
	}
	return -EINVAL;
}

static bool at_content(const struct body *body)
{
	return body->remaining > 0 && (!body->chunked || body->state == CHUNK_DATA);
}

int body_read(struct body *body, const char *bytes, size_t available, const char **data,
	size_t *size, size_t *used)
{
	*size = *used = 0;
	while (!body->done && *used < available && !at_content(body))
		if (framing(body, bytes[(*used)++]) < 0)
			return -EINVAL;
	if (body->done || !at_content(body))
		return 0;
	*data = bytes + *used;
	*size = available - *used;
	if (*size > body->remaining)
		*size = (size_t)body->remaining;
	*used += *size;
	body->remaining -= *size;
	if (body->remaining == 0 && body->chunked)
		body->state = CHUNK_DATA_CR;
	else if (body->remaining == 0)
		body->done = true;
	return 0;
}
