/* The list of who may read a resource (XEP-0129, 4), as its owner reads and sets it. */
#include "dav/audit.h"
#include "dav/live.h"
#include "dav/request.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <string.h>

/* XEP-0129, 4: the resource's own list; one that it inherits is not shown here. */
int live_jidlist(const struct view *view, struct buf *out)
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
	return xml_is(node, NS_0129, "jid") &&
	       jid_parse(arena, xml_text_trimmed(arena, node), jid) == 0;
}

static bool jid_listed(const struct jid *jids, size_t count, const struct jid *jid)
{
	for (size_t i = 0; i < count; i++)
		if (jid_equal(&jids[i], jid))
			return true;
	return false;
}

int live_jidlist_set(const struct view *view, const struct xml_node *value)
{
	struct jid *jids;
	size_t count = 0;
	int error;

	if (!value) {
		audit_list_removed(view->request);
		error = store_list_remove(view->tx, view->resource->id);
		return error < 0 ? error : 200;
	}
	jids = arena_alloc(view->arena, STORE_LIST_MAX * sizeof(*jids));
	for (const struct xml_node *node = xml_first_element(value); node;
		node = xml_next_element(node)) {
		if (count == STORE_LIST_MAX || !read_jid(view->arena, node, &jids[count]))
			return 409;
		if (!jid_listed(jids, count, &jids[count]))
			count++;
	}
	audit_list_set(view->request, jids, count);
	error = store_list_set(view->tx, view->resource->id, jids, count);
	return error < 0 ? error : 200;
}
