#include "base/codec.h"
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

/* RFC 9110, 9.3.1; with a range 14.2. HEAD walks the same way, http leaves the content out. */
static int get_file(struct request *request, struct tx *tx, const struct resource *resource)
{
	struct arena *arena = request->arena;
	const char *range = request_header(request, "Range");
	uint64_t offset = 0, length = resource->length;
	struct content content;
	char etag[ETAG_TEXT], date[30];
	int ranged = 0, error;

	/* RFC 9110, 14.2: a Range means something with GET only. */
	if (range && strcmp(request->method->name, "GET") == 0 &&
		precondition_if_range(request, resource))
		ranged = range_parse(range, resource->length, &offset, &length);
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
	request->answer.offset = offset;
	request->answer.length = length;
	served_headers(request, resource);
	answer_header(request, "ETag", arena_strdup(arena, etag));
	answer_header(request, "Last-Modified", arena_strdup(arena, date));
	answer_header(request, "Accept-Ranges", "bytes");
	if (ranged)
		answer_header(request, "Content-Range",
			arena_printf(arena, "bytes %llu-%llu/%llu", (unsigned long long)offset,
				(unsigned long long)(offset + length - 1),
				(unsigned long long)resource->length));
	return 0;
}

int get_select(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct resource *resource = &walk->chain[walk->count - 1];

	if (resource->collection)
		return listing_answer_text(request, tx, walk);
	return get_file(request, tx, resource);
}
