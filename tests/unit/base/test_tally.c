#include "../unit.h"

#include "base/tally.h"

#include <stdint.h>
#include <stdlib.h>

static void test_histogram(void **state)
{
	static const struct {
		uint64_t value;
		size_t bucket;
	} cases[] = {{0, 0}, {1, 0}, {2, 1}, {3, 2}, {4, 2}, {512, 9}, {513, 10}, {UINT32_MAX, 10}};
	struct histogram *histogram = tally_new(sizeof(*histogram));
	struct distribution found = {0};
	uint64_t sum = 0;

	assert_int_equal((uintptr_t)histogram % 64, 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t before = tally_of(&histogram->buckets[cases[i].bucket]);

		histogram_add(histogram, &bounds_count, cases[i].value);
		sum += cases[i].value;
		assert_int_equal(tally_of(&histogram->buckets[cases[i].bucket]), before + 1);
	}
	distribution_add(&found, histogram);
	distribution_add(&found, histogram);
	assert_int_equal(found.count, 2 * COUNT(cases));
	assert_int_equal(found.sum, 2 * sum);
	free(histogram);
}

static void test_bounds_grow(void **state)
{
	const struct bounds *all[] = {&bounds_time, &bounds_count};

	for (size_t i = 0; i < COUNT(all); i++) {
		assert_true(all[i]->count > 1 && all[i]->count <= HISTOGRAM_BOUNDS);
		for (size_t j = 1; j < all[i]->count; j++)
			assert_true(all[i]->most[j] > all[i]->most[j - 1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_bounds_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
