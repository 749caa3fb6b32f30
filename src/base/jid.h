/*
 * JIDs (RFC 6122, 2). A principal is a bare JID; this is the one function that normalises: nodeprep, nameprep
 * and resourceprep through libidn, as XMPP servers do. What went through jid_parse() is compared byte by byte.
 */
#pragma once

#include <stdbool.h>

struct arena;

struct jid {
	const char *bare;         /* localpart@domainpart, or domainpart */
	const char *domain;       /* points into bare */
	const char *resourcepart; /* NULL: this JID is bare */
};

/*
 * 0, or -EINVAL: not a JID, a part over 1023 bytes, or all of it over JID_MAX bytes, or holding what XML, a log or a
 * prompt cannot show safely: controls, direction marks, line breaks, invalid UTF-8.
 */
int jid_parse(struct arena *arena, const char *text, struct jid *out);

/* Users have a localpart; services have none. */
bool jid_has_localpart(const struct jid *jid);
bool jid_is_bare(const struct jid *jid);
bool jid_equal(const struct jid *a, const struct jid *b);

/* bare, or bare/resourcepart. */
const char *jid_text(struct arena *arena, const struct jid *jid);

struct jid jid_dup(struct arena *arena, const struct jid *jid);

enum { JID_MAX = 3071 };
