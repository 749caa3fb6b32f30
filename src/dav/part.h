/*
 * Uploads in parts: PUT with Content-Range (RFC 9110, 14.5). Each part goes on where the one before has ended and is answered 202; the last makes the
 * resource. Anything else is a 416 that tells where it ends now, in Upload-Offset and Content-Range; "bytes " and a star for the range just asks for that.
 */
#pragma once

#include "dav/request.h"

struct part {
	uint64_t first, last, total; /* bytes; `last` belongs to the part */
	bool asks;                   /* it has no bytes */
	const char *path;            /* of the request URL, the same for all spellings */
	bool resumes;                /* it goes on with `partial` */
	struct partial partial;
};

/* "bytes FIRST-LAST/LENGTH", or with a star for FIRST-LAST. 0 or -EINVAL. */
int part_parse(const char *content_range, struct part *part);

/* Fills in request->part when there is a Content-Range. STEP_NEXT, or 400 or 413. */
enum step_result part_read(struct request *request);

/* 0, a negative errno, or -ECANCELED: 416 is answered. */
int part_admit(struct request *request, struct tx *tx);

/*
 * The part in a commit. 1: it was the last, the content may be named now; 0: 202 is answered; a negative errno; or -ECANCELED with an
 * answer.
 */
int part_commit(struct request *request, struct tx *tx);

/* The path as the key of uploads in parts. */
const char *part_path(struct arena *arena, const struct path *path);
