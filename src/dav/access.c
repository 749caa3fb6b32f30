/* Live properties of who owns a resource and who may do what with it (RFC 3744, RFC 5397). All of them are for reading only. */
#include "dav/live.h"
#include "dav/multistatus.h"
#include "dav/request.h"
#include "dav/right.h"
#include "xml/writer.h"

#include <string.h>

#define PRINCIPALS "/-/principal/"

/* A full JID is its account's principal and one segment more. */
static void put_principal(struct buf *out, const char *bare, const char *resourcepart)
{
	buf_puts(out, "<D:href>" PRINCIPALS);
	uri_encode(out, bare);
	if (resourcepart) {
		buf_puts(out, "/");
		uri_encode(out, resourcepart);
	}
	buf_puts(out, "</D:href>");
}

/* RFC 3744, 5.1 */
int live_owner(const struct view *view, struct buf *out)
{
	if (view->resource->id == STORE_ROOT)
		return 0;
	put_principal(out, view->resource->owner, NULL);
	return 1;
}

/* RFC 3744, 4.2 */
int live_principal_url(const struct view *view, struct buf *out)
{
	put_principal(out, view->resource->owner, NULL);
	return 1;
}

/* RFC 3744, 4.1; RFC 5122 */
int live_alternate_uri_set(const struct view *view, struct buf *out)
{
	struct jid jid;

	if (jid_parse(view->arena, view->resource->owner, &jid) < 0)
		return 0;
	buf_puts(out, "<D:href>xmpp:");
	if (jid_has_localpart(&jid)) {
		uri_encode(out, arena_strndup(view->arena, jid.bare, strcspn(jid.bare, "@")));
		buf_puts(out, "@");
	}
	uri_encode(out, jid.domain);
	buf_puts(out, "</D:href>");
	return 1;
}

/* RFC 3744, 5.2, 4.3 and 4.4: there are no groups. */
int live_group(const struct view *view, struct buf *out)
{
	return 1;
}

/* RFC 3744, 5.8 */
int live_principal_collection_set(const struct view *view, struct buf *out)
{
	buf_puts(out, "<D:href>" PRINCIPALS "</D:href>");
	return 1;
}

/* RFC 5397, 3 */
int live_current_user_principal(const struct view *view, struct buf *out)
{
	put_principal(out, view->request->claim.bare, NULL);
	return 1;
}

static void put_privileges(struct buf *out, const char *const *names)
{
	for (; *names; names++)
		xml_write(out, "<D:privilege><D:", *names, "/></D:privilege>", NULL);
}

/* RFC 3744, 5.4: what this user may do here, with the proof that they have; what is shown lies within its scope. */
int live_current_user_privilege_set(const struct view *view, struct buf *out)
{
	const struct resource *resource = view->resource;
	struct path member = {.depth = 1};
	struct walk walk = {.path = &member, .chain = (struct resource *)resource, .count = 1};

	put_privileges(out, (const char *const[]){"read", NULL});
	if (view_owned(view))
		put_privileges(out, (const char *const[]){"read-acl", NULL});
	if (view->request->scope.read_only)
		return 1;
	if (view_owned(view))
		put_privileges(
			out, (const char *const[]){"write-properties", "write-content", NULL});
	if (view_owned(view) && resource->collection)
		put_privileges(out, (const char *const[]){"unbind", NULL});
	if (resource->collection && right_of_account(view->request->dav, view->tx,
					    &view->request->claim, &walk, RIGHT_UPLOAD) == 1)
		put_privileges(out, (const char *const[]){"bind", NULL});
	return 1;
}

/* RFC 3744, 5.3 */
int live_supported_privilege_set(const struct view *view, struct buf *out)
{
	static const struct {
		const char *name, *description;
	} privileges[] = {
		{"read", "Read content and properties: the owner and the nearest jidlist"},
		{"read-acl", "See who may read: the owner"},
		{"write-content", "Replace the content: the owner"},
		{"write-properties", "Change properties: the owner"},
		{"bind", "Make members of a collection: the owner"},
		{"unbind", "Delete and move members of a collection: the owner"},
	};

	buf_puts(out, "<D:supported-privilege><D:privilege><D:all/></D:privilege>"
		      "<D:description xml:lang=\"en\">Everything: the owner</D:description>");
	for (size_t i = 0; i < sizeof(privileges) / sizeof(*privileges); i++)
		xml_write(out, "<D:supported-privilege><D:privilege><D:", privileges[i].name,
			"/></D:privilege><D:description xml:lang=\"en\">",
			privileges[i].description, "</D:description></D:supported-privilege>",
			NULL);
	buf_puts(out, "</D:supported-privilege>");
	return 1;
}

/* The nearest jidlist, and how far up the chain it is. 1, 0 when there is none, or negative errno. */
static int nearest_list(
	const struct view *view, struct walk *walk, struct jid **jids, size_t *count)
{
	int error = store_chain(view->tx, view->arena, view->resource->id, walk);

	while (error == 0 && walk->count > 0 && !walk->chain[walk->count - 1].has_list)
		walk->count--;
	if (error < 0 || walk->count == 0)
		return error;
	error = store_list(view->tx, view->arena, walk->chain[walk->count - 1].id, jids, count);
	return error < 0 ? error : 1;
}

/* RFC 3744, 5.5: the owner, everybody when it is a link, and whom the nearest jidlist names. */
int live_acl(const struct view *view, struct buf *out)
{
	struct jid *jids;
	struct walk walk;
	size_t count;
	int found;

	if (view->resource->id == STORE_ROOT)
		return 0;
	found = nearest_list(view, &walk, &jids, &count);
	if (found < 0)
		return found;
	buf_puts(out,
		"<D:ace><D:principal><D:property><D:owner/></D:property></D:principal>"
		"<D:grant><D:privilege><D:all/></D:privilege></D:grant><D:protected/></D:ace>");
	if (view->resource->link && view->request->dav->links)
		buf_puts(out, "<D:ace><D:principal><D:all/></D:principal>"
			      "<D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>");
	for (size_t i = 0; found && i < count; i++) {
		buf_puts(out, "<D:ace><D:principal>");
		put_principal(out, jids[i].bare, jids[i].resourcepart);
		buf_puts(out, "</D:principal><D:grant><D:privilege><D:read/></D:privilege>"
			      "</D:grant>");
		if (walk.chain[walk.count - 1].id != view->resource->id) {
			buf_puts(out, "<D:inherited><D:href>");
			walk_href(out, &walk);
			buf_puts(out, "</D:href></D:inherited>");
		}
		buf_puts(out, "</D:ace>");
	}
	return 1;
}

/* RFC 3744, 5.6: what a jidlist can say. */
int live_acl_restrictions(const struct view *view, struct buf *out)
{
	buf_puts(out, "<D:grant-only/><D:no-invert/>");
	return 1;
}
