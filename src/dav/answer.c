#include "base/hash.h"
#include "dav/property.h"
#include "dav/request.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{100, "Continue"},
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{207, "Multi-Status"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Range Not Satisfiable"},
	{417, "Expectation Failed"},
	{421, "Misdirected Request"},
	{423, "Locked"},
	{424, "Failed Dependency"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{505, "HTTP Version Not Supported"},
	{507, "Insufficient Storage"},
};

static const struct {
	int error;
	int status;
	const char *condition; /* RFC 4331, 6; NULL: none */
	const char *sentence;
} errors[] = {
	{ENOENT, 404, NULL, "There is nothing here."},
	{EEXIST, 412, NULL, "The name is taken."},
	{EFBIG, 413, NULL, "This is larger than the server takes."},
	{EBUSY, 409, NULL, "Another part of this upload is on its way. Send one after the other."},
	{ENOSPC, 507, "sufficient-disk-space",
		"There is no room left on the server. Ask its operator, or delete something "
		"first."},
	{EDQUOT, 507, "quota-not-exceeded",
		"Your account's room is used up. Delete something first, or ask the server's "
		"operator for more."},
};

const char *status_reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	assert(!"a status without a reason phrase");
	return "";
}

void answer_begin(struct request *request, int status)
{
	struct answer *answer = &request->answer;

	store_content_close(&answer->content);
	hashes_free(answer->hashes);
	answer->bytes.len = 0;
	*answer = (struct answer){
		.status = status, .bytes = answer->bytes, .content.fd = -1, .close = answer->close};
}

void answer_header(struct request *request, const char *name, const char *value)
{
	struct answer *answer = &request->answer;

	assert(answer->header_count < ANSWER_HEADERS);
	answer->headers[answer->header_count++] = (struct header){name, value};
}

enum step_result answer_error(
	struct request *request, int status, const char *condition, const char *sentence)
{
	struct buf *bytes = &request->answer.bytes;

	answer_begin(request, status);
	request->answer.kind = ANSWER_BYTES;
	if (condition) {
		answer_header(request, "Content-Type", "application/xml; charset=utf-8");
		buf_printf(bytes,
			"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			"<D:error xmlns:D=\"DAV:\"><D:%s/>",
			condition);
		if (sentence)
			buf_printf(bytes, "<sentence xmlns=\"" NS_MISSIVE "\">%s</sentence>",
				sentence);
		buf_puts(bytes, "</D:error>\n");
	} else {
		answer_header(request, "Content-Type", "text/plain; charset=utf-8");
		buf_printf(bytes, "%s\n", sentence);
	}
	return STEP_ANSWER;
}

enum step_result answer_limited(
	struct request *request, uint64_t milliseconds, const char *sentence)
{
	answer_error(request, 429, NULL, sentence);
	answer_header(request, "Retry-After",
		arena_printf(request->arena, "%" PRIu64, (milliseconds + 999) / 1000));
	return STEP_ANSWER;
}

int answer_refuse(struct request *request, int status, const char *condition, const char *sentence)
{
	answer_error(request, status, condition, sentence);
	return -ECANCELED;
}

enum step_result answer_errno(struct request *request, int error)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i].error == -error)
			return answer_error(
				request, errors[i].status, errors[i].condition, errors[i].sentence);
	answer_error(request, 503, NULL, "The server's store does not answer. Try again later.");
	answer_header(request, "Retry-After", "10");
	return STEP_ANSWER;
}
