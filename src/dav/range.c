#include "dav/range.h"
#include "base/codec.h"

#include <errno.h>
#include <stdbool.h>
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

/* One of the list. 1: *out; 0: malformed; -ERANGE: it lies behind the end. */
static int parse_one(const char *spec, size_t length, uint64_t total, struct span *out)
{
	const char *dash = memchr(spec, '-', length);
	uint64_t first = 0, last = 0;
	int has_first, has_last;

	if (!dash)
		return 0;
	has_first = position(spec, (size_t)(dash - spec), &first);
	has_last = position(dash + 1, length - (size_t)(dash + 1 - spec), &last);
	if (has_first < 0 || has_last < 0 || (!has_first && !has_last))
		return 0;
	if (!has_first) {
		if (last == 0 || total == 0)
			return -ERANGE;
		out->length = last < total ? last : total;
		out->offset = total - out->length;
		return 1;
	}
	if (has_last && last < first)
		return 0;
	if (first >= total)
		return -ERANGE;
	out->offset = first;
	out->length = (has_last && last < total ? last + 1 : total) - first;
	return 1;
}

/* Who asks for the same bytes again and again wants to cost more than the file (RFC 9110, 14.2). */
static bool overlaps(const struct span *spans, size_t count, const struct span *one)
{
	for (size_t i = 0; i < count; i++)
		if (one->offset < spans[i].offset + spans[i].length &&
			spans[i].offset < one->offset + one->length)
			return true;
	return false;
}

int ranges_parse(const char *range, uint64_t total, struct span *spans, size_t most, size_t *count)
{
	size_t asked = 0;

	*count = 0;
	if (!range || strncasecmp(range, "bytes=", 6) != 0)
		return 0;
	for (range += 6;; range++) {
		struct span span;
		size_t length;
		int result;

		range += strspn(range, " \t");
		length = strcspn(range, ", \t");
		result = parse_one(range, length, total, &span);
		if (result == 0 || ++asked > most ||
			(result == 1 && overlaps(spans, *count, &span)))
			return 0;
		if (result == 1)
			spans[(*count)++] = span;
		range += length;
		range += strspn(range, " \t");
		if (*range != ',')
			break;
	}
	if (*range)
		return 0;
	return *count ? 1 : -ERANGE;
}
