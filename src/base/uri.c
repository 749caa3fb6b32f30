#include "base/uri.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

/* Decodes one segment, exactly once. NULL: it may not be in a path. */
static char *segment_decode(struct arena *arena, const char *raw, size_t length)
{
	char *text = arena_alloc(arena, length + 1), *at = text;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)raw[i];
		if (c == '%') {
			int high = i + 1 < length ? hex_digit(raw[i + 1]) : -1;
			int low = high >= 0 && i + 2 < length ? hex_digit(raw[i + 2]) : -1;
			if (low < 0)
				return NULL;
			c = (unsigned char)(high << 4 | low);
			i += 2;
		} else if (c == '?' || c == '#') {
			return NULL;
		}
		if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
			return NULL;
		*at++ = (char)c;
	}
	*at = '\0';
	size_t size = (size_t)(at - text);
	if (size == 0 || size > NAME_MAX_BYTES || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return NULL;
	return text_is_utf8(text, size) ? text : NULL;
}

/* Normalisation form C: the two spellings of one name are one name. NULL: too long in that form. */
static const char *name_of(struct arena *arena, const char *spelling)
{
	const char *name = text_nfc(arena, spelling);
	return strlen(name) <= NAME_MAX_BYTES ? name : NULL;
}

int path_parse(struct arena *arena, const char *raw, struct path *out)
{
	if (*raw++ != '/')
		return -EINVAL;
	*out = (struct path){.collection = true};
	size_t count = *raw != '\0';
	for (const char *at = raw; *at; at++)
		count += *at == '/';
	out->segments = arena_alloc(arena, count * sizeof(*out->segments));
	while (*raw) {
		if (out->depth == PATH_DEPTH_MAX)
			return -EINVAL;
		size_t length = strcspn(raw, "/");
		struct segment *segment = &out->segments[out->depth++];
		segment->spelling = segment_decode(arena, raw, length);
		segment->name = segment->spelling ? name_of(arena, segment->spelling) : NULL;
		if (!segment->name)
			return -EINVAL;
		raw += length;
		out->collection = *raw == '/';
		raw += out->collection;
	}
	return 0;
}

/* RFC 3986, 2.3: a bit for each byte, of A-Z a-z 0-9 - . _ ~ */
static bool is_unreserved(char c)
{
	static const uint64_t bits[4] = {0x03ff600000000000, 0x47fffffe87fffffe};
	return bits[(unsigned char)c >> 6] >> (c & 63) & 1;
}

void uri_encode(struct buf *out, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	while (*text) {
		const char *run = text;
		while (is_unreserved(*text))
			text++;
		buf_append(out, run, (size_t)(text - run));
		if (!*text)
			break;
		unsigned char c = (unsigned char)*text++;
		buf_append(out, (char[3]){'%', digits[c >> 4], digits[c & 15]}, 3);
	}
}

char *path_text(struct arena *arena, const struct path *path)
{
	struct buf buf = {0};
	for (size_t i = 0; i < path->depth; i++) {
		buf_puts(&buf, "/");
		uri_encode(&buf, path->segments[i].spelling);
	}
	if (path->depth == 0 || path->collection)
		buf_puts(&buf, "/");
	char *text = arena_strndup(arena, buf.data, buf.len);
	buf_free(&buf);
	return text;
}

static char *lower(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_strndup(arena, text, length);
	for (char *at = copy; *at; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	}
	return copy;
}

/* RFC 3986, 3.2.2, without percent-encodings: none is in a name that can be looked up. */
static bool host_is_good(const char *host, size_t length)
{
	bool literal = length > 2 && host[0] == '[' && host[length - 1] == ']';
	if (length == 0 || length > 255)
		return false;
	for (size_t i = literal; i < length - literal; i++) {
		bool good = literal ? hex_digit(host[i]) >= 0 || host[i] == ':' || host[i] == '.'
				    : is_unreserved(host[i]);
		if (!good)
			return false;
	}
	return true;
}

int authority_parse(struct arena *arena, const char *text, uint16_t default_port, const char **host,
	uint16_t *port)
{
	const char *bracket = *text == '[' ? strchr(text, ']') : text;
	if (!bracket)
		return -EINVAL;
	const char *colon = strchr(bracket, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	if (!host_is_good(text, length))
		return -EINVAL;
	*host = lower(arena, text, length);
	*port = default_port;
	if (colon && colon[1]) { /* "host:" says the default (RFC 3986, 3.2.3) */
		int64_t number;
		if (decimal_parse(colon + 1, &number) < 0 || number < 1 || number > 65535)
			return -EINVAL;
		*port = (uint16_t)number;
	}
	return 0;
}

uint16_t url_port(const char *scheme)
{
	return strcmp(scheme, "https") == 0 ? 443 : 80;
}

int url_parse(struct arena *arena, const char *text, struct url *out)
{
	size_t scheme = strcspn(text, ":");
	if (strncmp(text + scheme, "://", 3) != 0)
		return -EINVAL;
	out->scheme = lower(arena, text, scheme);
	if (strcmp(out->scheme, "https") != 0 && strcmp(out->scheme, "http") != 0)
		return -EINVAL;
	const char *authority = text + scheme + 3;
	size_t length = strcspn(authority, "/?#");
	const char *target = authority + length;
	for (const char *at = target; *at; at++) {
		if (*at <= ' ' || *at > '~' || *at == '#')
			return -EINVAL;
	}
	out->target =
		*target == '/' ? arena_strdup(arena, target) : arena_printf(arena, "/%s", target);
	return authority_parse(arena, arena_strndup(arena, authority, length),
		url_port(out->scheme), &out->host, &out->port);
}
