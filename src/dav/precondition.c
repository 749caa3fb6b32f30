#include "dav/precondition.h"
#include "base/codec.h"
#include "dav/listing.h"
#include "dav/method.h"
#include "dav/request.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

void etag_text(const struct resource *resource, char out[ETAG_TEXT])
{
	uint64_t number = htobe64((uint64_t)resource->content);

	out[0] = '"';
	hex_encode(out + 1, &number, sizeof(number));
	strcpy(out + 1 + 2 * sizeof(number), "\"");
}

/*
 * Whether one of a list of entity tags is this resource's (RFC 9110, 8.8.3 and 13.1). Collections have none. 1, 0, or
 * -EINVAL for what is no list.
 */
static int etag_listed(const char *list, const struct resource *resource, bool strong)
{
	char own[ETAG_TEXT] = "";
	int found = 0;

	if (strcmp(list, "*") == 0)
		return resource != NULL;
	if (resource && !resource->collection)
		etag_text(resource, own);
	for (const char *p = list; *p;) {
		bool weak;
		size_t length;

		p += strspn(p, " \t,");
		if (!*p)
			break;
		weak = strncmp(p, "W/", 2) == 0;
		p += weak ? 2 : 0;
		if (*p != '"' || !strchr(p + 1, '"'))
			return -EINVAL;
		length = (size_t)(strchr(p + 1, '"') - p) + 1;
		if (length == strlen(own) && memcmp(p, own, length) == 0 && !(weak && strong))
			found = 1;
		p += length;
		p += strspn(p, " \t");
		if (*p && *p != ',')
			return -EINVAL;
	}
	return found;
}

/* Whether the date of a field is before the last change of the content; a date that is none is passed over (-1). */
static int modified_since(const char *field, const struct resource *resource)
{
	int64_t date, last;

	if (!field || !resource || resource->collection || http_date_parse(field, &date) < 0)
		return -1;
	/* The date that we tell is good; any other must lie behind the time that is ours, for clients tell times of long ago. */
	if (resource->modified / 1000 == date)
		return 0;
	last = resource->stored > resource->modified ? resource->stored : resource->modified;
	return last / 1000 > date;
}

static int failed(struct request *request)
{
	return answer_refuse(request, 412, NULL, "What is here is not what the request expects.");
}

static int malformed(struct request *request)
{
	return answer_refuse(
		request, 400, NULL, "If-Match and If-None-Match take \"*\" or entity tags.");
}

/* RFC 9110, 15.4.5: with the fields that a 200 would have had for a cache. */
static int not_modified(
	struct request *request, const struct walk *walk, const struct resource *resource)
{
	char etag[ETAG_TEXT];

	answer_begin(request, 304);
	if (resource->collection) {
		listing_headers(request, walk);
		return -ECANCELED;
	}
	etag_text(resource, etag);
	answer_header(request, "ETag", arena_strdup(request->arena, etag));
	return -ECANCELED;
}

int precondition_check(
	struct request *request, const struct walk *walk, const struct resource *resource)
{
	const char *match = request_header(request, "If-Match");
	const char *none_match = request_header(request, "If-None-Match");
	bool get = strcmp(request->method->name, "GET") == 0 ||
		   strcmp(request->method->name, "HEAD") == 0;
	int listed;

	if (match) {
		listed = etag_listed(match, resource, true);
		if (listed <= 0)
			return listed < 0 ? malformed(request) : failed(request);
	} else if (modified_since(request_header(request, "If-Unmodified-Since"), resource) == 1) {
		return failed(request);
	}
	if (none_match) {
		listed = etag_listed(none_match, resource, false);
		if (listed < 0)
			return malformed(request);
		if (listed > 0)
			return get ? not_modified(request, walk, resource) : failed(request);
	} else if (get &&
		   modified_since(request_header(request, "If-Modified-Since"), resource) == 0) {
		return not_modified(request, walk, resource);
	}
	return 0;
}

bool precondition_if_range(const struct request *request, const struct resource *resource)
{
	const char *if_range = request_header(request, "If-Range");
	char own[ETAG_TEXT];

	if (!if_range)
		return true;
	etag_text(resource, own);
	return strcmp(if_range, own) == 0;
}
