/*
 * Live properties: one table, a row each. A new one is a getter and a row; with a setter it can be patched, without it is
 * protected (RFC 4918, 15).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct lock;
struct request;
struct resource;
struct tx;
struct xml_node;

#define NS_DAV  "DAV:"
#define NS_0129 "http://www.xmpp.org/extensions/xep-0129.html#ns"
#define NS_OC   "http://owncloud.org/ns"
#define NS_WIN  "urn:schemas-microsoft-com:"
/* What no specification has a name for. */
#define NS_MISSIVE "urn:missive:dav"

/* Locks on members of a collection of who asks, read once for many members in one transaction. */
struct member_locks {
	bool read;
	int64_t *locked; /* members that have some of their own, in order */
	size_t locked_count;
	struct lock *above; /* those that hold on all members */
	size_t above_count;
};

/* Which resource is looked at, by whom, in which transaction. */
struct view {
	const struct request *request;
	struct tx *tx;
	struct arena *arena;
	const struct resource *resource;
	bool principal; /* it is one (RFC 3744, 4): `owner` is its bare JID */
	struct member_locks
		*locks;   /* of the collection whose member it is; NULL: it is asked for alone */
	const char **why; /* for view_refuse(); NULL: nobody is told */
};

/* What a live property is a property of. */
enum { OF_RESOURCE = 1, OF_PRINCIPAL = 2, OF_BOTH = OF_RESOURCE | OF_PRINCIPAL };

/* Whether who asks is the owner of what is looked at. */
bool view_owned(const struct view *view);

/* Returns the status; the client is told the sentence beside it. */
int view_refuse(const struct view *view, int status, const char *why);

struct tag {
	const char *text;
	size_t length;
};

struct live_property {
	const char *ns, *name;
	struct tag open, close, empty; /* within a multistatus */
	unsigned of;
	bool allprop;    /* part of an allprop's answer (RFC 4918, 9.1.5) */
	bool owner_only; /* others get 403 for it, and no propname lists it to them */
	/* Appends the value's inside, as markup. 1: there is one; 0: this resource has none; negative errno. */
	int (*get)(const struct view *view, struct buf *out);
	/* The status of the change, or negative errno. `value` is the property's element, NULL to remove it. NULL: protected. */
	int (*set)(const struct view *view, const struct xml_node *value);
};

/* NULL: not live, so dead. */
const struct live_property *property_live(const char *ns, const char *name);

/* Rows 0, 1, ...; NULL behind the last. */
const struct live_property *property_row(size_t row);

/* <name/> in its namespace, within a multistatus. */
void property_empty(struct buf *out, const char *ns, const char *name);
