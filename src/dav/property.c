#include "dav/property.h"
#include "base/codec.h"
#include "base/text.h"
#include "dav/locked.h"
#include "dav/precondition.h"
#include "dav/request.h"
#include "dav/right.h"
#include "dav/served.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <string.h>

enum { DISPLAYNAME_MAX = 255, JIDLIST_MAX = 1000 };

bool view_owned(const struct view *view)
{
	return strcmp(view->resource->owner, view->request->claim.bare) == 0;
}

static void put_principal(struct buf *out, const char *bare)
{
	buf_puts(out, "<D:href>/-/principal/");
	uri_encode(out, bare);
	buf_puts(out, "</D:href>");
}

/* RFC 3744, 5.1 */
static int get_owner(const struct view *view, struct buf *out)
{
	if (view->resource->id == STORE_ROOT)
		return 0;
	put_principal(out, view->resource->owner);
	return 1;
}

/* RFC 5397, 3 */
static int get_current_user_principal(const struct view *view, struct buf *out)
{
	put_principal(out, view->request->claim.bare);
	return 1;
}

/* RFC 3744, 5.4: what this user may do here. */
static int get_current_user_privilege_set(const struct view *view, struct buf *out)
{
	static const char *const changes[] = {"write-properties", "write-content"};
	const struct resource *resource = view->resource;
	struct path member = {.depth = 1};
	struct walk walk = {.path = &member, .chain = (struct resource *)resource, .count = 1};

	buf_puts(out, "<D:privilege><D:read/></D:privilege>");
	if (view_owned(view))
		for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
			xml_write(out, "<D:privilege><D:", changes[i], "/></D:privilege>", NULL);
	if (view_owned(view) && resource->collection)
		buf_puts(out, "<D:privilege><D:unbind/></D:privilege>");
	if (resource->collection && right_ask(view->request->dav, view->tx, &view->request->claim,
					    &walk, RIGHT_UPLOAD) == 1)
		buf_puts(out, "<D:privilege><D:bind/></D:privilege>");
	return 1;
}

/* RFC 4918, 15.1 */
static int get_creationdate(const struct view *view, struct buf *out)
{
	char date[21];

	iso_date_format(date, view->resource->created / 1000);
	buf_puts(out, date);
	return 1;
}

/* RFC 4918, 15.2 */
static int get_displayname(const struct view *view, struct buf *out)
{
	if (!view->resource->displayname)
		return 0;
	xml_escape(out, view->resource->displayname);
	return 1;
}

static int set_displayname(const struct view *view, const struct xml_node *value)
{
	const char *name = value ? xml_text(view->arena, value) : "";
	int error;

	if (strlen(name) > DISPLAYNAME_MAX || (*name && !text_is_presentable(name)))
		return 409;
	error = store_displayname_set(view->tx, view->resource->id, *name ? name : NULL);
	return error < 0 ? error : 200;
}

/* RFC 4918, 15.4 */
static int get_getcontentlength(const struct view *view, struct buf *out)
{
	if (view->resource->collection)
		return 0;
	buf_printf(out, "%llu", (unsigned long long)view->resource->length);
	return 1;
}

/* RFC 4918, 15.5 */
static int get_getcontenttype(const struct view *view, struct buf *out)
{
	if (view->resource->collection)
		return 0;
	xml_escape(out, served_content_type(view->resource));
	return 1;
}

/* RFC 4918, 15.6 */
static int get_getetag(const struct view *view, struct buf *out)
{
	char etag[ETAG_TEXT];

	if (view->resource->collection)
		return 0;
	etag_text(view->resource, etag);
	buf_puts(out, etag);
	return 1;
}

/* RFC 4918, 15.7 */
static int get_getlastmodified(const struct view *view, struct buf *out)
{
	char date[30];

	http_date_format(date, view->resource->modified / 1000);
	buf_puts(out, date);
	return 1;
}

/* RFC 4918, 15.9 */
static int get_resourcetype(const struct view *view, struct buf *out)
{
	if (view->resource->collection)
		buf_puts(out, "<D:collection/>");
	return 1;
}

/* XEP-0129, 4: the resource's own list; one that it inherits is not shown here. */
static int get_jidlist(const struct view *view, struct buf *out)
{
	struct jid *jids;
	size_t count;
	int error;

	if (!view->resource->has_list)
		return 0;
	error = store_list(view->tx, view->arena, view->resource->id, &jids, &count);
	if (error < 0)
		return error;
	for (size_t i = 0; i < count; i++)
		xml_write(out, "<jid>", jid_text(view->arena, &jids[i]), "</jid>", NULL);
	return 1;
}

/* One <jid/> of a list, white space round it left out. */
static bool read_jid(struct arena *arena, const struct xml_node *node, struct jid *jid)
{
	const char *text;
	size_t length;

	if (!xml_is(node, NS_0129, "jid"))
		return false;
	text = xml_text(arena, node);
	text += strspn(text, " \t\r\n");
	length = strlen(text);
	while (length > 0 && strchr(" \t\r\n", text[length - 1]))
		length--;
	return jid_parse(arena, arena_strndup(arena, text, length), jid) == 0;
}

