#include "../unit.h"

#include "auth/attempt.h"
#include "base/arena.h"

#include <stdio.h>

enum { MINUTE = 60000 };

#define ROMEO "romeo@montague.lit"

static uint64_t now;

static uint64_t clock_of_test(void)
{
	return now;
}

static struct arena *arena;
static struct attempts *attempts;

static int begin(void **state)
{
	static const struct attempts_options options = {.per_pair = 3, .per_address = 8};

	now = 1000000;
	arena = arena_new();
	attempts = attempts_open(&options, clock_of_test);
	return 0;
}

static int end(void **state)
{
	attempts_close(attempts);
	arena_free(arena);
	return 0;
}

static struct attempt of(const char *bare, const char *address)
{
	return attempt_of(attempts, arena, bare, address);
}

static bool may(const char *bare, const char *address)
{
	struct attempt attempt = of(bare, address);

	return attempt_wait(&attempt) == 0;
}

/* How many of so many wrong ones are under the limits. */
static int guess(const char *bare, const char *address, int times)
{
	struct attempt attempt = of(bare, address);
	int under = 0;

	for (int i = 0; i < times; i++) {
		under += attempt_wait(&attempt) == 0;
		attempt_was_wrong(&attempt);
	}
	return under;
}

/* The limit, and again when the minute is over. */
static void test_pair(void **state)
{
	struct attempt attempt = of(ROMEO, "192.0.2.1");

	assert_int_equal(guess(ROMEO, "192.0.2.1", 7), 3);
	assert_in_range(attempt_wait(&attempt), MINUTE - 100, MINUTE + 100);
	assert_true(may(ROMEO, "192.0.2.2"));
	assert_true(may("juliet@capulet.lit", "192.0.2.1"));
	now += 3000;
	assert_int_equal(guess(ROMEO, "192.0.2.1", 7), 0);
	now += MINUTE;
	assert_int_equal(guess(ROMEO, "192.0.2.1", 7), 3);
}

static void test_address(void **state)
{
	char name[32];
	int under = 0;

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "guest%d@montague.lit", i);
		under += guess(name, "192.0.2.1", 1);
	}
	assert_int_equal(under, 8);
	assert_false(may(ROMEO, "192.0.2.1"));
	assert_true(may(ROMEO, "192.0.2.2"));
}

static void test_ipv6(void **state)
{
	assert_int_equal(guess(ROMEO, "2001:db8:0:1::1", 2), 2);
	assert_int_equal(guess(ROMEO, "2001:db8:0:1::2", 9), 1);
	assert_false(may(ROMEO, "2001:db8:0:1:ffff::"));
	assert_true(may(ROMEO, "2001:db8:0:2::1"));
}

/* What was no guess counts for nothing. */
static void test_take_back(void **state)
{
	struct attempt attempt = of(ROMEO, "192.0.2.1");

	for (int i = 0; i < 50; i++) {
		assert_int_equal(attempt_wait(&attempt), 0);
		attempt_take_back(&attempt, attempt_was_wrong(&attempt));
	}
	assert_int_equal(guess(ROMEO, "192.0.2.1", 7), 3);
}

static void test_off(void **state)
{
	static const struct attempts_options off = {0, 0};

	attempts_close(attempts);
	attempts = attempts_open(&off, clock_of_test);
	assert_int_equal(guess(ROMEO, "192.0.2.1", 1000), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pair, begin, end),
		cmocka_unit_test_setup_teardown(test_address, begin, end),
		cmocka_unit_test_setup_teardown(test_ipv6, begin, end),
		cmocka_unit_test_setup_teardown(test_take_back, begin, end),
		cmocka_unit_test_setup_teardown(test_off, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
