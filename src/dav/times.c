/* Times that clients set: what they tell is shown as the time of the last modification from then on. */
#include "dav/times.h"
#include "base/codec.h"
#include "dav/live.h"
#include "dav/request.h"
#include "xml/reader.h"

#include <errno.h>
#include <string.h>

/* The last second that an HTTP date can say: 9999-12-31T23:59:59Z. */
#define TIME_LAST 253402300799LL

int live_win32_last_modified_time(const struct view *view, struct buf *out)
{
	char date[30];

	http_date_format(date, view->resource->modified / 1000);
	buf_puts(out, date);
	return 1;
}

int live_win32_last_modified_time_set(const struct view *view, const struct xml_node *value)
{
	int64_t seconds;
	int error;

	if (!value)
		return 200;
	if (http_date_parse(xml_text(view->arena, value), &seconds) < 0)
		return 409;
	error = store_modified_set(view->tx, view->resource->id, seconds * 1000);
	return error < 0 ? error : 200;
}

int times_take(struct request *request, struct tx *tx, int64_t resource)
{
	const char *field = request_header(request, "X-OC-Mtime");
	char digits[20];
	int64_t seconds;
	size_t length;
	int error;

	if (!field)
		return 0;
	/* Seconds; a fraction of them is left out. */
	length = strcspn(field, ".");
	if (length >= sizeof(digits) ||
		strspn(field + length, ".0123456789") != strlen(field + length))
		return -EINVAL;
	memcpy(digits, field, length);
	digits[length] = '\0';
	if (decimal_parse(digits, &seconds) < 0 || seconds > TIME_LAST)
		return -EINVAL;
	error = store_modified_set(tx, resource, seconds * 1000);
	return error < 0 ? error : 1;
}
