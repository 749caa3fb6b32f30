#include "dav/cors.h"
#include "dav/method.h"
#include "dav/methods.h"
#include "dav/request.h"

/*
 * RFC 4918, 10.1 and 9110, 9.3.7. Somebody unknown gets the same answer everywhere: some clients give up at a 401.
 */
int options_select(struct request *request, struct tx *tx, const struct walk *walk)
{
	unsigned on = ON_ROOT | ON_COLLECTION | ON_FILE | ON_UNMAPPED;
	struct buf allow = {0};

	if (request->claimed && walk->count <= walk->path->depth)
		on = ON_UNMAPPED;
	else if (request->claimed && walk->path->depth == 0)
		on = ON_ROOT;
	else if (request->claimed)
		on = walk->chain[walk->count - 1].collection ? ON_COLLECTION : ON_FILE;
	method_allow(&allow, on);
	answer_begin(request, 200);
	answer_header(request, "DAV", "1, 2, 3, extended-mkcol");
	answer_header(request, "MS-Author-Via", "DAV");
	answer_header(request, "Accept-Ranges", "bytes");
	answer_header(request, "Allow", arena_strdup(request->arena, buf_text(&allow)));
	buf_free(&allow);
	return request->claimed ? 0 : cors_preflight(request, tx);
}
