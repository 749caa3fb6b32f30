#include "dav/checksum.h"
#include "dav/methods.h"
#include "dav/part.h"
#include "dav/precondition.h"
#include "dav/request.h"
#include "dav/served.h"
#include "dav/slot.h"
#include "dav/times.h"

#include <errno.h>

/* The content gets its name; what came through a slot is what the slot has promised. */
static int name_content(
	struct request *request, struct tx *tx, const struct walk *walk, struct resource *made)
{
	const struct path *path = &request->path;
	const struct resource *last = &walk->chain[walk->count - 1];
	const char *type = request->slot
				   ? slot_media_type(request)
				   : served_media_type(request_header(request, "Content-Type"));
	int error;

	if (walk->count > path->depth)
		return store_replace_content(tx, last, type, request->upload, made, request->arena);
	error = store_make_file(tx, last->id, &path->segments[path->depth - 1], request->claim.bare,
		type, request->upload, made, request->arena);
	return error == 0 && request->slot ? slot_fill(request, tx, made) : error;
}

/*
 * RFC 9110, 9.3.4; RFC 4918, 9.7. The upload is durable already; this gives it its name. Content that is sent whole ends what was on its way in
 * parts.
 */
int put_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct path *path = &request->path;
	bool create = walk->count <= path->depth;
	struct resource made;
	char etag[ETAG_TEXT];
	int error, took_time;

	if (path->collection)
		return answer_refuse(request, 409, NULL, "A file's URL has no slash at its end.");
	error = request->slot ? slot_use(request, tx, walk) : 0;
	if (error < 0)
		return error;
	error = checksum_check(request);
	if (error == -ECANCELED && request->part && request->part->resumes)
		/* Which of the parts is wrong nobody knows: it is begun anew. The answer stays. */
		return store_partial_drop(tx, request->claim.bare, request->part->path);
	if (error < 0)
		return error;
	error = request->part ? part_commit(request, tx)
			      : store_partial_drop(
					tx, request->claim.bare, part_path(request->arena, path));
	if (error < 0 || (request->part && error == 0))
		return error;
	error = name_content(request, tx, walk, &made);
	if (error < 0)
		return error;
	took_time = times_take(request, tx, made.id);
	if (took_time == -EINVAL)
		return answer_refuse(
			request, 400, NULL, "X-OC-Mtime is a number of seconds since 1970.");
	if (took_time < 0)
		return took_time;
	etag_text(&made, etag);
	answer_begin(request, create ? 201 : 204);
	answer_header(request, "ETag", arena_strdup(request->arena, etag));
	if (took_time)
		answer_header(request, "X-OC-Mtime", "accepted");
	if (create)
		answer_header(request, "Location", request->url);
	return 0;
}
