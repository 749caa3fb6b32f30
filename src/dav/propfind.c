#include "dav/depth.h"
#include "dav/listing.h"
#include "dav/methods.h"
#include "dav/multistatus.h"
#include "dav/property.h"
#include "dav/request.h"
#include "xml/reader.h"

#include <errno.h>
#include <string.h>

enum { PROPERTIES_MAX = 256 };

struct name {
	const char *ns, *name;
	const struct live_property *live; /* NULL: dead */
};

/* What was asked for (RFC 4918, 14.20). */
struct propfind {
	enum { ALLPROP, PROPNAME, PROP } kind;
	struct name *names; /* PROP: those; ALLPROP: those in <include/> too */
	size_t count;
};

static int refuse(struct request *request, int status, const char *sentence)
{
	answer_error(request, status, NULL, sentence);
	return -ECANCELED;
}

/* What is asked for twice is told once. */
static bool is_named(const struct propfind *propfind, const struct xml_node *node)
{
	for (size_t i = 0; i < propfind->count; i++)
		if (xml_is(node, propfind->names[i].ns, propfind->names[i].name))
			return true;
	return false;
}

static int read_names(
	struct request *request, const struct xml_node *prop, struct propfind *propfind)
{
	propfind->names = arena_alloc(request->arena, PROPERTIES_MAX * sizeof(*propfind->names));
	for (const struct xml_node *node = xml_first_element(prop); node;
		node = xml_next_element(node)) {
		if (is_named(propfind, node))
			continue;
		if (propfind->count == PROPERTIES_MAX)
			return refuse(request, 413, "That asks for too many properties.");
		propfind->names[propfind->count++] =
			(struct name){node->ns, node->name, property_live(node->ns, node->name)};
	}
	return 0;
}

/* An empty body asks for allprop (RFC 4918, 9.1). */
static int read_body(struct request *request, struct propfind *propfind)
{
	static const char malformed[] = "The body is no DAV:propfind (RFC 4918, 14.20).";
	const struct xml_node *prop, *allprop, *propname, *include;
	struct xml_node *root;
	int error;

	if (request->xml.len == 0)
		return 0;
	error = xml_read(
		request->arena, request->xml.data, request->xml.len, &xml_limits_dav, &root);
	if (error == -E2BIG)
		return refuse(request, 413, "The body is larger or deeper than a request needs.");
	if (error < 0 || !xml_is(root, NS_DAV, "propfind"))
		return refuse(request, 400, malformed);
	prop = xml_child(root, NS_DAV, "prop");
	allprop = xml_child(root, NS_DAV, "allprop");
	propname = xml_child(root, NS_DAV, "propname");
	include = xml_child(root, NS_DAV, "include");
	if (!!prop + !!allprop + !!propname != 1)
		return refuse(request, 400, malformed);
	propfind->kind = prop ? PROP : propname ? PROPNAME : ALLPROP;
	if (prop)
		return read_names(request, prop, propfind);
	return allprop && include ? read_names(request, include, propfind) : 0;
}

/* Dead properties of what is looked at; most resources have none. */
static int read_dead(const struct view *view, struct property **properties, size_t *count)
{
	*count = 0;
	if (!view->resource->has_properties)
		return 0;
	return store_properties(view->tx, view->arena, view->resource->id, properties, count);
}

static const struct property *find_dead(
	const struct property *properties, size_t count, const struct name *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(properties[i].name, name->name) == 0 &&
			strcmp(properties[i].ns, name->ns) == 0)
			return &properties[i];
	return NULL;
}

/* Writes a live property with its value. 1, 0 when there is none here (nothing is written), or negative errno. */
static int write_live(const struct view *view, const struct live_property *live, struct buf *out)
{
	size_t start = out->len;
	int there;

	property_open(out, live->ns, live->name);
	there = live->get(view, out);
	if (there == 1)
		property_close(out, live->ns, live->name);
	else
		out->len = start;
	return there;
}

static bool may_see(const struct view *view, const struct live_property *live)
{
	return !live->owner_only || view_owned(view);
}

static int write_allprop(
	const struct view *view, const struct property *dead, size_t dead_count, struct buf *out)
{
	const struct live_property *live;

	for (size_t i = 0; (live = property_row(i)); i++) {
		int there = live->allprop ? write_live(view, live, out) : 0;

		if (there < 0)
			return there;
	}
	for (size_t i = 0; i < dead_count; i++)
		buf_puts(out, dead[i].xml);
	return 0;
}

