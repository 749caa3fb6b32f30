#include "base/codec.h"

#include "base/arena.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

int64_t base64_decode(const char *text, size_t length, unsigned char *out)
{
	if (length % 4 != 0)
		return -EINVAL;
	size_t padding = 0;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	int64_t written = 0;
	uint32_t bits = 0;
	unsigned count = 0;
	for (size_t i = 0; i < length - padding; i++) {
		int value = base64_value(text[i]);
		if (value < 0)
			return -EINVAL;
		bits = (bits << 6 | (uint32_t)value) & 0xfff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[written++] = (unsigned char)(bits >> count);
		}
	}
	if (bits & ((1u << count) - 1)) /* RFC 4648, 3.5: pad bits are zero */
		return -EINVAL;
	return written;
}

char *base64_encode(struct arena *arena, const void *bytes, size_t length)
{
	const unsigned char *in = bytes;
	char *text = arena_alloc(arena, (length + 2) / 3 * 4 + 1), *at = text;
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t bits = (uint32_t)in[i] << 16;
		if (left > 1)
			bits |= (uint32_t)in[i + 1] << 8;
		if (left > 2)
			bits |= in[i + 2];
		*at++ = BASE64[bits >> 18];
		*at++ = BASE64[bits >> 12 & 63];
		*at++ = left > 1 ? BASE64[bits >> 6 & 63] : '=';
		*at++ = left > 2 ? BASE64[bits & 63] : '=';
	}
	return text;
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_decode(void *out, const char *text, size_t length)
{
	unsigned char *bytes = out;

	if (strlen(text) != 2 * length)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

void hex_encode(char *out, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = bytes;
	for (size_t i = 0; i < length; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

/* Not strftime(3): its names of days and months follow the locale. */
static const char DAYS[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char LONG_DAYS[7][10] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char MONTHS[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void put_digits(char *at, int width, int value)
{
	while (width-- > 0) {
		at[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* A time that no four-digit year can tell is written as the nearest one that it can. */
static struct tm utc(int64_t seconds)
{
	const int64_t year_10000 = INT64_C(253402300800), year_0 = INT64_C(-62167219200);
	if (seconds >= year_10000)
		seconds = year_10000 - 1;
	if (seconds < year_0)
		seconds = year_0;
	/* Days from 0000-03-01 on: the day that leap years add is the last of its year, and the months repeat themselves behind five. */
	int64_t days = (seconds - year_0) / 86400;
	int second = (int)((seconds - year_0) % 86400);
	int64_t shifted = days - 60 + 146097, era = shifted / 146097;
	int of_era = (int)(shifted % 146097);
	int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * year + year / 4 - year / 100);
	int month = (5 * of_year + 2) / 153;
	return (struct tm){
		.tm_sec = second % 60,
		.tm_min = second / 60 % 60,
		.tm_hour = second / 3600,
		.tm_mday = of_year - (153 * month + 2) / 5 + 1,
		.tm_mon = (month + 2) % 12,
		.tm_year = (int)(era - 1) * 400 + year + (month >= 10) - 1900,
		.tm_wday = (int)((days + 6) % 7),
	};
}

void http_date_format(char out[30], int64_t seconds)
{
	struct tm tm = utc(seconds);
	memcpy(out, "Day, 00 Mon 0000 00:00:00 GMT", 30);
	memcpy(out, DAYS[tm.tm_wday], 3);
	put_digits(out + 5, 2, tm.tm_mday);
	memcpy(out + 8, MONTHS[tm.tm_mon], 3);
	put_digits(out + 12, 4, tm.tm_year + 1900);
	put_digits(out + 17, 2, tm.tm_hour);
	put_digits(out + 20, 2, tm.tm_min);
	put_digits(out + 23, 2, tm.tm_sec);
}

void iso_date_format(char out[21], int64_t seconds)
{
	struct tm tm = utc(seconds);
	memcpy(out, "0000-00-00T00:00:00Z", 21);
	put_digits(out, 4, tm.tm_year + 1900);
	put_digits(out + 5, 2, tm.tm_mon + 1);
	put_digits(out + 8, 2, tm.tm_mday);
	put_digits(out + 11, 2, tm.tm_hour);
	put_digits(out + 14, 2, tm.tm_min);
	put_digits(out + 17, 2, tm.tm_sec);
}

/*
 * Matches a date against a pattern: a digit of the day (d, also a space for the first), the year (y) and the time
 * (H, i, S), the number of a month (n), the three letters of one (m); anything else stands for itself.
 */
static bool date_match(const char *text, const char *pattern, struct tm *tm)
{
	for (; *pattern; pattern++, text++) {
		int *field = *pattern == 'd'   ? &tm->tm_mday
			     : *pattern == 'n' ? &tm->tm_mon
			     : *pattern == 'y' ? &tm->tm_year
			     : *pattern == 'H' ? &tm->tm_hour
			     : *pattern == 'i' ? &tm->tm_min
			     : *pattern == 'S' ? &tm->tm_sec
					       : NULL;
		if (field) {
			bool padded = *text == ' ' && *pattern == 'd' && *field == 0;
			if (!padded && (*text < '0' || *text > '9'))
				return false;
			*field = *field * 10 + (padded ? 0 : *text - '0');
		} else if (*pattern == 'm') {
			for (tm->tm_mon = 0; tm->tm_mon < 12; tm->tm_mon++) {
				if (strncmp(text, MONTHS[tm->tm_mon], 3) == 0)
					break;
			}
			if (tm->tm_mon == 12)
				return false;
			text += 2;
		} else if (*text != *pattern) {
			return false;
		}
	}
	return *text == '\0';
}

/* RFC 9110, 5.6.7: a two-digit year over 50 years ahead is in the past. */
static int full_year(int year)
{
	time_t now = time(NULL);
	struct tm tm;
	gmtime_r(&now, &tm);
	int this_year = tm.tm_year + 1900;
	year += this_year / 100 * 100;
	return year > this_year + 50 ? year - 100 : year;
}

static bool date_read(const char *text, struct tm *tm)
{
	size_t length = strlen(text);
	for (int day = 0; day < 7; day++) {
		*tm = (struct tm){0};
		size_t name = strlen(LONG_DAYS[day]);
		if (length > name && memcmp(text, LONG_DAYS[day], name) == 0) {
			if (!date_match(text + name, ", dd-m-yy HH:ii:SS GMT", tm))
				return false;
			tm->tm_year = full_year(tm->tm_year);
			return true;
		}
		if (length < 4 || memcmp(text, DAYS[day], 3) != 0 ||
			(text[3] != ',' && text[3] != ' '))
			continue;
		return date_match(text + 3,
			text[3] == ',' ? ", dd m yyyy HH:ii:SS GMT" : " m dd HH:ii:SS yyyy", tm);
	}
	return false;
}

/* Of a full year, and a month from 0. */
static int date_seconds(struct tm *tm, int64_t *seconds)
{
	if (tm->tm_mday < 1 || tm->tm_mday > 31 || tm->tm_hour > 23 || tm->tm_min > 59 ||
		tm->tm_sec > 60)
		return -EINVAL;
	tm->tm_year -= 1900;
	int month = tm->tm_mon;
	bool leaps = tm->tm_sec == 60;
	*seconds = (int64_t)timegm(tm);
	/* 31 February; a leap second is none */
	bool overflowed = tm->tm_mon != month && !(leaps && tm->tm_mday == 1);
	return overflowed ? -EINVAL : 0;
}

int http_date_parse(const char *text, int64_t *seconds)
{
	struct tm tm;
	return date_read(text, &tm) ? date_seconds(&tm, seconds) : -EINVAL;
}

/* "+02:00", "-00:30", "Z". Seconds; false: it is none, or something stands behind it. */
static bool offset_read(const char *text, int64_t *seconds)
{
	struct tm tm = {0};

	*seconds = 0;
	if (*text == 'Z' || *text == 'z')
		return text[1] == '\0';
	if ((*text != '+' && *text != '-') || !date_match(text + 1, "HH:ii", &tm) ||
		tm.tm_hour > 23 || tm.tm_min > 59)
		return false;
	*seconds = tm.tm_hour * 3600L + tm.tm_min * 60L;
	if (*text == '-')
		*seconds = -*seconds;
	return true;
}

/* ".25" is 250; what is finer than a thousandth is left out. The text behind it, or NULL. */
static const char *fraction_read(const char *text, int64_t *milliseconds)
{
	size_t digits;

	*milliseconds = 0;
	if (*text != '.')
		return text;
	digits = strspn(++text, "0123456789");
	for (size_t i = 0; i < 3; i++)
		*milliseconds = *milliseconds * 10 + (i < digits ? text[i] - '0' : 0);
	return digits ? text + digits : NULL;
}

/* RFC 3339, 5.6; a leap second is the first of the next minute. */
int iso_date_parse(const char *text, int64_t *milliseconds)
{
	enum { LENGTH = 19 };
	char date[LENGTH + 1] = "";
	struct tm tm = {0}, day;
	int64_t offset, fraction;

	strncpy(date, text, LENGTH);
	if (date[10] == 't')
		date[10] = 'T';
	if (strchr(date, ' ') || !date_match(date, "yyyy-nn-ddTHH:ii:SS", &tm) || tm.tm_hour > 23 ||
		tm.tm_min > 59 || tm.tm_sec > 60)
		return -EINVAL;
	text = fraction_read(text + LENGTH, &fraction);
	if (!text || !offset_read(text, &offset))
		return -EINVAL;
	day = (struct tm){
		.tm_year = tm.tm_year - 1900, .tm_mon = tm.tm_mon - 1, .tm_mday = tm.tm_mday};
	*milliseconds = ((int64_t)timegm(&day) + tm.tm_hour * 3600L + tm.tm_min * 60L + tm.tm_sec -
				offset) *
				1000 +
			fraction;
	/* 31 February is another day. */
	return day.tm_mon == tm.tm_mon - 1 && day.tm_mday == tm.tm_mday ? 0 : -EINVAL;
}

int decimal_parse(const char *text, int64_t *out)
{
	int64_t value = 0;
	bool large = false;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		large = large || __builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, *text - '0', &value);
	}
	if (large)
		return -ERANGE;
	*out = value;
	return 0;
}

int unit_parse(const char *text, const struct unit *units, uint64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	char number[24];
	int64_t amount;
	int error;

	if (digits >= sizeof(number))
		return -ERANGE;
	memcpy(number, text, digits);
	number[digits] = '\0';
	error = decimal_parse(number, &amount);
	if (error < 0)
		return error;
	for (; units->name; units++)
		if (strcmp(text + digits, units->name) == 0)
			return __builtin_mul_overflow((uint64_t)amount, units->factor, out) ||
					       *out > INT64_MAX
				       ? -ERANGE
				       : 0;
	return -EINVAL;
}

int duration_parse(const char *text, uint64_t *milliseconds)
{
	static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000},
		{"d", 86400000}, {"w", 604800000}, {NULL, 0}};

	return unit_parse(strcmp(text, "0") == 0 ? "0s" : text, units, milliseconds);
}
