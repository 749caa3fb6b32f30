#include "dav/change.h"

#include "dav/multistatus.h"
#include "dav/request.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <errno.h>

int changes_read(struct request *request, const struct xml_node *root, struct changes *changes)
{
	int most = (int)request->dav->limits.properties;

	*changes = (struct changes){
		.items = arena_alloc(request->arena, (size_t)most * sizeof(*changes->items))};
	for (const struct xml_node *node = xml_first_element(root); node;
		node = xml_next_element(node)) {
		bool set = xml_is(node, NS_DAV, "set");
		const struct xml_node *prop = xml_child(node, NS_DAV, "prop");

		if (!set && !xml_is(node, NS_DAV, "remove"))
			continue;
		for (const struct xml_node *one = prop ? xml_first_element(prop) : NULL; one;
			one = xml_next_element(one)) {
			if (changes->count == most)
				return answer_refuse(
					request, 413, NULL, "That changes too many properties.");
			changes->items[changes->count++] = (struct change){one, set, 0, NULL};
		}
	}
	return 0;
}

/* The status of one change of a dead property, or negative errno. */
static int change_dead(const struct view *view, const struct change *change)
{
	const struct xml_node *node = change->property;
	struct property property = {.ns = node->ns, .name = node->name};
	struct buf xml = {0};
	int error;

	if (!change->set) {
		error = store_property_remove(view->tx, view->resource->id, node->ns, node->name);
		return error < 0 ? error : 200;
	}
	xml_write_node(&xml, node);
	property.xml = buf_text(&xml);
	error = xml.len > view->request->dav->limits.property_size
			? -ENOSPC
			: store_property_set(view->tx, view->resource->id, &property);
	buf_free(&xml);
	return error < 0 ? error : 200;
}

static int make_one(const struct view *view, struct change *change)
{
	struct view told = *view;
	const struct xml_node *node = change->property;
	const struct live_property *live = property_live(node->ns, node->name);
	int status;

	told.why = &change->why;
	if (live && !live->set)
		return 403;
	if (live)
		status = live->set(&told, change->set ? node : NULL);
	else
		status = change_dead(view, change);
	return status == -ENOSPC ? 507 : status;
}

int changes_make(const struct view *view, struct changes *changes)
{
	int failed = -1;

	for (int i = 0; i < changes->count && failed < 0; i++) {
		changes->items[i].status = make_one(view, &changes->items[i]);
		if (changes->items[i].status < 0)
			return changes->items[i].status;
		if (changes->items[i].status != 200)
			failed = i;
	}
	for (int i = 0; i < changes->count && failed >= 0; i++)
		if (i != failed)
			changes->items[i].status = 424;
	return failed < 0;
}

void changes_write(struct buf *out, const struct changes *changes)
{
	const struct change *items = changes->items;

	for (int i = 0; i < changes->count; i++) {
		int status = items[i].status;

		if (i == 0 || status != items[i - 1].status)
			multistatus_propstat_begin(out);
		property_empty(out, items[i].property->ns, items[i].property->name);
		if (i + 1 == changes->count || status != items[i + 1].status)
			multistatus_propstat_refuse(out, status,
				status == 403 ? "cannot-modify-protected-property" : NULL,
				items[i].why);
	}
}
