#include "dav/link.h"

#include "dav/audit.h"
#include "dav/live.h"
#include "dav/request.h"
#include "dav/right.h"

int link_find(struct request *request, struct tx *tx)
{
	const struct path *path = &request->path;
	struct walk walk;
	int found = path->depth == 1 ? store_link(tx, path->segments[0].name) : 0;

	/* What is no link takes no longer where something else is. */
	if (found != 1)
		return found;
	found = store_walk(tx, request->arena, path, &walk);
	return found < 0 ? found : right_of_anybody(request->dav, &walk);
}

/* 1 as long as it is one; its owner may remove it, and nobody can set it. */
int live_link(const struct view *view, struct buf *out)
{
	if (view->resource->link)
		buf_puts(out, "1");
	return view->resource->link;
}

int live_link_set(const struct view *view, const struct xml_node *value)
{
	int error = value ? 0 : store_link_end(view->tx, view->resource->id);

	if (error < 0)
		return error;
	if (!value && view->resource->link)
		audit_link(view->request, false);
	return value ? 403 : 200;
}
