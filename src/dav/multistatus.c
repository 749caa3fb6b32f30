#include "dav/multistatus.h"
#include "base/buf.h"
#include "base/uri.h"
#include "dav/request.h"
#include "store/store.h"

void multistatus_begin(struct buf *out)
{
	buf_puts(out,
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">\n");
}

void multistatus_end(struct buf *out)
{
	buf_puts(out, "</D:multistatus>\n");
}

void multistatus_response_begin(struct buf *out, const char *href)
{
	buf_puts(out, "<D:response><D:href>");
	buf_puts(out, href);
	buf_puts(out, "</D:href>");
}

void multistatus_response_end(struct buf *out)
{
	buf_puts(out, "</D:response>\n");
}

void multistatus_propstat_begin(struct buf *out)
{
	buf_puts(out, "<D:propstat><D:prop>");
}

void multistatus_propstat_end(struct buf *out, int status, const char *condition)
{
	buf_printf(
		out, "</D:prop><D:status>HTTP/1.1 %d %s</D:status>", status, status_reason(status));
	if (condition)
		buf_printf(out, "<D:error><D:%s/></D:error>", condition);
	buf_puts(out, "</D:propstat>");
}

void multistatus_href(struct buf *out, const struct walk *walk)
{
	buf_puts(out, "/");
	for (size_t i = 1; i < walk->count; i++) {
		uri_encode(out, walk->chain[i].spelling);
		if (walk->chain[i].collection)
			buf_puts(out, "/");
	}
}