static bool jid_listed(const struct jid *jids, size_t count, const struct jid *jid)
{
	for (size_t i = 0; i < count; i++)
		if (jid_equal(&jids[i], jid))
			return true;
	return false;
}

static int set_jidlist(const struct view *view, const struct xml_node *value)
{
	struct jid *jids;
	size_t count = 0;
	int error;

	if (!value) {
		error = store_list_remove(view->tx, view->resource->id);
		return error < 0 ? error : 200;
	}
	jids = arena_alloc(view->arena, JIDLIST_MAX * sizeof(*jids));
	for (const struct xml_node *node = xml_first_element(value); node;
		node = xml_next_element(node)) {
		if (count == JIDLIST_MAX || !read_jid(view->arena, node, &jids[count]))
			return 409;
		if (!jid_listed(jids, count, &jids[count]))
			count++;
	}
	error = store_list_set(view->tx, view->resource->id, jids, count);
	return error < 0 ? error : 200;
}

/* RFC 4918, 15.8: the owner's locks are the owner's to see. */
static int get_lockdiscovery(const struct view *view, struct buf *out)
{
	struct lock *locks;
	size_t count;
	int error = 0;

	if (!view_owned(view))
		return 1;
	error = store_locks(view->tx, view->arena, view->resource->id, &locks, &count);
	for (size_t i = 0; error == 0 && i < count; i++)
		locked_write(out, view->request, &locks[i]);
	return error < 0 ? error : 1;
}

/* RFC 4918, 15.10; nothing is locked at the root. */
static int get_supportedlock(const struct view *view, struct buf *out)
{
	static const char *const scopes[] = {"exclusive", "shared"};

	for (size_t i = 0; view->resource->id != STORE_ROOT && i < 2; i++)
		buf_printf(out,
			"<D:lockentry><D:lockscope><D:%s/></D:lockscope><D:locktype><D:write/></"
			"D:locktype></D:lockentry>",
			scopes[i]);
	return 1;
}

/* clang-format off */
static const struct live_property rows[] = {
	/* ns      name                          allprop owner_only get                          set */
	{NS_DAV,  "creationdate",               true,   false, get_creationdate,               NULL},
	{NS_DAV,  "displayname",                true,   false, get_displayname,                set_displayname},
	{NS_DAV,  "getcontentlength",           true,   false, get_getcontentlength,           NULL},
	{NS_DAV,  "getcontenttype",             true,   false, get_getcontenttype,             NULL},
	{NS_DAV,  "getetag",                    true,   false, get_getetag,                    NULL},
	{NS_DAV,  "getlastmodified",            true,   false, get_getlastmodified,            NULL},
	{NS_DAV,  "lockdiscovery",              true,   false, get_lockdiscovery,              NULL},
	{NS_DAV,  "supportedlock",              true,   false, get_supportedlock,              NULL},
	{NS_DAV,  "resourcetype",               true,   false, get_resourcetype,               NULL},
	{NS_DAV,  "owner",                      false,  false, get_owner,                      NULL},
	{NS_DAV,  "current-user-principal",     false,  false, get_current_user_principal,     NULL},
	{NS_DAV,  "current-user-privilege-set", false,  false, get_current_user_privilege_set, NULL},
	{NS_0129, "jidlist",                    false,  true,  get_jidlist,                    set_jidlist},
};
/* clang-format on */

const struct live_property *property_row(size_t row)
{
	return row < sizeof(rows) / sizeof(*rows) ? &rows[row] : NULL;
}

const struct live_property *property_live(const char *ns, const char *name)
{
	const struct live_property *row;

	for (size_t i = 0; (row = property_row(i)); i++)
		if (strcmp(row->name, name) == 0 && strcmp(row->ns, ns) == 0)
			return row;
	return NULL;
}

/* What needs no declaration in a multistatus; NULL: any other namespace. */
static const char *prefix_of(const char *ns)
{
	if (strcmp(ns, NS_DAV) == 0)
		return "D";
	return strcmp(ns, "http://www.w3.org/XML/1998/namespace") == 0 ? "xml" : NULL;
}

void property_open(struct buf *out, const char *ns, const char *name)
{
	const char *prefix = prefix_of(ns);

	if (prefix)
		xml_write(out, "<", prefix, ":", name, ">", NULL);
	else
		xml_write(out, "<", name, " xmlns=\"", ns, "\">", NULL);
}

void property_close(struct buf *out, const char *ns, const char *name)
{
	const char *prefix = prefix_of(ns);

	xml_write(out, "</", prefix ? prefix : "", prefix ? ":" : "", name, ">", NULL);
}

void property_empty(struct buf *out, const char *ns, const char *name)
{
	const char *prefix = prefix_of(ns);

	if (prefix)
		xml_write(out, "<", prefix, ":", name, "/>", NULL);
	else
		xml_write(out, "<", name, " xmlns=\"", ns, "\"/>", NULL);
}
