#include "dav/depth.h"

#include "dav/request.h"

#include <strings.h>

enum depth depth_of(const struct request *request, enum depth absent)
{
	static const char *const words[] = {"0", "1", "infinity"};
	const char *field = request_header(request, "Depth");

	if (!field)
		return absent;
	for (int depth = DEPTH_0; depth <= DEPTH_INFINITY; depth++)
		if (strcasecmp(field, words[depth]) == 0)
			return depth;
	return DEPTH_MALFORMED;
}

bool depth_is_whole(const struct request *request, const struct resource *resource)
{
	enum depth depth = depth_of(request, DEPTH_INFINITY);

	return depth == DEPTH_INFINITY || (depth != DEPTH_MALFORMED && !resource->collection);
}
