#include "../unit.h"

#include "auth/nonce.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { NONCE_TIME = 300000, SLOTS = 8192, THREADS = 4, COUNTS = 100000 };

static const char secret[] = "a secret of the store";

static uint64_t now;

static uint64_t clock_of_test(void)
{
	return now;
}

static struct nonces *open_with(const char *text)
{
	now = 1000000;
	return nonces_open(text, strlen(text), NONCE_TIME, clock_of_test);
}

static void test_age(void **state)
{
	struct nonces *nonces = open_with(secret);
	char nonce[NONCE_TEXT];
	uint64_t number = 0;

	nonce_make(nonces, nonce);
	assert_int_equal(strlen(nonce), NONCE_TEXT - 1);
	assert_int_equal(nonce_check(nonces, nonce, &number), NONCE_GOOD);
	now += NONCE_TIME - 1;
	assert_int_equal(nonce_check(nonces, nonce, &number), NONCE_GOOD);
	now += 1;
	assert_int_equal(nonce_check(nonces, nonce, &number), NONCE_OLD);
	now -= NONCE_TIME + 1; /* before it was made */
	assert_int_equal(nonce_check(nonces, nonce, &number), NONCE_OLD);
	nonces_close(nonces);
}

static void test_never_the_same(void **state)
{
	struct nonces *nonces = open_with(secret);
	char one[NONCE_TEXT], other[NONCE_TEXT];
	uint64_t first = 0, second = 0;

	nonce_make(nonces, one);
	nonce_make(nonces, other);
	assert_string_not_equal(one, other);
	assert_int_equal(nonce_check(nonces, one, &first), NONCE_GOOD);
	assert_int_equal(nonce_check(nonces, other, &second), NONCE_GOOD);
	assert_int_not_equal(first, second);
	nonces_close(nonces);
}

/* Every digit of it counts, and no other form of it passes. */
static void test_foreign(void **state)
{
	struct nonces *nonces = open_with(secret);
	char nonce[NONCE_TEXT], other[NONCE_TEXT + 1];
	uint64_t number = 0;

	nonce_make(nonces, nonce);
	for (size_t i = 0; i < NONCE_TEXT - 1; i++) {
		strcpy(other, nonce);
		other[i] = other[i] == '0' ? '1' : '0';
		assert_int_equal(nonce_check(nonces, other, &number), NONCE_FOREIGN);
		strcpy(other, nonce);
		other[i] = (char)toupper((unsigned char)other[i]);
		assert_int_equal(nonce_check(nonces, other, &number),
			other[i] == nonce[i] ? NONCE_GOOD : NONCE_FOREIGN);
		strcpy(other, nonce);
		other[i] = '\0';
		assert_int_equal(nonce_check(nonces, other, &number), NONCE_FOREIGN);
	}
	strcpy(other, nonce);
	strcat(other, "0");
	assert_int_equal(nonce_check(nonces, other, &number), NONCE_FOREIGN);
	nonces_close(nonces);
}

/* Known as ours behind a restart, but what was used of it is not known any more. */
static void test_restart(void **state)
{
	struct nonces *before = open_with(secret), *after = open_with(secret);
	struct nonces *elsewhere = open_with("another secret");
	char nonce[NONCE_TEXT];
	uint64_t number = 0;

	nonce_make(before, nonce);
	assert_int_equal(nonce_check(after, nonce, &number), NONCE_OLD);
	assert_int_equal(nonce_check(elsewhere, nonce, &number), NONCE_FOREIGN);
	assert_string_equal(nonces_opaque(before), nonces_opaque(after));
	assert_string_not_equal(nonces_opaque(before), nonces_opaque(elsewhere));
	assert_null(strstr(nonce, nonces_opaque(before)));
	nonces_close(before);
	nonces_close(after);
	nonces_close(elsewhere);
}

static void test_window(void **state)
{
	static const struct {
		uint64_t number;
		uint32_t count;
		bool good;
	} cases[] = {
		{0, 1, true},
		{0, 1, false},
		{0, 3, true},
		{0, 2, true},
		{0, 2, false},
		{0, 3, false},
		{1, 3, true}, /* another nonce */
		{0, 100, true},
		{0, 36, false}, /* 64 behind */
		{0, 37, true},
		{0, 37, false},
		{0, 4, false},
		{0, 101, true}, /* takes the place of 37 */
		{0, 37, false},
		{0, 1, false},
		{0, 165, true},
		{0, 101, false},
		{0, 0xffffffff, true},
		{0, 0xffffffff, false},
		{0, 0xfffffffe, true},
		{0, 200, false},
	};
	struct nonces *nonces = open_with(secret);

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(nonce_use(nonces, cases[i].number, cases[i].count), cases[i].good);
	nonces_close(nonces);
}

/* A later nonce takes the place of an earlier one, of which nothing passes from then on. */
static void test_eviction(void **state)
{
	struct nonces *nonces = open_with(secret);

	assert_true(nonce_use(nonces, 5, 1));
	assert_true(nonce_use(nonces, 5 + 2 * SLOTS, 1));
	assert_false(nonce_use(nonces, 5, 1));
	assert_false(nonce_use(nonces, 5, 2));
	assert_false(nonce_use(nonces, 5, 1000));
	assert_false(nonce_use(nonces, 5 + SLOTS, 1));
	assert_true(nonce_use(nonces, 5 + 2 * SLOTS, 2));
	assert_false(nonce_use(nonces, 5 + 2 * SLOTS, 1));
	assert_true(nonce_use(nonces, 6, 1));
	nonces_close(nonces);
}

struct race {
	struct nonces *nonces;
	pthread_barrier_t *start;
	uint64_t first;     /* the number of the nonce */
	uint64_t step;      /* by which it grows with each count */
	atomic_uchar *wins; /* by count */
};

static void *run_race(void *arg)
{
	const struct race *race = arg;

	pthread_barrier_wait(race->start);
	for (uint32_t i = 0; i < COUNTS; i++)
		if (nonce_use(race->nonces, race->first + i * race->step, i + 1))
			atomic_fetch_add(&race->wins[i], 1);
	return NULL;
}

/* All threads use the same counts in the same order: whoever comes to one first, exactly one of them has it. */
static void race_with(uint64_t step)
{
	static atomic_uchar wins[COUNTS];
	struct nonces *nonces = open_with(secret);
	pthread_barrier_t start;
	struct race race = {nonces, &start, 7, step, wins};
	pthread_t threads[THREADS];

	memset(wins, 0, sizeof(wins));
	pthread_barrier_init(&start, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_race, &race), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < COUNTS; i++)
		assert_int_equal(wins[i], 1);
	pthread_barrier_destroy(&start);
	nonces_close(nonces);
}

static void test_race_for_one_nonce(void **state)
{
	race_with(0);
}

static void test_race_for_many(void **state)
{
	race_with(1);
}

/* Each nonce drives out the one before. */
static void test_race_for_one_slot(void **state)
{
	race_with(SLOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_never_the_same),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_race_for_one_nonce),
		cmocka_unit_test(test_race_for_many),
		cmocka_unit_test(test_race_for_one_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
