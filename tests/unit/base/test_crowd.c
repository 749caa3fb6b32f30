#include "../unit.h"

#include "base/crowd.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 8, TIMES = 20000, KEYS = 100, MOST = 50 };

static void test_most(void **state)
{
	struct crowd *crowd = crowd_open();

	for (int i = 0; i < 3; i++)
		assert_true(crowd_enter(crowd, "a", 3));
	for (int i = 0; i < 100; i++)
		assert_false(crowd_enter(crowd, "a", 3));
	assert_true(crowd_enter(crowd, "b", 3));
	crowd_leave(crowd, "a");
	assert_true(crowd_enter(crowd, "a", 3));
	assert_false(crowd_enter(crowd, "a", 3));
	crowd_close(crowd);
}

static void test_any_number(void **state)
{
	struct crowd *crowd = crowd_open();

	for (int i = 0; i < 1000; i++)
		assert_true(crowd_enter(crowd, "a", 0));
	assert_false(crowd_enter(crowd, "a", 1000));
	crowd_close(crowd);
}

/* Few keys share both of their places: none of a hundred, nearly always. */
static void test_others(void **state)
{
	struct crowd *crowd = crowd_open();
	char key[16];
	int locked = 0;

	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "%d", i);
		for (int j = 0; j < MOST; j++)
			locked += !crowd_enter(crowd, key, MOST);
		assert_false(crowd_enter(crowd, key, MOST));
	}
	assert_in_range(locked, 0, MOST);
	crowd_close(crowd);
}

struct guest {
	struct crowd *crowd;
	atomic_int *inside, *worst;
};

static void *come_and_go(void *arg)
{
	const struct guest *guest = arg;

	for (int i = 0; i < TIMES; i++) {
		int here;

		if (!crowd_enter(guest->crowd, "a", 3))
			continue;
		here = atomic_fetch_add(guest->inside, 1) + 1;
		if (here > atomic_load(guest->worst))
			atomic_store(guest->worst, here);
		atomic_fetch_sub(guest->inside, 1);
		crowd_leave(guest->crowd, "a");
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct crowd *crowd = crowd_open();
	atomic_int inside = 0, worst = 0;
	struct guest guest = {crowd, &inside, &worst};
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &guest), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_in_range(atomic_load(&worst), 1, 3);
	for (int i = 0; i < 3; i++)
		assert_true(crowd_enter(crowd, "a", 3));
	assert_false(crowd_enter(crowd, "a", 3));
	crowd_close(crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_any_number),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
