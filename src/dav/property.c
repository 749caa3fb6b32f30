#include "dav/property.h"
#include "base/codec.h"
#include "base/text.h"
#include "dav/live.h"
#include "dav/locked.h"
#include "dav/precondition.h"
#include "dav/request.h"
#include "dav/served.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <string.h>

enum { DISPLAYNAME_MAX = 255 };

bool view_owned(const struct view *view)
{
	return strcmp(view->resource->owner, view->request->claim.bare) == 0;
}

int view_refuse(const struct view *view, int status, const char *why)
{
	if (view->why)
		*view->why = why;
	return status;
}

/* RFC 4918, 15.1. What was made together lies together: the same date is not made again. */
static int get_creationdate(const struct view *view, struct buf *out)
{
	static _Thread_local int64_t last = INT64_MIN;
	static _Thread_local char date[21];
	int64_t seconds = view->resource->created / 1000;

	if (seconds != last)
		iso_date_format(date, last = seconds);
	buf_append(out, date, sizeof(date) - 1);
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
	buf_number(out, view->resource->length);
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
	static _Thread_local int64_t last = INT64_MIN;
	static _Thread_local char date[30];
	int64_t seconds = view->resource->modified / 1000;

	if (seconds != last)
		http_date_format(date, last = seconds);
	buf_append(out, date, sizeof(date) - 1);
	return 1;
}

/* RFC 4918, 15.9 */
static int get_resourcetype(const struct view *view, struct buf *out)
{
	if (view->resource->collection || view->principal)
		buf_puts(out, view->principal ? "<D:principal/>" : "<D:collection/>");
	return 1;
}

/* RFC 4918, 15.8: the owner's locks are the owner's to see. */
static int get_lockdiscovery(const struct view *view, struct buf *out)
{
	struct lock *locks;
	size_t count;
	int error = 0;

	if (!view_owned(view))
		return 1;
	error = locked_find(view, &locks, &count);
	for (size_t i = 0; error == 0 && i < count; i++)
		locked_write(out, view->request, &locks[i]);
	return error < 0 ? error : 1;
}

#define LOCK_ENTRY(scope)                                                                          \
	"<D:lockentry><D:lockscope><D:" scope "/></D:lockscope>"                                   \
	"<D:locktype><D:write/></D:locktype></D:lockentry>"

/* RFC 4918, 15.10; nothing is locked at the root. */
static int get_supportedlock(const struct view *view, struct buf *out)
{
	static const char both[] = LOCK_ENTRY("exclusive") LOCK_ENTRY("shared");

	if (view->resource->id != STORE_ROOT)
		buf_append(out, both, sizeof(both) - 1);
	return 1;
}

/* clang-format off */
/* A property's name and its tags, as property_empty() would write them. */
#define TAG(text)       {text, sizeof(text) - 1}
#define DAV(name)       NS_DAV, name, TAG("<D:" name ">"), TAG("</D:" name ">"), TAG("<D:" name "/>")
#define OTHER(ns, name) ns, name, TAG("<" name " xmlns=\"" ns "\">"), TAG("</" name ">"), TAG("<" name " xmlns=\"" ns "\"/>")

static const struct live_property rows[] = {
	/* ns      name                          of           allprop owner_only get                          set */
	{DAV("creationdate"),               OF_RESOURCE, true,   false, get_creationdate,               NULL},
	{DAV("displayname"),                OF_BOTH,     true,   false, get_displayname,                set_displayname},
	{DAV("getcontentlength"),           OF_RESOURCE, true,   false, get_getcontentlength,           NULL},
	{DAV("getcontenttype"),             OF_RESOURCE, true,   false, get_getcontenttype,             NULL},
	{DAV("getetag"),                    OF_RESOURCE, true,   false, get_getetag,                    NULL},
	{DAV("getlastmodified"),            OF_RESOURCE, true,   false, get_getlastmodified,            NULL},
	{DAV("lockdiscovery"),              OF_RESOURCE, true,   false, get_lockdiscovery,              NULL},
	{DAV("supportedlock"),              OF_RESOURCE, true,   false, get_supportedlock,              NULL},
	{DAV("resourcetype"),               OF_BOTH,     true,   false, get_resourcetype,               NULL},
	{DAV("owner"),                      OF_RESOURCE, false,  false, live_owner,                     NULL},
	{DAV("group"),                      OF_RESOURCE, false,  false, live_group,                     NULL},
	{DAV("principal-collection-set"),   OF_BOTH,     false,  false, live_principal_collection_set,  NULL},
	{DAV("current-user-principal"),     OF_BOTH,     false,  false, live_current_user_principal,    NULL},
	{DAV("current-user-privilege-set"), OF_RESOURCE, false,  false, live_current_user_privilege_set, NULL},
	{DAV("supported-privilege-set"),    OF_RESOURCE, false,  false, live_supported_privilege_set,   NULL},
	{DAV("acl"),                        OF_RESOURCE, false,  true,  live_acl,                       NULL},
	{DAV("acl-restrictions"),           OF_RESOURCE, false,  false, live_acl_restrictions,          NULL},
	{DAV("quota-available-bytes"),      OF_RESOURCE, false,  false, live_quota_available_bytes,     NULL},
	{DAV("quota-used-bytes"),           OF_RESOURCE, false,  false, live_quota_used_bytes,          NULL},
	{DAV("sync-token"),                 OF_RESOURCE, false,  false, live_sync_token,                NULL},
	{DAV("supported-report-set"),       OF_RESOURCE, false,  false, live_supported_report_set,      NULL},
	{DAV("principal-URL"),              OF_PRINCIPAL, false, false, live_principal_url,            NULL},
	{DAV("alternate-URI-set"),          OF_PRINCIPAL, false, false, live_alternate_uri_set,        NULL},
	{DAV("group-member-set"),           OF_PRINCIPAL, false, false, live_group,                    NULL},
	{DAV("group-membership"),           OF_PRINCIPAL, false, false, live_group,                    NULL},
	{OTHER(NS_0129, "jidlist"),                    OF_RESOURCE, false,  true,  live_jidlist,                   live_jidlist_set},
	{OTHER(NS_MISSIVE, "link"),                     OF_RESOURCE, false,  true,  live_link,                      live_link_set},
	{OTHER(NS_MISSIVE, "expires"),                 OF_RESOURCE, false,  false, live_expires,                   live_expires_set},
	{OTHER(NS_MISSIVE, "once"),                    OF_RESOURCE, false,  true,  live_once,                      live_once_set},
	{OTHER(NS_MISSIVE, "notify"),                  OF_RESOURCE, false,  true,  live_notify,                    live_notify_set},
	{OTHER(NS_MISSIVE, "fetches"),                 OF_RESOURCE, false,  true,  live_fetches,                   NULL},
	{OTHER(NS_OC, "checksums"),                  OF_RESOURCE, false,  false, live_checksums,                 NULL},
	{OTHER(NS_WIN, "Win32LastModifiedTime"),      OF_RESOURCE, false,  false, live_win32_last_modified_time,  live_win32_last_modified_time_set},
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

void property_empty(struct buf *out, const char *ns, const char *name)
{
	const char *prefix = prefix_of(ns);

	if (prefix)
		xml_write(out, "<", prefix, ":", name, "/>", NULL);
	else
		xml_write(out, "<", name, " xmlns=\"", ns, "\"/>", NULL);
}
