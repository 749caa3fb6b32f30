#include "../unit.h"

#include "base/rate.h"

#include <pthread.h>
#include <stdio.h>

enum { MINUTE = 60000, THREADS = 8, EVENTS = 20000, KEYS = 64 };

static void test_window(void **state)
{
	static const uint64_t begins[] = {0, 1, 123456789, 1ULL << 40, UINT32_MAX};

	for (size_t i = 0; i < COUNT(begins); i++) {
		struct rates *rates = rates_open(64, MINUTE);
		uint64_t now = begins[i];

		assert_int_equal(rate_look(rates, "a", now), 0);
		assert_int_equal(rate_left(rates, "a", now), 0);
		for (uint32_t count = 1; count <= 5; count++)
			assert_int_equal(rate_count(rates, "a", now + count * 1000), count);
		assert_int_equal(rate_look(rates, "a", now + 59000), 5);
		assert_int_equal(rate_look(rates, "b", now + 59000), 0);
		assert_in_range(rate_left(rates, "a", now + 31000), 29930, 30064);
		/* What is left is enough. */
		assert_int_equal(
			rate_look(rates, "a", now + 31000 + rate_left(rates, "a", now + 31000)), 0);
		assert_int_equal(rate_count(rates, "a", now + 61100), 1);
		rates_close(rates);
	}
}

/* Another thread's clock may be a little behind. */
static void test_skew(void **state)
{
	struct rates *rates = rates_open(64, MINUTE);

	rate_count(rates, "a", 100000);
	assert_int_equal(rate_count(rates, "a", 99000), 2);
	rates_close(rates);
}

static void test_undo(void **state)
{
	struct rates *rates = rates_open(64, MINUTE);

	rate_undo(rates, "a", 0);
	assert_int_equal(rate_count(rates, "a", 0), 1);
	assert_int_equal(rate_count(rates, "a", 0), 2);
	rate_undo(rates, "a", 1000);
	assert_int_equal(rate_look(rates, "a", 1000), 1);
	rate_undo(rates, "a", 1000);
	rate_undo(rates, "a", 1000);
	assert_int_equal(rate_look(rates, "a", 1000), 0);
	assert_int_equal(rate_count(rates, "a", 2000), 1);
	rate_undo(rates, "a", 2 * MINUTE);
	assert_int_equal(rate_look(rates, "a", 2000), 1);
	/* What was counted in an old window is not taken from the new one. */
	assert_int_equal(rate_count(rates, "a", 2 * MINUTE), 1);
	rate_undo(rates, "a", 2000);
	assert_int_equal(rate_look(rates, "a", 2 * MINUTE), 1);
	rates_close(rates);
}

static void test_renew(void **state)
{
	struct rates *rates = rates_open(64, MINUTE);

	for (int i = 0; i < 3; i++)
		rate_count(rates, "a", 1000);
	rate_renew(rates, "a", 50000);
	assert_int_equal(rate_look(rates, "a", 100000), 1);
	rate_renew(rates, "b", 50000);
	assert_int_equal(rate_look(rates, "b", 100000), 1);
	rates_close(rates);
}

static void test_most(void **state)
{
	struct rates *rates = rates_open(8, MINUTE);

	for (int i = 0; i < RATE_MOST + 10; i++)
		rate_count(rates, "a", 0);
	assert_int_equal(rate_look(rates, "a", 0), RATE_MOST);
	rates_close(rates);
}

/* A full table forgets the oldest, and takes what is over first. */
static void test_full(void **state)
{
	struct rates *rates = rates_open(8, MINUTE);
	char key[16];

	for (uint64_t i = 0; i < 9; i++) {
		snprintf(key, sizeof(key), "key %d", (int)i);
		assert_int_equal(rate_count(rates, key, i * 1000), 1);
	}
	assert_int_equal(rate_look(rates, "key 0", 9000), 0);
	for (int i = 1; i < 9; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		assert_int_equal(rate_look(rates, key, 9000), 1);
	}
	/* "key 1" is over by now, "key 2" is not yet. */
	assert_int_equal(rate_count(rates, "key 9", MINUTE + 1500), 1);
	assert_int_equal(rate_look(rates, "key 2", MINUTE + 1500), 1);
	rates_close(rates);
}

/* Far more keys than there is room for: memory is what it was, and a count is never above what was counted. */
static void test_flood(void **state)
{
	struct rates *rates = rates_open(1024, MINUTE);
	uint32_t above = 0;
	char key[16];

	for (int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		above += rate_count(rates, key, (uint64_t)i / 100) > 1;
	}
	/* Two keys that share a tag are counted together: one in about 100,000. */
	assert_in_range(above, 0, 20);
	rates_close(rates);
}

struct race {
	struct rates *rates;
	pthread_barrier_t *start;
};

static void *run_race(void *arg)
{
	struct race *race = arg;
	char key[16];

	pthread_barrier_wait(race->start);
	for (int i = 0; i < EVENTS; i++) {
		snprintf(key, sizeof(key), "%d", i % KEYS);
		rate_count(race->rates, key, 1000);
		if (i % 4 == 0)
			rate_undo(race->rates, key, 1000);
	}
	return NULL;
}

/* No event is lost and none is counted twice, also when all threads begin a key at once. */
static void test_threads(void **state)
{
	struct rates *rates = rates_open(4096, MINUTE);
	pthread_barrier_t start;
	struct race race = {rates, &start};
	pthread_t threads[THREADS];
	uint32_t sum = 0;
	char key[16];

	pthread_barrier_init(&start, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_race, &race), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "%d", i);
		sum += rate_look(rates, key, 1000);
	}
	assert_int_equal(sum, THREADS * (EVENTS - EVENTS / 4));
	pthread_barrier_destroy(&start);
	rates_close(rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_skew),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
