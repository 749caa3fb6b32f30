#include "dav/document.h"

#include "dav/property.h"
#include "dav/request.h"
#include "xml/reader.h"

#include <errno.h>

int document_read(struct request *request, const char *name, const char *malformed,
	const struct xml_node **root)
{
	struct xml_limits limits = xml_limits_dav;
	struct xml_node *read;
	int error;

	limits.bytes = request->dav->limits.xml_body;
	error = xml_read(request->arena, request->xml.data, request->xml.len, &limits, &read);

	if (error == 0 && (!name || xml_is(read, NS_DAV, name))) {
		*root = read;
		return 0;
	}
	return error == -E2BIG ? answer_refuse(request, 413, NULL,
					 "The body is larger or deeper than a request needs.")
			       : answer_refuse(request, 400, NULL, malformed);
}
