#include "../unit.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/digest.h"

#include <errno.h>
#include <string.h>

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

static void test_iso_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} cases[] = {
		{"1994-11-06T08:49:37Z", 784111777},
		{"1994-11-06T08:49:37.123456Z", 784111777},
		{"1994-11-06T08:49:37+00:00", 784111777},
		{"1994-11-06T10:19:37+01:30", 784111777},
		{"1994-11-06T03:49:37.5-05:00", 784111777},
		{"2024-02-29T00:00:00Z", 1709164800},
		{"2023-02-29T00:00:00Z", -1},
		{"1994-13-06T08:49:37Z", -1},
		{"1994-00-06T08:49:37Z", -1},
		{"1994-11-00T08:49:37Z", -1},
		{"1994-11- 6T08:49:37Z", -1},
		{"1994-11-06T24:49:37Z", -1},
		{"1994-11-06T08:49:37", -1},
		{"1994-11-06T08:49:37.Z", -1},
		{"1994-11-06T08:49:37ZZ", -1},
		{"1994-11-06T08:49:37+1:30", -1},
		{"1994-11-06T08:49:37+01:60", -1},
		{"1994-11-06 08:49:37Z", -1},
		{"1994-11-06", -1},
		{"", -1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t seconds = 0;
		int result = iso_date_parse(cases[i].text, &seconds);

		if (result != (cases[i].seconds < 0 ? -EINVAL : 0))
			fail_msg("%s: %d", cases[i].text, result);
		if (result == 0)
			assert_int_equal(seconds, cases[i].seconds);
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
		cmocka_unit_test(test_iso_dates),
		cmocka_unit_test(test_decimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
