#include "dav/depth.h"
#include "dav/methods.h"
#include "dav/request.h"

#include <errno.h>

/* RFC 4918, 9.6: a collection with all that is in it; owner of the collection is owner of what is in it. */
int delete_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct resource *resource = &walk->chain[walk->count - 1];
	int error;

	if (!depth_is_whole(request, resource))
		return answer_refuse(request, 400, NULL,
			"A collection is deleted with everything in it: Depth must be infinity.");
	error = store_delete(tx, resource);
	if (error < 0)
		return error;
	answer_begin(request, 204);
	return 0;
}
