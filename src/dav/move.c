#include "dav/depth.h"
#include "dav/destination.h"
#include "dav/methods.h"
#include "dav/request.h"

#include <errno.h>

/* RFC 4918, 9.9: own lists come along, what has none follows its new parent. */
int move_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct resource *resource = &walk->chain[walk->count - 1];
	struct destination destination;
	int error;

	if (!depth_is_whole(request, resource))
		return answer_refuse(request, 400, NULL,
			"A collection is moved with everything in it: Depth must be infinity.");
	error = destination_find(request, tx, walk, &destination);
	if (error == 0)
		error = destination_clear(tx, &destination);
	if (error == 0)
		error = store_move(tx, resource, destination.parent, destination.segment);
	if (error == 0)
		destination_answer(request, &destination);
	return error;
}
