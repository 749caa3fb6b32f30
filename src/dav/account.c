/* Live properties of what the asker's account may use (RFC 4331): on what is the asker's own, and on the root. */
#include "dav/live.h"
#include "dav/quota.h"
#include "dav/request.h"
#include "dav/right.h"

/* Whether the figures are the asker's to see here. */
static bool is_shown(const struct view *view)
{
	return view->resource->id == STORE_ROOT
		       ? right_may_upload(view->request->dav, &view->request->claim)
		       : view_owned(view);
}

/* RFC 4331, 3 */
int live_quota_available_bytes(const struct view *view, struct buf *out)
{
	uint64_t bytes;
	int error;

	if (!is_shown(view))
		return 0;
	error = quota_left(view->request->dav, view->tx, view->request->claim.bare, &bytes);
	buf_printf(out, "%llu", (unsigned long long)bytes);
	return error < 0 ? error : 1;
}

/* RFC 4331, 4 */
int live_quota_used_bytes(const struct view *view, struct buf *out)
{
	struct usage usage;
	int error;

	if (!is_shown(view))
		return 0;
	error = store_usage(view->tx, view->request->claim.bare, &usage);
	buf_printf(out, "%llu", (unsigned long long)usage.bytes);
	return error < 0 ? error : 1;
}
