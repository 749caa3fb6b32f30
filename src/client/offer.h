/* Files as they are offered: the message that names them, and names for people. */
#pragma once

#include <stddef.h>

struct arena;
struct buf;
struct xml_node;

/*
 * The message of XEP-0129 with XEP-0066, for one recipient; or, `addresses` being several, through the XEP-0033 service
 * `to`. The URL is the body too, for clients that know no more.
 */
void offer_write(struct buf *out, const char *id, const char *to, const char *const *addresses,
	size_t count, const char *url, const char *name);

/* NULL when the message offers none. */
const char *offer_url(struct arena *arena, const struct xml_node *message);

/*
 * A name that is a plain file's in whatever folder: no slash, no control or direction mark, no dot at its start, at most 200 bytes; "file" when
 * nothing is left.
 */
const char *offer_safe_name(struct arena *arena, const char *name);

/* The name in a Content-Disposition (RFC 6266; RFC 8187), not yet safe; NULL: none. */
const char *offer_name_of(struct arena *arena, const char *content_disposition);