static int write_propname(
	const struct view *view, const struct property *dead, size_t dead_count, struct buf *out)
{
	const struct live_property *live;
	struct buf value = {0};
	int there = 0;

	for (size_t i = 0; there >= 0 && (live = property_row(i)); i++) {
		value.len = 0;
		there = may_see(view, live) ? live->get(view, &value) : 0;
		if (there == 1)
			property_empty(out, live->ns, live->name);
	}
	buf_free(&value);
	for (size_t i = 0; i < dead_count; i++)
		property_empty(out, dead[i].ns, dead[i].name);
	return there < 0 ? there : 0;
}

/* Writes what is there of the named ones; `status` says of each what became of it. */
static int write_named(const struct propfind *propfind, const struct view *view,
	const struct property *dead, size_t dead_count, int *status, struct buf *out)
{
	for (size_t i = 0; i < propfind->count; i++) {
		const struct name *name = &propfind->names[i];
		const struct property *found = find_dead(dead, dead_count, name);
		int there = found != NULL;

		if (name->live && !may_see(view, name->live)) {
			status[i] = 403;
			continue;
		}
		if (propfind->kind == ALLPROP && (found || (name->live && name->live->allprop))) {
			status[i] = 200;
			continue;
		}
		if (name->live)
			there = write_live(view, name->live, out);
		else if (found)
			buf_puts(out, found->xml);
		if (there < 0)
			return there;
		status[i] = there ? 200 : 404;
	}
	return 0;
}

static void write_missing(
	const struct propfind *propfind, const int *statuses, int status, struct buf *out)
{
	bool open = false;

	for (size_t i = 0; i < propfind->count; i++) {
		if (statuses[i] != status)
			continue;
		if (!open)
			multistatus_propstat_begin(out);
		open = true;
		property_empty(out, propfind->names[i].ns, propfind->names[i].name);
	}
	if (open)
		multistatus_propstat_end(out, status, NULL);
}

/* One <response/> (RFC 4918, 9.1.3). */
static int write_response(
	const struct listing *listing, const struct view *view, const char *href, struct buf *out)
{
	const struct propfind *propfind = listing->what;
	int statuses[PROPERTIES_MAX];
	struct property *dead = NULL;
	size_t dead_count, before, empty;
	int error = read_dead(view, &dead, &dead_count);

	if (error < 0)
		return error;
	multistatus_response_begin(out, href);
	before = out->len;
	multistatus_propstat_begin(out);
	empty = out->len;
	if (propfind->kind == ALLPROP)
		error = write_allprop(view, dead, dead_count, out);
	else if (propfind->kind == PROPNAME)
		error = write_propname(view, dead, dead_count, out);
	if (error == 0)
		error = write_named(propfind, view, dead, dead_count, statuses, out);
	if (error < 0)
		return error;
	if (out->len > empty || propfind->count == 0)
		multistatus_propstat_end(out, 200, NULL);
	else
		out->len = before;
	write_missing(propfind, statuses, 403, out);
	write_missing(propfind, statuses, 404, out);
	multistatus_response_end(out);
	return 0;
}

/* RFC 4918, 9.1 */
int propfind_select(struct request *request, struct tx *tx, const struct walk *walk)
{
	enum depth depth = depth_of(request, DEPTH_INFINITY);
	struct propfind *propfind = arena_alloc(request->arena, sizeof(*propfind));
	struct listing *listing = arena_alloc(request->arena, sizeof(*listing));
	int error;

	if (depth == DEPTH_INFINITY) {
		answer_error(request, 403, "propfind-finite-depth", NULL);
		return -ECANCELED;
	}
	if (depth == DEPTH_MALFORMED)
		return refuse(request, 400, "Depth is 0, 1 or infinity.");
	error = read_body(request, propfind);
	if (error < 0)
		return error;
	*listing = (struct listing){
		.self = true,
		.members = depth == DEPTH_1,
		.content_type = "application/xml; charset=utf-8",
		.status = 207,
		.begin = multistatus_begin,
		.row = write_response,
		.end = multistatus_end,
		.what = propfind,
	};
	return listing_answer(request, tx, walk, listing);
}
