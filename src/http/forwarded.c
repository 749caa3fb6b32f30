#include "http/forwarded.h"

#include "dav/request.h"
#include "http/head.h"

#include <string.h>
#include <strings.h>

/* RFC 7239, 4: what one proxy says, NULL where it says nothing. */
struct element {
	const char *node, *host, *scheme;
};

static void skip(const char **at)
{
	*at += strspn(*at, " \t");
}

/* False, and nothing is changed: no address. Some proxies write "unknown", or a name of their own making. */
static bool take_address(struct forwarded *out, const char *text)
{
	return address_normalise(text, out->address) == 0;
}

/* 0, or -400: neither http nor https. */
static int take_scheme(struct forwarded *out, const char *text)
{
	bool secure = strcasecmp(text, "https") == 0;

	if (!secure && strcasecmp(text, "http") != 0)
		return -400;
	out->scheme = secure ? "https" : "http";
	return 0;
}

/* ---- X-Forwarded-For, -Host, -Proto ---- */

/* Each proxy has appended whom it was asked by: read from the right, for as long as those who say it are trusted. */
static void walk_addresses(
	struct arena *arena, const char *list, const char *trusted, struct forwarded *out)
{
	char *rest = arena_strdup(arena, list), *comma = rest;

	while (comma && address_in(out->address, trusted)) {
		comma = strrchr(rest, ',');
		char *last = comma ? comma + 1 : rest;

		last += strspn(last, " \t");
		last[strcspn(last, " \t")] = '\0';
		if (!take_address(out, last))
			return;
		if (comma)
			*comma = '\0';
	}
}

/* A host or scheme that was said twice has a comma in it, and is none. */
static int read_separate(const struct request *request, const char *addresses, const char *host,
	const char *scheme, const char *trusted, struct forwarded *out)
{
	if (addresses)
		walk_addresses(request->arena, addresses, trusted, out);
	out->host = host;
	return scheme ? take_scheme(out, scheme) : 0;
}

/* ---- Forwarded ---- */

/* RFC 9110, 5.6.4: what stands between the quotes; NULL: there is no end. */
static const char *read_quoted(struct arena *arena, const char **at)
{
	const char *from = *at + 1, *end = from;
	char *text, *to;

	while (*end && *end != '"')
		end += *end == '\\' && end[1] ? 2 : 1;
	if (!*end)
		return NULL;
	text = to = arena_alloc(arena, (size_t)(end - from) + 1);
	for (; from < end; from++) {
		from += *from == '\\';
		*to++ = *from;
	}
	*at = end + 1;
	return text;
}

static const char *read_token(struct arena *arena, const char **at)
{
	size_t length = token_length(*at);

	*at += length;
	return length ? arena_strndup(arena, *at - length, length) : NULL;
}

/* token "=" ( token / quoted-string ), each name once. */
static int read_pair(struct arena *arena, const char **at, struct element *element)
{
	const char *name = read_token(arena, at), *value, **place = NULL;

	if (!name || *(*at)++ != '=')
		return -400;
	value = **at == '"' ? read_quoted(arena, at) : read_token(arena, at);
	if (!value)
		return -400;
	if (strcasecmp(name, "for") == 0)
		place = &element->node;
	else if (strcasecmp(name, "host") == 0)
		place = &element->host;
	else if (strcasecmp(name, "proto") == 0)
		place = &element->scheme;
	if (place && *place)
		return -400;
	if (place)
		*place = value;
	return 0;
}

/* [ pair ] *( ";" [ pair ] ), up to a comma or the end. */
static int read_element(struct arena *arena, const char **at, struct element *element)
{
	for (skip(at); **at && **at != ','; skip(at)) {
		if (**at != ';' && read_pair(arena, at, element) < 0)
			return -400;
		skip(at);
		if (**at == ';')
			++*at;
		else if (**at && **at != ',')
			return -400;
	}
	return 0;
}

/* RFC 7239, 6: an address, an IPv6 one in brackets, perhaps with a port. */
static const char *address_of(struct arena *arena, const char *node)
{
	bool six = *node == '[';

	return arena_strndup(arena, node + six, strcspn(node + six, six ? "]" : ":"));
}

/* From the right, as above; what the outermost of the trusted ones says is nearest to what the client has sent. */
static int walk_elements(struct arena *arena, const struct element *elements, size_t count,
	const char *trusted, struct forwarded *out)
{
	while (count-- > 0 && address_in(out->address, trusted)) {
		const struct element *element = &elements[count];

		if (element->host)
			out->host = element->host;
		if (element->scheme && take_scheme(out, element->scheme) < 0)
			return -400;
		if (!element->node || !take_address(out, address_of(arena, element->node)))
			return 0;
	}
	return 0;
}

static int read_forwarded(
	struct arena *arena, const char *field, const char *trusted, struct forwarded *out)
{
	struct element *elements;
	size_t count = 1;

	for (const char *at = field; *at; at++)
		count += *at == ',';
	elements = arena_alloc(arena, count * sizeof(*elements));
	count = 0;
	do {
		if (read_element(arena, &field, &elements[count++]) < 0)
			return -400;
	} while (*field++);
	return walk_elements(arena, elements, count, trusted, out);
}

int forwarded_read(
	const struct request *request, const char *peer, const char *trusted, struct forwarded *out)
{
	const char *field, *addresses, *host, *scheme;

	*out = (struct forwarded){0};
	strcpy(out->address, peer);
	if (!address_in(peer, trusted))
		return 0;
	field = request_header(request, "Forwarded");
	addresses = request_header(request, "X-Forwarded-For");
	host = request_header(request, "X-Forwarded-Host");
	scheme = request_header(request, "X-Forwarded-Proto");
	if (field && (addresses || host || scheme))
		return -400;
	return field ? read_forwarded(request->arena, field, trusted, out)
		     : read_separate(request, addresses, host, scheme, trusted, out);
}
