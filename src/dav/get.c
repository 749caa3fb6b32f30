#include "base/codec.h"
#include "base/digest.h"
#include "dav/checksum.h"
#include "dav/fetched.h"
#include "dav/listing.h"
#include "dav/method.h"
#include "dav/methods.h"
#include "dav/precondition.h"
#include "dav/range.h"
#include "dav/request.h"
#include "dav/served.h"

#include <errno.h>
#include <string.h>

static int not_satisfiable(struct request *request, uint64_t total)
{
	answer_error(request, 416, NULL, "The file is shorter than that.");
	answer_header(request, "Content-Range",
		arena_printf(request->arena, "bytes */%llu", (unsigned long long)total));
	return -ECANCELED;
}

/* RFC 9110, 14.6 */
static void answer_pieces(struct request *request, const struct resource *resource,
	const struct span *spans, size_t count)
{
	struct arena *arena = request->arena;
	struct answer *answer = &request->answer;
	char *boundary = arena_alloc(arena, RANDOM_ID);

	random_id(boundary);
	answer->pieces = arena_alloc(arena, count * sizeof(*answer->pieces));
	answer->piece_count = count;
	answer->length = 0;
	for (size_t i = 0; i < count; i++) {
		const char *head = arena_printf(arena,
			"%s--%s\r\nContent-Type: %s\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
			i ? "\r\n" : "", boundary, served_content_type(resource),
			(unsigned long long)spans[i].offset,
			(unsigned long long)(spans[i].offset + spans[i].length - 1),
			(unsigned long long)resource->length);

		answer->pieces[i] = (struct piece){head, spans[i].offset, spans[i].length};
		answer->total += strlen(head) + spans[i].length;
	}
	answer->tail = arena_printf(arena, "\r\n--%s--\r\n", boundary);
	answer->total += strlen(answer->tail);
	for (size_t i = 0; i < answer->header_count; i++)
		if (strcmp(answer->headers[i].name, "Content-Type") == 0)
			answer->headers[i].value =
				arena_printf(arena, "multipart/byteranges; boundary=%s", boundary);
}

static void answer_range(
	struct request *request, const struct resource *resource, const struct span *span)
{
	request->answer.offset = span->offset;
	request->answer.length = span->length;
	answer_header(request, "Content-Range",
		arena_printf(request->arena, "bytes %llu-%llu/%llu",
			(unsigned long long)span->offset,
			(unsigned long long)(span->offset + span->length - 1),
			(unsigned long long)resource->length));
}

/* RFC 9110, 9.3.1; with ranges 14.2. HEAD walks the same way, http leaves the content out. */
static int get_file(struct request *request, struct tx *tx, const struct resource *resource)
{
	struct arena *arena = request->arena;
	const char *range = request_header(request, "Range");
	size_t most = request->dav->limits.ranges;
	struct span *spans = NULL;
	struct content content;
	char etag[ETAG_TEXT], date[30];
	size_t count = 0;
	int ranged = 0, error;

	/* RFC 9110, 14.2: a Range means something with GET only. */
	if (range && strcmp(request->method->name, "GET") == 0 &&
		precondition_if_range(request, resource)) {
		spans = arena_alloc(arena, most * sizeof(*spans));
		ranged = ranges_parse(range, resource->length, spans, most, &count);
	}
	if (ranged < 0)
		return not_satisfiable(request, resource->length);
	error = store_content_open(tx, arena, resource, &content);
	if (error < 0)
		return error;
	etag_text(resource, etag);
	http_date_format(date, resource->modified / 1000);
	answer_begin(request, ranged ? 206 : 200);
	request->answer.kind = ANSWER_CONTENT;
	request->answer.content = content;
	request->answer.length = resource->length;
	served_headers(request, resource);
	answer_header(request, "ETag", arena_strdup(arena, etag));
	answer_header(request, "Last-Modified", arena_strdup(arena, date));
	answer_header(request, "Accept-Ranges", "bytes");
	checksum_headers(request, resource);
	if (ranged && count == 1)
		answer_range(request, resource, &spans[0]);
	else if (ranged)
		answer_pieces(request, resource, spans, count);
	fetched_begin(request, resource);
	return 0;
}

int get_select(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct resource *resource = &walk->chain[walk->count - 1];

	if (resource->collection)
		return listing_answer_text(request, tx, walk);
	return get_file(request, tx, resource);
}
