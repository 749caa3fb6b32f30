/* What a request wants to know of a resource, and the <response/> that tells it: properties grouped by status (RFC 4918, 9.1 and 14.24). */
#pragma once

#include "dav/property.h"

struct name;
struct stretch;
struct wanted {
	enum { ALLPROP, PROPNAME, PROP } kind;
	struct name *names; /* PROP: those; ALLPROP: those in <include/> too */
	size_t count;
	int *statuses;             /* of each name, in the <response/> that is being made */
	struct stretch *stretches; /* ALLPROP: set by wanted_all() */
	size_t stretch_count;
};

/* All that an allprop asks of a resource, or of a principal. */
void wanted_all(struct request *request, struct wanted *wanted);

/* The names in a DAV:prop or DAV:include. 0, or -ECANCELED: 413 is answered. */
int wanted_names(struct request *request, const struct xml_node *prop, struct wanted *wanted);

/* Appends one <response/>. 0 or negative errno. */
int propstat_response(
	const struct wanted *wanted, const struct view *view, const char *href, struct buf *out);
