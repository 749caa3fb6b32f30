#include "dav/cors.h"

#include "dav/link.h"
#include "dav/request.h"
#include "dav/slot.h"

#include <string.h>

/* What may be asked for, and where. */
struct crossing {
	const char *method;
	int (*find)(struct request *request, struct tx *tx);
	const char *methods, *headers;
};

static const struct crossing crossings[] = {
	{"PUT", slot_find, "PUT", "Authorization, Content-Type"},
	{"GET", link_find, "GET, HEAD", "Authorization, Content-Type, Range"},
	{"HEAD", link_find, "GET, HEAD", "Authorization, Content-Type, Range"},
};

static const struct crossing *asked_for(const struct request *request)
{
	const char *method = request_header(request, "Access-Control-Request-Method");

	if (!method || !request_header(request, "Origin"))
		return NULL;
	for (size_t i = 0; i < sizeof(crossings) / sizeof(*crossings); i++)
		if (strcmp(crossings[i].method, method) == 0)
			return &crossings[i];
	return NULL;
}

int cors_preflight(struct request *request, struct tx *tx)
{
	const struct crossing *crossing = asked_for(request);
	int found = crossing ? crossing->find(request, tx) : 0;

	if (found != 1)
		return found;
	request->any_origin = true;
	answer_header(request, "Access-Control-Allow-Methods", crossing->methods);
	answer_header(request, "Access-Control-Allow-Headers", crossing->headers);
	answer_header(request, "Access-Control-Max-Age", "300");
	return 0;
}
