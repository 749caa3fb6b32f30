/* A 207 body (RFC 4918, 13), written as it comes, without a tree. */
#pragma once

#include <stddef.h>

struct buf;
struct request;
struct walk;

void multistatus_begin(struct buf *out);
void multistatus_end(struct buf *out);

/* <response> with its href, which is written already encoded. */
void multistatus_response_begin(struct buf *out, const char *href);
void multistatus_response_end(struct buf *out);

/* <propstat><prop>, and what closes it; the condition (RFC 4918, 16) may be NULL. */
void multistatus_propstat_begin(struct buf *out);
void multistatus_propstat_end(struct buf *out, int status, const char *condition);

/* The same with a sentence for a person, or NULL. */
void multistatus_propstat_refuse(
	struct buf *out, int status, const char *condition, const char *sentence);

/*
 * The whole of an answer that says of some resources why not: a 207. A href is encoded, a condition (RFC 4918, 16) is shown with the
 * href inside; NULL: none.
 */
struct multistatus_refusal {
	const char *href;
	int status;
	const char *condition;
};
void multistatus_answer_refusals(
	struct request *request, const struct multistatus_refusal *refusals, size_t count);

/* A DAV:error whose condition names a resource. */
void multistatus_answer_error(
	struct request *request, int status, const char *condition, const char *href);
