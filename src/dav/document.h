/* The XML body of a request. */
#pragma once

struct request;
struct xml_node;

/*
 * Reads it; its root must be DAV:`name` (NULL: any). 0 with the root, in the request's arena; or -ECANCELED: 413 is answered, or 400 with the
 * sentence `malformed`.
 */
int document_read(struct request *request, const char *name, const char *malformed,
	const struct xml_node **root);
