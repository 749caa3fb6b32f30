#include "dav/multistatus.h"
#include "base/buf.h"
#include "base/uri.h"
#include "dav/request.h"
#include "store/store.h"
#include "xml/writer.h"

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
	multistatus_propstat_refuse(out, status, condition, NULL);
}

void multistatus_propstat_refuse(
	struct buf *out, int status, const char *condition, const char *sentence)
{
	if (status == 200 && !condition && !sentence) {
		buf_puts(out, "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>");
		return;
	}
	buf_puts(out, "</D:prop><D:status>HTTP/1.1 ");
	buf_number(out, (uint64_t)status);
	buf_puts(out, " ");
	buf_puts(out, status_reason(status));
	buf_puts(out, "</D:status>");
	if (condition)
		buf_printf(out, "<D:error><D:%s/></D:error>", condition);
	if (sentence)
		xml_write(
			out, "<D:responsedescription>", sentence, "</D:responsedescription>", NULL);
	buf_puts(out, "</D:propstat>");
}

static void put_condition(struct buf *out, const char *condition, const char *href)
{
	buf_printf(out, "<D:%s><D:href>%s</D:href></D:%s>", condition, href, condition);
}

void multistatus_answer_refusals(
	struct request *request, const struct multistatus_refusal *refusals, size_t count)
{
	struct buf *out = &request->answer.bytes;

	answer_begin(request, 207);
	request->answer.kind = ANSWER_BYTES;
	request->answer.encodable = true;
	answer_header(request, "Content-Type", "application/xml; charset=utf-8");
	multistatus_begin(out);
	for (size_t i = 0; i < count; i++) {
		multistatus_response_begin(out, refusals[i].href);
		buf_printf(out, "<D:status>HTTP/1.1 %d %s</D:status>", refusals[i].status,
			status_reason(refusals[i].status));
		if (refusals[i].condition) {
			buf_puts(out, "<D:error>");
			put_condition(out, refusals[i].condition, refusals[i].href);
			buf_puts(out, "</D:error>");
		}
		multistatus_response_end(out);
	}
	multistatus_end(out);
}

void multistatus_answer_error(
	struct request *request, int status, const char *condition, const char *href)
{
	struct buf *out = &request->answer.bytes;

	answer_begin(request, status);
	request->answer.kind = ANSWER_BYTES;
	answer_header(request, "Content-Type", "application/xml; charset=utf-8");
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error xmlns:D=\"DAV:\">");
	put_condition(out, condition, href);
	buf_puts(out, "</D:error>\n");
}
