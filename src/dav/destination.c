#include "dav/destination.h"

#include "dav/locked.h"
#include "dav/request.h"
#include "dav/right.h"

#include <errno.h>
#include <strings.h>

static bool passes(const struct walk *walk, int64_t resource)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->chain[i].id == resource)
			return true;
	return false;
}

/* RFC 4918, 10.6: T unless it says F. -1: neither. */
static int overwrites(const struct request *request)
{
	const char *overwrite = request_header(request, "Overwrite");

	if (!overwrite || strcasecmp(overwrite, "T") == 0)
		return 1;
	return strcasecmp(overwrite, "F") == 0 ? 0 : -1;
}

int destination_find(
	struct request *request, struct tx *tx, const struct walk *source, struct destination *out)
{
	const struct path *path = &request->destination;
	const struct resource *from = &source->chain[source->count - 1], *last;
	int error = store_walk(tx, request->arena, path, &out->walk),
	    overwrite = overwrites(request);

	if (error < 0)
		return error;
	error = right_ask(request, tx, &out->walk, RIGHT_UPLOAD);
	if (error < 0)
		return error;
	last = &out->walk.chain[out->walk.count - 1];
	if (error == 0 || path->depth == 0)
		return answer_refuse(request, 403, NULL, "You may not put anything there.");
	if (overwrite < 0)
		return answer_refuse(request, 400, NULL, "Overwrite is T or F.");
	out->there = out->walk.count == path->depth + 1 ? last : NULL;
	if (passes(&out->walk, from->id) || (out->there && passes(source, out->there->id)))
		return answer_refuse(request, 403, NULL,
			"Source and destination must not lie within each other.");
	/*
	 * As with PUT: a URL with a slash at its end names a collection (RFC 4918, 5.2), and would not find the file. One that is there may be
	 * overwritten by that name.
	 */
	if (path->collection && !from->collection && !(out->there && out->there->collection))
		return answer_refuse(request, 409, NULL, "A file's URL has no slash at its end.");
	if (!out->there && (out->walk.count < path->depth || !last->collection))
		return answer_refuse(request, 409, NULL,
			"The collection to put it into is not there (MKCOL makes one).");
	if (out->there && !overwrite)
		return answer_refuse(
			request, 412, NULL, "Something is there already, and Overwrite is F.");
	error = locked_check(request, tx, &out->walk, TOUCHES_TREE);
	if (error < 0)
		return error;
	out->parent = out->there ? last->parent : last->id;
	out->segment = &path->segments[path->depth - 1];
	return 0;
}

int destination_clear(struct tx *tx, const struct destination *destination)
{
	return destination->there ? store_delete(tx, destination->there) : 0;
}

void destination_answer(struct request *request, const struct destination *destination)
{
	answer_begin(request, destination->there ? 204 : 201);
	if (!destination->there)
		answer_header(request, "Location",
			arena_printf(request->arena, "%s%s", request->dav->base_url,
				path_text(request->arena, &request->destination)));
}
