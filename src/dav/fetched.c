#include "dav/fetched.h"

#include "dav/method.h"
#include "dav/request.h"

#include <string.h>

void fetched_begin(struct request *request, const struct resource *resource)
{
	struct answer *answer = &request->answer;

	if (!request->claimed || !request->proven || answer->piece_count > 0 ||
		strcmp(request->method->name, "GET") != 0 ||
		strcmp(resource->owner, request->claim.bare) == 0)
		return;
	answer->fetched =
		(struct fetched){resource->id, resource->content, answer->offset, answer->length};
}

void fetched_end(const struct request *request, bool cut_off)
{
	const struct answer *answer = &request->answer;
	struct fetched fetched = answer->fetched;

	if (fetched.resource == 0)
		return;
	fetched.length -= answer->length;
	/* Not even the head may have gone out. */
	if (cut_off && fetched.length == 0)
		return;
	store_fetched(request->dav->store, &fetched, &request->claim);
}
