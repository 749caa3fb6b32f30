#include "dav/range.h"
#include "base/codec.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { DIGITS = 20 };

/* 1: a number was read; 0: there is none; -EINVAL. What is beyond INT64_MAX lies behind every end. */
static int position(const char *text, size_t length, uint64_t *out)
{
	char digits[DIGITS];
	int64_t number = 0;
	int error;

	if (length == 0)
		return 0;
	if (length >= DIGITS)
		return -EINVAL;
	memcpy(digits, text, length);
	digits[length] = '\0';
	error = decimal_parse(digits, &number);
	*out = error == -ERANGE ? INT64_MAX : (uint64_t)number;
	return error == 0 || error == -ERANGE ? 1 : -EINVAL;
}

int range_parse(const char *range, uint64_t total, uint64_t *offset, uint64_t *length)
{
	uint64_t first = 0, last = 0;
	const char *dash;
	int has_first, has_last;

	if (!range || strncasecmp(range, "bytes=", 6) != 0)
		return 0;
	range += 6;
	range += strspn(range, " \t");
	dash = strchr(range, '-');
	if (!dash)
		return 0;
	has_first = position(range, (size_t)(dash - range), &first);
	has_last = position(dash + 1, strcspn(dash + 1, " \t"), &last);
	if (has_first < 0 || has_last < 0 || (!has_first && !has_last))
		return 0;
	if (dash[1 + strcspn(dash + 1, " \t")])
		return 0;
	if (!has_first) {
		if (last == 0 || total == 0)
			return -ERANGE;
		*length = last < total ? last : total;
		*offset = total - *length;
		return 1;
	}
	if (has_last && last < first)
		return 0;
	if (first >= total)
		return -ERANGE;
	*offset = first;
	*length = (has_last && last < total ? last + 1 : total) - first;
	return 1;
}
