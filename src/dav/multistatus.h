/* A 207 body (RFC 4918, 13), written as it comes, without a tree. */
#pragma once

struct buf;
struct walk;

void multistatus_begin(struct buf *out);
void multistatus_end(struct buf *out);

/* <response> with its href, which is written already encoded. */
void multistatus_response_begin(struct buf *out, const char *href);
void multistatus_response_end(struct buf *out);

/* <propstat><prop>, and what closes it; the condition (RFC 4918, 16) may be NULL. */
void multistatus_propstat_begin(struct buf *out);
void multistatus_propstat_end(struct buf *out, int status, const char *condition);

/* The path of what a walk ends at, as its creators spelled it, encoded; a collection's with a slash at its end. */
void multistatus_href(struct buf *out, const struct walk *walk);
