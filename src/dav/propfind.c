#include "dav/depth.h"
#include "dav/document.h"
#include "dav/listing.h"
#include "dav/methods.h"
#include "dav/multistatus.h"
#include "dav/propstat.h"
#include "dav/request.h"
#include "xml/reader.h"

#include <errno.h>
#include <string.h>

/* An empty body asks for allprop (RFC 4918, 9.1). */
static int read_body(struct request *request, struct wanted *wanted)
{
	static const char malformed[] = "The body is no DAV:propfind (RFC 4918, 14.20).";
	const struct xml_node *root, *prop, *allprop, *propname, *include;
	int error;

	if (request->xml.len == 0) {
		wanted_all(request, wanted);
		return 0;
	}
	error = document_read(request, "propfind", malformed, &root);
	if (error < 0)
		return error;
	prop = xml_child(root, NS_DAV, "prop");
	allprop = xml_child(root, NS_DAV, "allprop");
	propname = xml_child(root, NS_DAV, "propname");
	include = xml_child(root, NS_DAV, "include");
	if (!!prop + !!allprop + !!propname != 1)
		return answer_refuse(request, 400, NULL, malformed);
	if (allprop)
		wanted_all(request, wanted);
	else
		wanted->kind = prop ? PROP : PROPNAME;
	if (prop)
		return wanted_names(request, prop, wanted);
	return allprop && include ? wanted_names(request, include, wanted) : 0;
}

static int write_row(
	const struct listing *listing, const struct view *view, const char *href, struct buf *out)
{
	return propstat_response(listing->what, view, href, out);
}

/* RFC 3744, 4: a principal, of which all follows from its JID. */
static int answer_principal(struct request *request, struct tx *tx, const struct wanted *wanted)
{
	const struct resource resource = {
		.owner = request->principal, .displayname = request->principal};
	const struct view view = {request, tx, request->arena, &resource, .principal = true};
	const char *url = request->url + strlen(request->dav->base_url);
	int error;

	answer_begin(request, 207);
	request->answer.kind = ANSWER_BYTES;
	answer_header(request, "Content-Type", "application/xml; charset=utf-8");
	multistatus_begin(&request->answer.bytes);
	error = propstat_response(wanted, &view, url, &request->answer.bytes);
	multistatus_end(&request->answer.bytes);
	return error;
}

/* RFC 4918, 9.1 */
int propfind_select(struct request *request, struct tx *tx, const struct walk *walk)
{
	enum depth depth = depth_of(request, DEPTH_INFINITY);
	struct wanted *wanted = arena_alloc(request->arena, sizeof(*wanted));
	struct listing *listing = arena_alloc(request->arena, sizeof(*listing));
	int error;

	if (depth == DEPTH_INFINITY)
		return answer_refuse(request, 403, "propfind-finite-depth", NULL);
	if (depth == DEPTH_MALFORMED)
		return answer_refuse(request, 400, NULL, "Depth is 0, 1 or infinity.");
	error = read_body(request, wanted);
	if (error < 0)
		return error;
	if (request->principal)
		return answer_principal(request, tx, wanted);
	*listing = (struct listing){
		.self = true,
		.members = depth == DEPTH_1,
		.content_type = "application/xml; charset=utf-8",
		.status = 207,
		.begin = multistatus_begin,
		.row = write_row,
		.end = multistatus_end,
		.what = wanted,
	};
	return listing_answer(request, tx, walk, listing);
}
