/* Conditional requests (RFC 9110, 13), in the order of its section 13.2.2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct request;
struct resource;
struct walk;

/* Room for an ETag with its quotes: the content's number in 16 hex digits (RFC 9110, 8.8.3); always strong. */
enum { ETAG_TEXT = 24 };
void etag_text(const struct resource *resource, char out[ETAG_TEXT]);

/* 0: go on; -ECANCELED: 304, 400 or 412 is answered. `resource`, the end of the walk, is NULL where nothing is mapped. */
int precondition_check(
	struct request *request, const struct walk *walk, const struct resource *resource);

/* Whether a Range may be answered (RFC 9110, 13.1.5): there is no If-Range, or it is this very content's ETag. */
bool precondition_if_range(const struct request *request, const struct resource *resource);
