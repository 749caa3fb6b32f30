#include "dav/change.h"
#include "dav/document.h"
#include "dav/methods.h"
#include "dav/request.h"
#include "xml/reader.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static bool is_xml(const char *type)
{
	size_t length = strcspn(type, "; \t");

	return (length == 8 && strncasecmp(type, "text/xml", length) == 0) ||
	       (length == 15 && strncasecmp(type, "application/xml", length) == 0);
}

/* RFC 5689, 3: what is made is a collection and nothing else. False: another type is asked for. */
static bool take_resourcetype(struct changes *changes)
{
	int kept = 0;

	for (int i = 0; i < changes->count; i++) {
		const struct change *one = &changes->items[i];
		const struct xml_node *inside = xml_first_element(one->property);

		if (!xml_is(one->property, NS_DAV, "resourcetype"))
			changes->items[kept++] = *one;
		else if (!xml_is(inside, NS_DAV, "collection") || xml_next_element(inside))
			return false;
	}
	changes->count = kept;
	return true;
}

/* RFC 5689, 3. What is of another type is 415 (RFC 4918, 9.3), and so is what says none and is no DAV:mkcol. */
static int read_body(struct request *request, struct changes *changes)
{
	static const char unknown[] =
		"The body of MKCOL is a DAV:mkcol (RFC 5689, 5.1), or there is none.";
	const char *type = request_header(request, "Content-Type");
	const struct xml_node *root;
	int error;

	*changes = (struct changes){0};
	if (request->xml.len == 0)
		return 0;
	if (type && !is_xml(type))
		return answer_refuse(request, 415, NULL, unknown);
	error = document_read(request, "mkcol", unknown, &root);
	if (error < 0 && !type && request->answer.status == 400)
		return answer_refuse(request, 415, NULL, unknown);
	if (error == 0 && xml_child(root, NS_DAV, "remove"))
		return answer_refuse(request, 400, NULL, unknown);
	if (error < 0)
		return error;
	error = changes_read(request, root, changes);
	if (error == 0 && !take_resourcetype(changes))
		return answer_refuse(
			request, 403, "valid-resourcetype", "Only collections are made here.");
	return error;
}

/* RFC 5689, 3.1: nothing is made when a property cannot be set. */
static int answer_failed(struct request *request, const struct changes *changes)
{
	struct buf *out = &request->answer.bytes;

	answer_begin(request, 424);
	answer_header(request, "Content-Type", "application/xml; charset=utf-8");
	request->answer.kind = ANSWER_BYTES;
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		      "<D:mkcol-response xmlns:D=\"DAV:\">");
	changes_write(out, changes);
	buf_puts(out, "</D:mkcol-response>\n");
	return -ECANCELED;
}

/* RFC 4918, 9.3; with properties, among them a jidlist, RFC 5689. */
int mkcol_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct path *path = &request->path;
	const struct resource *parent = &walk->chain[walk->count - 1];
	struct changes changes;
	struct resource made;
	struct view view = {request, tx, request->arena, &made};
	int error;

	error = read_body(request, &changes);
	if (error == 0)
		error = store_make_collection(tx, parent->id, &path->segments[path->depth - 1],
			request->claim.bare, &made, request->arena);
	if (error == 0) {
		error = changes_make(&view, &changes);
		if (error == 0)
			return answer_failed(request, &changes);
	}
	if (error < 0)
		return error;
	answer_begin(request, 201);
	answer_header(request, "Location", request->url);
	return 0;
}
