#include "dav/methods.h"
#include "dav/request.h"

#include <errno.h>

/* RFC 4918, 9.3 */
int mkcol_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct path *path = &request->path;
	const struct resource *parent = &walk->chain[walk->count - 1];
	int error;

	if (walk->count < path->depth || !parent->collection) {
		answer_error(request, 409, NULL, "The collection to make it in is not there.");
		return -ECANCELED;
	}
	error = store_make_collection(
		tx, parent->id, &path->segments[path->depth - 1], request->claim.bare);
	if (error < 0)
		return error;
	answer_begin(request, 201);
	answer_header(request, "Location", request->url);
	return 0;
}
