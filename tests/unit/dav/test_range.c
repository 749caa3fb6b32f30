#include "../unit.h"

#include "dav/range.h"

#include <errno.h>

static void test_ranges(void **state)
{
	static const struct {
		const char *range;
		uint64_t total;
		int result;
		uint64_t offset, length;
	} cases[] = {
		{"bytes=0-0", 10, 1, 0, 1},
		{"bytes=2-5", 10, 1, 2, 4},
		{"bytes=2-", 10, 1, 2, 8},
		{"bytes=-3", 10, 1, 7, 3},
		{"bytes=-30", 10, 1, 0, 10},
		{"bytes=5-99999999999", 10, 1, 5, 5},
		{"BYTES=0-0", 10, 1, 0, 1},
		{"bytes=10-", 10, -ERANGE, 0, 0},
		{"bytes=-0", 10, -ERANGE, 0, 0},
		{"bytes=0-", 0, -ERANGE, 0, 0},
		{"bytes=5-2", 10, 0, 0, 0},
		{"bytes=a-b", 10, 0, 0, 0},
		{"bytes=-", 10, 0, 0, 0},
		{"bytes=", 10, 0, 0, 0},
		{"bytes", 10, 0, 0, 0},
		{"lines=0-1", 10, 0, 0, 0},
		{"bytes=0-1,3-4", 10, 0, 0, 0},
		{"bytes=99999999999999999999-", 10, 0, 0, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t offset = 0, length = 0;

		assert_int_equal(range_parse(cases[i].range, cases[i].total, &offset, &length),
			cases[i].result);
		if (cases[i].result != 1)
			continue;
		assert_int_equal(offset, cases[i].offset);
		assert_int_equal(length, cases[i].length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranges)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
