/* Changes of properties: read from a request, made all or not at all, and told (RFC 4918, 9.2; RFC 5689, 3). */
#pragma once

#include "dav/property.h"

struct change {
	const struct xml_node *property;
	bool set; /* else remove */
	int status;
	const char *why; /* a sentence for a person; NULL: none */
};

struct changes {
	struct change *items; /* in document order */
	int count;
};

/* Those of a DAV:propertyupdate or DAV:mkcol. 0, or -ECANCELED: 413 is answered. */
int changes_read(struct request *request, const struct xml_node *root, struct changes *changes);

/* 1: all are made; 0: one has failed, and the others say 424; negative errno. */
int changes_make(const struct view *view, struct changes *changes);

/* A propstat for each run of one status. */
void changes_write(struct buf *out, const struct changes *changes);
