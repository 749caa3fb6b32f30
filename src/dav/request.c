#include "dav/request.h"

#include "base/hash.h"

#include <string.h>
#include <strings.h>

/* Bytes that most requests do with, from their head to their answer; ten thousand may wait for a person at once. */
enum { USUAL_REQUEST = 2560 };

void request_begin(struct request *request, const struct dav *dav)
{
	struct arena *arena = request->arena;
	struct buf xml = request->xml, bytes = request->answer.bytes;

	memset(request, 0, sizeof(*request));
	request->arena = arena ? arena : arena_new_small(USUAL_REQUEST);
	request->xml = xml;
	request->answer.bytes = bytes;
	request->answer.content.fd = -1;
	request->dav = dav;
}

void request_end(struct request *request)
{
	store_content_close(&request->answer.content);
	hashes_free(request->answer.hashes);
	request->answer.hashes = NULL;
	if (request->upload)
		upload_close(request->upload, false);
	request->upload = NULL;
	buf_free(&request->xml);
	buf_free(&request->answer.bytes);
	arena_reset(request->arena);
}

void request_free(struct request *request)
{
	request_end(request);
	arena_free(request->arena);
	request->arena = NULL;
}

struct header *header_find(struct header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		/* Most differ in their first letter. */
		if (((headers[i].name[0] ^ name[0]) & ~0x20) == 0 &&
			strcasecmp(headers[i].name, name) == 0)
			return &headers[i];
	return NULL;
}

const char *request_header(const struct request *request, const char *name)
{
	const struct header *header = header_find(request->headers, request->header_count, name);

	return header ? header->value : NULL;
}
