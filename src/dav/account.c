/* Live properties of what the asker's account may use (RFC 4331): on what is the asker's own, and on the root. */
#include "dav/live.h"
#include "dav/quota.h"
#include "dav/request.h"
#include "dav/right.h"

/* 1, 0 when the figures are not the asker's to see here, or negative errno. */
static int is_shown(const struct view *view)
{
	struct path nowhere = {.depth = 1};
	struct walk walk = {
		.path = &nowhere, .chain = (struct resource *)view->resource, .count = 1};

	if (view->resource->id != STORE_ROOT)
		return view_owned(view);
	return right_ask(view->request->dav, view->tx, &view->request->claim, &walk, RIGHT_UPLOAD);
}

/* RFC 4331, 3 */
int live_quota_available_bytes(const struct view *view, struct buf *out)
{
	uint64_t bytes;
	int shown = is_shown(view), error;

	if (shown != 1)
		return shown;
	error = quota_left(view->request->dav, view->tx, view->request->claim.bare, &bytes);
	buf_printf(out, "%llu", (unsigned long long)bytes);
	return error < 0 ? error : 1;
}

/* RFC 4331, 4 */
int live_quota_used_bytes(const struct view *view, struct buf *out)
{
	struct usage usage;
	int shown = is_shown(view), error;

	if (shown != 1)
		return shown;
	error = store_usage(view->tx, view->request->claim.bare, &usage);
	buf_printf(out, "%llu", (unsigned long long)usage.bytes);
	return error < 0 ? error : 1;
}
