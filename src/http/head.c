#include "http/head.h"

#include "base/codec.h"
#include "http/http.h"

#include <string.h>
#include <strings.h>

/* RFC 9110, 5.6.2 */
static bool is_token_character(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

size_t token_length(const char *text)
{
	size_t length = 0;

	while (is_token_character((unsigned char)text[length]))
		length++;
	return length;
}

static bool is_token(const char *text)
{
	return *text && !text[token_length(text)];
}

/*
 * Looks for the empty line, from the line on in which it stopped last time. 1: *length is that of the head; 0: more; -400: a line that ends in
 * something else than CRLF, or a NUL.
 */
static int find_end(const char *bytes, size_t available, size_t *scanned, size_t *length)
{
	const char *line = bytes + *scanned, *all = bytes + available;

	for (;;) {
		const char *newline = memchr(line, '\n', (size_t)(all - line));
		const char *end = newline ? newline : all;
		const char *cr = memchr(line, '\r', (size_t)(end - line));

		if (memchr(line, '\0', (size_t)(end - line)) || (cr && cr != end - 1) ||
			(newline && !cr))
			return -400;
		*scanned = (size_t)(line - bytes);
		if (!newline)
			return 0;
		if (cr == line && line > bytes) {
			*length = (size_t)(newline + 1 - bytes);
			return 1;
		}
		line = newline + 1;
	}
}

/* What makes a head too long depends on where it is long. */
static int too_long(const char *bytes, size_t available, const struct http_limits *limits)
{
	const char *line = memchr(bytes, '\n', available);
	size_t first = line ? (size_t)(line - bytes) : available;

	return first > limits->target + 64 ? -414 : available > limits->head ? -431 : 0;
}

/* Cuts off the line at *at, of a head in which each ends in CRLF; the last one is empty. */
static char *next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\r');

	*end = '\0';
	*at = end + 2;
	return line;
}

/* RFC 9112, 3: method SP target SP version. */
static int parse_request_line(struct head *head, char *line, size_t target_most)
{
	char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;

	if (!version)
		return -400;
	*target++ = '\0';
	*version++ = '\0';
	for (const char *p = target; *p; p++)
		if (*p <= ' ' || *p > '~')
			return -400;
	if (!is_token(line) || !*target)
		return -400;
	if (strlen(target) > target_most)
		return -414;
	if (strncmp(version, "HTTP/", 5) != 0 || strlen(version) != 8 || version[6] != '.' ||
		!strchr("0123456789", version[5]) || !strchr("0123456789", version[7]))
		return -400;
	if (version[5] != '1')
		return -505;
	head->method = line;
	head->target = target;
	head->http_1_0 = version[7] == '0';
	return 0;
}

/* Fields that mean something only once: a second one is a request that somebody else may read otherwise. */
static bool is_single(const char *name)
{
	static const char *const names[] = {"Host", "Authorization", "Destination", "Depth",
		"Overwrite", "If", "If-Range", "If-Modified-Since", "If-Unmodified-Since",
		"Lock-Token", "Timeout", "Expect", "Range"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return strncasecmp(name, "Content-", 8) == 0;
}

static const char *value_of(struct head *head, const char *name)
{
	const struct header *header = header_find(head->headers, head->header_count, name);

	return header ? header->value : NULL;
}

/* RFC 9112, 5: token ":" OWS value OWS; no folding. */
static int parse_field(struct arena *arena, struct head *head, char *line)
{
	char *value = strchr(line, ':'), *end;
	struct header *before;

	if (!value)
		return -400;
	*value++ = '\0';
	if (!is_token(line))
		return -400;
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	for (const unsigned char *p = (unsigned char *)value; *p; p++)
		if ((*p < ' ' && *p != '\t') || *p == 0x7f)
			return -400;
	before = header_find(head->headers, head->header_count, line);
	if (before && is_single(line))
		return -400;
	if (before)
		before->value = arena_printf(arena, "%s, %s", before->value, value);
	else
		head->headers[head->header_count++] = (struct header){line, value};
	return 0;
}

/* RFC 9112, 6: how long the body is, if anything says so without doubt. */
static int measure_body(struct head *head)
{
	const char *length = value_of(head, "Content-Length"),
		   *coding = value_of(head, "Transfer-Encoding");

	if (coding && (length || head->http_1_0))
		return -400;
	if (coding && strcasecmp(coding, "chunked") != 0)
		return -501;
	if (length && decimal_parse(length, &head->content_length) < 0)
		return -400;
	if (coding)
		head->content_length = -1;
	head->has_body = head->content_length != 0;
	return 0;
}

bool list_holds(const char *list, const char *token)
{
	size_t length = strlen(token);

	while (list && *list) {
		list += strspn(list, ", \t");
		size_t word = strcspn(list, ", \t");
		if (word == length && strncasecmp(list, token, length) == 0)
			return true;
		list += word;
	}
	return false;
}

/* What the fields say about the connection and the body. */
static int interpret(struct head *head)
{
	const char *connection = value_of(head, "Connection"), *expect = value_of(head, "Expect");
	int status = measure_body(head);

	if (status < 0)
		return status;
	if (!value_of(head, "Host") && !head->http_1_0)
		return -400;
	head->keep_alive = head->http_1_0 ? list_holds(connection, "keep-alive")
					  : !list_holds(connection, "close");
	if (expect && !head->http_1_0) {
		if (strcasecmp(expect, "100-continue") != 0)
			return -417;
		head->expect_continue = head->has_body;
	}
	return 0;
}

/* Room for as many fields as there are lines, `most` at most. */
static struct header *make_fields(
	struct arena *arena, const char *bytes, size_t length, size_t most)
{
	const char *end = bytes + length;
	size_t lines = 0;

	while (lines < most && (bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		bytes++;
		lines++;
	}
	return arena_alloc(arena, lines * sizeof(struct header));
}

int head_parse(struct arena *arena, const char *bytes, size_t available, size_t *scanned,
	const struct http_limits *limits, struct head *head, size_t *length)
{
	size_t skipped = 0;
	char *at;
	bool whole;
	int status;

	/* RFC 9112, 2.2: one empty line may stand before a request. */
	if (available >= 2 && bytes[0] == '\r' && bytes[1] == '\n')
		skipped = 2;
	*scanned = *scanned > skipped ? *scanned - skipped : 0;
	status = find_end(bytes + skipped, available - skipped, scanned, length);
	*scanned += skipped;
	if (status < 0)
		return status;
	*length += skipped;
	whole = status == 1;
	status = too_long(bytes + skipped, (whole ? *length : available) - skipped, limits);
	if (status < 0 || !whole)
		return status;
	*head = (struct head){
		.headers = make_fields(arena, bytes + skipped, *length - skipped, limits->fields)};
	at = arena_strndup(arena, bytes + skipped, *length - skipped);
	status = parse_request_line(head, next_line(&at), limits->target);
	for (size_t fields = 0; status == 0 && strncmp(at, "\r\n", 2) != 0; fields++)
		status = fields == limits->fields ? -431 : parse_field(arena, head, next_line(&at));
	if (status == 0)
		status = interpret(head);
	return status < 0 ? status : 1;
}
