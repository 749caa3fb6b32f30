#include "../unit.h"

#include "dav/part.h"

#include <errno.h>

static void test_content_range(void **state)
{
	static const struct {
		const char *field;
		int result;
		uint64_t first, last, total;
		bool asks;
	} cases[] = {
		{"bytes 0-0/1", 0, 0, 0, 1, false},
		{"bytes 5-9/10", 0, 5, 9, 10, false},
		{"Bytes 5-9/11", 0, 5, 9, 11, false},
		{"bytes 0-9223372036854775806/9223372036854775807", 0, 0, INT64_MAX - 1, INT64_MAX,
			false},
		{"bytes */10", 0, 0, 0, 10, true},
		{"bytes 5-10/10", -EINVAL, 0, 0, 0, false},
		{"bytes 6-5/10", -EINVAL, 0, 0, 0, false},
		{"bytes 0-0/0", -EINVAL, 0, 0, 0, false},
		{"bytes */0", -EINVAL, 0, 0, 0, false},
		{"bytes 0-0/*", -EINVAL, 0, 0, 0, false},
		{"bytes */*", -EINVAL, 0, 0, 0, false},
		{"bytes 0-0/9223372036854775808", -EINVAL, 0, 0, 0, false},
		{"bytes 0-0/99999999999999999999999", -EINVAL, 0, 0, 0, false},
		{"bytes 0-0", -EINVAL, 0, 0, 0, false},
		{"bytes -0/1", -EINVAL, 0, 0, 0, false},
		{"bytes 0-/1", -EINVAL, 0, 0, 0, false},
		{"bytes +0-0/1", -EINVAL, 0, 0, 0, false},
		{"bytes 0 - 0/1", -EINVAL, 0, 0, 0, false},
		{"bytes  0-0/1", -EINVAL, 0, 0, 0, false},
		{"bytes 0-0/1 ", -EINVAL, 0, 0, 0, false},
		{"bytes 0-0/1,", -EINVAL, 0, 0, 0, false},
		{"bytes=0-0/1", -EINVAL, 0, 0, 0, false},
		{"items 0-0/1", -EINVAL, 0, 0, 0, false},
		{"bytes ", -EINVAL, 0, 0, 0, false},
		{"", -EINVAL, 0, 0, 0, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct part part;

		assert_int_equal(part_parse(cases[i].field, &part), cases[i].result);
		if (cases[i].result < 0)
			continue;
		assert_int_equal(part.total, cases[i].total);
		assert_int_equal(part.asks, cases[i].asks);
		if (part.asks)
			continue;
		assert_int_equal(part.first, cases[i].first);
		assert_int_equal(part.last, cases[i].last);
	}
}

/* All spellings of a URL mean one upload. */
static void test_path(void **state)
{
	struct arena *arena = arena_new();
	struct path nfc, nfd, other;

	assert_int_equal(path_parse(arena, "/c/%C3%A9", &nfc), 0);
	assert_int_equal(path_parse(arena, "/%63/e%CC%81", &nfd), 0);
	assert_int_equal(path_parse(arena, "/c/e", &other), 0);
	assert_string_equal(part_path(arena, &nfc), part_path(arena, &nfd));
	assert_string_not_equal(part_path(arena, &nfc), part_path(arena, &other));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_range),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
