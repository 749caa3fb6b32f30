#include "../unit.h"

#include "dav/range.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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
		{"bytes=20-30, 3-4", 10, 1, 3, 2},
		{"bytes=0-1,1-2", 10, 0, 0, 0},
		{"bytes=0-,-1", 10, 0, 0, 0},
		{"bytes=0-1,", 10, 0, 0, 0},
		{"bytes=,0-1", 10, 0, 0, 0},
		{"bytes=0-1 2-3", 10, 0, 0, 0},
		{"bytes=20-,30-", 10, -ERANGE, 0, 0},
		{"bytes=99999999999999999999-", 10, 0, 0, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span spans[4];
		size_t count;

		assert_int_equal(ranges_parse(cases[i].range, cases[i].total, spans, 4, &count),
			cases[i].result);
		if (cases[i].result != 1)
			continue;
		assert_int_equal(count, 1);
		assert_int_equal(spans[0].offset, cases[i].offset);
		assert_int_equal(spans[0].length, cases[i].length);
	}
}

static void test_several(void **state)
{
	struct span spans[17];
	char many[256] = "bytes=0-0";
	size_t count;

	assert_int_equal(ranges_parse("bytes=0-1, 4-5,-2", 10, spans, 16, &count), 1);
	assert_int_equal(count, 3);
	assert_int_equal(spans[1].offset, 4);
	assert_int_equal(spans[2].offset, 8);
	for (int i = 1; i < 16; i++)
		sprintf(many + strlen(many), ",%d-%d", 2 * i, 2 * i);
	assert_int_equal(ranges_parse(many, 100, spans, 16, &count), 1);
	assert_int_equal(count, 16);
	strcat(many, ",50-50");
	assert_int_equal(ranges_parse(many, 100, spans, 16, &count), 0);
	assert_int_equal(ranges_parse(many, 100, spans, 17, &count), 1);
	assert_int_equal(count, 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges), cmocka_unit_test(test_several)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
