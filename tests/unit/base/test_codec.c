#include "../unit.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/digest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void test_base64(void **state)
{
	static const struct {
		const char *text;
		const char *plain; /* NULL: refused */
	} cases[] = {
		{"", ""},
		{"Zg==", "f"},
		{"Zm8=", "fo"},
		{"Zm9v", "foo"},
		{"Zm9vYmFy", "foobar"},
		{"Zg=", NULL},
		{"Zg", NULL},
		{"Zh==", NULL},
		{"Zm9=", NULL},
		{"Zm9v\n", NULL},
		{"Zm 9", NULL},
		{"Zg==Zg==", NULL},
		{"====", NULL},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned char out[64];
		int64_t length = base64_decode(cases[i].text, strlen(cases[i].text), out);

		if (!cases[i].plain) {
			assert_int_equal(length, -EINVAL);
			continue;
		}
		assert_int_equal(length, strlen(cases[i].plain));
		assert_memory_equal(out, cases[i].plain, (size_t)length);
		assert_string_equal(
			base64_encode(arena, cases[i].plain, (size_t)length), cases[i].text);
	}
	arena_free(arena);
}

static void test_hex_and_digests(void **state)
{
	char hex[9], sha1[SHA1_HEX], sha256[SHA256_HEX], a[RANDOM_ID], b[RANDOM_ID];

	hex_encode(hex, "\x00\xff\x10\xab", 4);
	assert_string_equal(hex, "00ff10ab");
	sha1_hex(sha1, "abc", 3);
	assert_string_equal(sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
	sha256_hex(sha256, "abc", 3);
	assert_string_equal(
		sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hmac_hex(sha256, "Jefe", 4, "what do ya want for nothing?", 28); /* RFC 4231, 4.3 */
	assert_string_equal(
		sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	random_id(a);
	random_id(b);
	assert_int_equal(strlen(a), 32);
	assert_string_not_equal(a, b);
	random_letters(a, 26);
	random_letters(b, 26);
	assert_int_equal(strspn(a, "abcdefghijklmnopqrstuvwxyz234567"), 26);
	assert_int_equal(strlen(a), 26);
	assert_string_not_equal(a, b);
}

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} cases[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
		{"Sun Nov  6 08:49:37 1994", 784111777},
		{"Sun, 06 Nov 1994 08:49:37 CET", -1},
		{"Sun, 06 Nov 1994 08:49:37", -1},
		{"Sun, 32 Nov 1994 08:49:37 GMT", -1},
		{"Sun, 31 Nov 1994 08:49:37 GMT", -1},
		{"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
		{"1994-11-06T08:49:37Z", -1},
		{"", -1},
	};
	char http[30], iso[21];

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t seconds = 0;
		int result = http_date_parse(cases[i].text, &seconds);

		assert_int_equal(result, cases[i].seconds < 0 ? -EINVAL : 0);
		if (result == 0)
			assert_int_equal(seconds, cases[i].seconds);
	}
	http_date_format(http, 784111777);
	assert_string_equal(http, "Sun, 06 Nov 1994 08:49:37 GMT");
	iso_date_format(iso, 784111777);
	assert_string_equal(iso, "1994-11-06T08:49:37Z");
}

/* Each day of the first and the last centuries that can be told, and of ours, as libc has it. */
static void test_days(void **state)
{
	static const int64_t first[] = {-62167219200, -62135596800, 0, 250245763200};

	for (size_t i = 0; i < COUNT(first); i++) {
		for (int64_t day = 0; day < 36530; day++) {
			time_t time = (time_t)(first[i] + day * 86401);
			struct tm tm;
			char iso[21], http[30], expected[40];

			if (time >= 253402300800)
				break;
			gmtime_r(&time, &tm);
			snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ",
				tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
				tm.tm_sec);
			iso_date_format(iso, time);
			assert_string_equal(iso, expected);
			strftime(expected, sizeof(expected), "%a, %d %b", &tm);
			http_date_format(http, time);
			assert_memory_equal(http, expected, 11);
		}
	}
}

static void test_iso_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t milliseconds; /* -1: refused */
	} cases[] = {
		{"1994-11-06T08:49:37Z", 784111777000},
		{"1994-11-06t08:49:37z", 784111777000},
		{"1994-11-06T08:49:37.25Z", 784111777250},
		{"1994-11-06T08:49:37.2509999Z", 784111777250},
		{"1994-11-06T10:49:37+02:00", 784111777000},
		{"1994-11-05T22:19:37-10:30", 784111777000},
		{"2016-12-31T23:59:60Z", 1483228800000},
		{"2024-02-29T00:00:00Z", 1709164800000},
		{"9999-12-31T23:59:59Z", 253402300799000},
		{"2023-02-29T00:00:00Z", -1},
		{"1994-11-31T08:49:37Z", -1},
		{"1994-00-06T08:49:37Z", -1},
		{"1994-13-06T08:49:37Z", -1},
		{"1994-11-00T08:49:37Z", -1},
		{"1994-11-06T24:00:00Z", -1},
		{"1994-11-06T08:60:00Z", -1},
		{"1994-11-06T08:49:61Z", -1},
		{"1994-11-06T08:49:37", -1},
		{"1994-11-06 08:49:37Z", -1},
		{"1994-11- 6T08:49:37Z", -1},
		{"1994-11-06T08:49:37.Z", -1},
		{"1994-11-06T08:49:37+2:00", -1},
		{"1994-11-06T08:49:37+02", -1},
		{"1994-11-06T08:49:37+24:00", -1},
		{"1994-11-06T08:49:37Zz", -1},
		{"1994-11-06", -1},
		{"784111777", -1},
		{"Sun, 06 Nov 1994 08:49:37 GMT", -1},
		{"", -1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t milliseconds = 0;
		int result = iso_date_parse(cases[i].text, &milliseconds);

		assert_int_equal(result, cases[i].milliseconds < 0 ? -EINVAL : 0);
		if (result == 0)
			assert_int_equal(milliseconds, cases[i].milliseconds);
	}
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t milliseconds;
	} cases[] = {
		{"0", 0, 0},
		{"0s", 0, 0},
		{"250ms", 0, 250},
		{"50s", 0, 50000},
		{"5min", 0, 300000},
		{"2h", 0, 7200000},
		{"90d", 0, 7776000000},
		{"2w", 0, 1209600000},
		{"1", -EINVAL, 0},
		{"d", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"-1d", -EINVAL, 0},
		{"1 d", -EINVAL, 0},
		{"1D", -EINVAL, 0},
		{"1d1h", -EINVAL, 0},
		{"9223372036854775807w", -ERANGE, 0},
		{"99999999999999999999999999999s", -ERANGE, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t milliseconds = 0;
		int result = duration_parse(cases[i].text, &milliseconds);

		assert_int_equal(result, cases[i].result);
		if (result == 0)
			assert_int_equal(milliseconds, cases[i].milliseconds);
	}
}

static void test_decimal(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} cases[] = {
		{"0", 0, 0},
		{"007", 0, 7},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"0x1", -EINVAL, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t value = 0;

		assert_int_equal(decimal_parse(cases[i].text, &value), cases[i].result);
		if (cases[i].result == 0)
			assert_int_equal(value, cases[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_hex_and_digests),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_iso_dates),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_decimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
