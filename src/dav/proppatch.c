#include "dav/methods.h"
#include "dav/multistatus.h"
#include "dav/property.h"
#include "dav/request.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <errno.h>

enum { INSTRUCTIONS_MAX = 256, VALUE_MAX = 64 << 10 };

struct instruction {
	const struct xml_node *property;
	bool set; /* else remove */
	int status;
};

static int refuse(struct request *request, int status, const char *sentence)
{
	answer_error(request, status, NULL, sentence);
	return -ECANCELED;
}

/* In document order (RFC 4918, 9.2). The number of instructions, or -ECANCELED. */
static int read_body(struct request *request, struct instruction *instructions)
{
	struct xml_node *root;
	int count = 0, error;

	error = xml_read(
		request->arena, request->xml.data, request->xml.len, &xml_limits_dav, &root);
	if (error == -E2BIG)
		return refuse(request, 413, "The body is larger or deeper than a request needs.");
	if (error < 0 || !xml_is(root, NS_DAV, "propertyupdate"))
		return refuse(request, 400, "The body is no DAV:propertyupdate (RFC 4918, 14.19).");
	for (const struct xml_node *node = xml_first_element(root); node;
		node = xml_next_element(node)) {
		bool set = xml_is(node, NS_DAV, "set");
		const struct xml_node *prop = xml_child(node, NS_DAV, "prop");

		if (!set && !xml_is(node, NS_DAV, "remove"))
			continue;
		for (const struct xml_node *one = prop ? xml_first_element(prop) : NULL; one;
			one = xml_next_element(one)) {
			if (count == INSTRUCTIONS_MAX)
				return refuse(request, 413, "That changes too many properties.");
			instructions[count++] = (struct instruction){one, set, 0};
		}
	}
	return count ? count : refuse(request, 400, "The body changes no property.");
}

/* The status of one change of a dead property, or negative errno. */
static int change_dead(const struct view *view, const struct instruction *instruction)
{
	const struct xml_node *node = instruction->property;
	struct property property = {.ns = node->ns, .name = node->name};
	struct buf xml = {0};
	int error;

	if (!instruction->set) {
		error = store_property_remove(view->tx, view->resource->id, node->ns, node->name);
		return error < 0 ? error : 200;
	}
	xml_write_node(&xml, node);
	property.xml = buf_text(&xml);
	error = xml.len > VALUE_MAX ? -ENOSPC
				    : store_property_set(view->tx, view->resource->id, &property);
	buf_free(&xml);
	return error < 0 ? error : 200;
}

static int change(const struct view *view, const struct instruction *instruction)
{
	const struct xml_node *node = instruction->property;
	const struct live_property *live = property_live(node->ns, node->name);
	int status;

	if (live && !live->set)
		return 403;
	if (live)
		status = live->set(view, instruction->set ? node : NULL);
	else
		status = change_dead(view, instruction);
	return status == -ENOSPC ? 507 : status;
}

static void write_answer(struct request *request, const struct walk *walk,
	const struct instruction *instructions, int count)
{
	struct buf *out = &request->answer.bytes;
	struct buf href = {0};

	answer_begin(request, 207);
	answer_header(request, "Content-Type", "application/xml; charset=utf-8");
	request->answer.kind = ANSWER_BYTES;
	multistatus_href(&href, walk);
	multistatus_begin(out);
	multistatus_response_begin(out, buf_text(&href));
	buf_free(&href);
	for (int i = 0; i < count; i++) {
		int status = instructions[i].status;

		if (i == 0 || status != instructions[i - 1].status)
			multistatus_propstat_begin(out);
		property_empty(out, instructions[i].property->ns, instructions[i].property->name);
		if (i + 1 == count || status != instructions[i + 1].status)
			multistatus_propstat_end(out, status,
				status == 403 ? "cannot-modify-protected-property" : NULL);
	}
	multistatus_response_end(out);
	multistatus_end(out);
}

/* RFC 4918, 9.2: all or nothing; what did not fail by itself says 424. */
int proppatch_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	struct instruction *instructions =
		arena_alloc(request->arena, INSTRUCTIONS_MAX * sizeof(*instructions));
	struct view view = {request, tx, request->arena, &walk->chain[walk->count - 1]};
	int count = read_body(request, instructions), failed = -1;

	if (count < 0)
		return count;
	for (int i = 0; i < count && failed < 0; i++) {
		instructions[i].status = change(&view, &instructions[i]);
		if (instructions[i].status < 0)
			return instructions[i].status;
		if (instructions[i].status != 200)
			failed = i;
	}
	for (int i = 0; i < count && failed >= 0; i++)
		if (i != failed)
			instructions[i].status = 424;
	write_answer(request, walk, instructions, count);
	return failed < 0 ? 0 : -ECANCELED;
}
