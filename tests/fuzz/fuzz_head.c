/* The head of a request: what comes in pieces is understood as what comes whole, and nothing ambiguous is let through. */
#include "fuzz.h"

#include "http/head.h"
#include "http/http.h"

#include <strings.h>

static const struct http_limits limits = {.target = 8 << 10, .head = 32 << 10, .fields = 100};

static bool is_same(const struct head *a, const struct head *b)
{
	if (!same(a->method, b->method) || !same(a->target, b->target) ||
		a->http_1_0 != b->http_1_0 || a->keep_alive != b->keep_alive ||
		a->expect_continue != b->expect_continue || a->has_body != b->has_body ||
		a->content_length != b->content_length || a->header_count != b->header_count)
		return false;
	for (size_t i = 0; i < a->header_count; i++)
		if (!same(a->headers[i].name, b->headers[i].name) ||
			!same(a->headers[i].value, b->headers[i].value))
			return false;
	return true;
}

/* As a connection reads it, in ever more bytes. */
static int parse_growing(
	struct arena *arena, const char *bytes, size_t size, struct head *head, size_t *length)
{
	size_t scanned = 0, step = 1 + size / 256;
	int status = 0;

	for (size_t available = 1; status == 0 && available < size + step; available += step) {
		*length = 0;
		status = head_parse(arena, bytes, available < size ? available : size, &scanned,
			&limits, head, length);
	}
	return status;
}

static const char *field(struct head *head, const char *name)
{
	const struct header *header = header_find(head->headers, head->header_count, name);

	return header ? header->value : NULL;
}

/* RFC 9112, 3 to 6, as far as it can be seen in what came out. */
static void check(const char *bytes, size_t length, struct head *head)
{
	const char *coding = field(head, "Transfer-Encoding");

	assert(length >= 16 && memcmp(bytes + length - 4, "\r\n\r\n", 4) == 0);
	assert(!memchr(bytes, '\0', length));
	assert(*head->method && token_length(head->method) == strlen(head->method));
	assert(*head->target && strlen(head->target) <= limits.target &&
		!strchr(head->target, ' '));
	assert(head->header_count <= limits.fields);
	for (size_t i = 0; i < head->header_count; i++) {
		const struct header *one = &head->headers[i];

		assert(*one->name && token_length(one->name) == strlen(one->name));
		assert(!strpbrk(one->value, "\r\n"));
		assert(header_find(head->headers, head->header_count, one->name) == one);
	}
	assert(head->http_1_0 || field(head, "Host"));
	assert((head->content_length == -1) == (coding != NULL));
	assert(!coding || (!head->http_1_0 && !field(head, "Content-Length")));
	assert(head->content_length >= -1 && head->has_body == (head->content_length != 0));
	assert(!head->expect_continue || head->has_body);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct arena *arena = arena_new();
	const char *bytes = (const char *)input;
	struct head whole = {0}, growing = {0}, alone = {0};
	size_t scanned = 0, length = 0, other = 0;
	int status, piecewise;

	if (size > 0) {
		status = head_parse(arena, bytes, size, &scanned, &limits, &whole, &length);
		piecewise = parse_growing(arena, bytes, size, &growing, &other);
		/* Of a head that is too long in one place and wrong in another either may be seen first. */
		assert(status == piecewise ||
			(size > limits.target && status < 0 && piecewise < 0));
		assert(status == 0 || status == 1 || (status <= -400 && status >= -505));
		if (status == 1) {
			check(bytes, length, &whole);
			assert(other == length && is_same(&whole, &growing));
			/* What follows it is nothing to it. */
			scanned = other = 0;
			assert(head_parse(arena, bytes, length, &scanned, &limits, &alone,
				       &other) == 1);
			assert(other == length && is_same(&whole, &alone));
			list_holds(field(&whole, "Connection"), "close");
		}
	}
	arena_free(arena);
	return 0;
}
