/* Live properties for clients that ask for changes (RFC 6578; RFC 3253): on collections of the asker's own. */
#include "dav/sync.h"
#include "dav/live.h"
#include "dav/request.h"

static bool is_synced(const struct view *view)
{
	return view->resource->collection && view_owned(view);
}

void sync_token(struct buf *out, int64_t change)
{
	buf_printf(out, SYNC_TOKEN "%lld", (long long)change);
}

/* RFC 6578, 4 */
int live_sync_token(const struct view *view, struct buf *out)
{
	int64_t last, forgotten;
	int error;

	if (!is_synced(view))
		return 0;
	error = store_changes(view->tx, &last, &forgotten);
	sync_token(out, last);
	return error < 0 ? error : 1;
}

/* RFC 3253, 3.1.5 */
int live_supported_report_set(const struct view *view, struct buf *out)
{
	if (is_synced(view))
		buf_puts(out, "<D:supported-report><D:report><D:sync-collection/></D:report>"
			      "</D:supported-report>");
	return 1;
}
