/* The one content coding that answers are sent in (RFC 9110, 8.4.1.3): whether a client takes it, and how it is made, piece by piece. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct gzip;

/*
 * Whether an Accept-Encoding field (RFC 9110, 12.5.3) takes gzip, and likes identity no better. NULL, and what is no such field, do
 * not.
 */
bool gzip_accepted(const char *accept_encoding);

/* To be closed, whether the last piece was written or not. */
struct gzip *gzip_open(void);

/* Appends what becomes of the bytes, which may be nothing yet; `last`: all the rest, and nothing may follow. */
void gzip_write(struct gzip *gzip, const void *bytes, size_t length, bool last, struct buf *out);

/* NULL is well too. */
void gzip_close(struct gzip *gzip);
