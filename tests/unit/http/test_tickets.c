#include "../unit.h"

#include "base/clock.h"
#include "http/tickets.h"

#include <string.h>

static const uint64_t step = TICKET_TIME * 1000ULL;

static void assert_same(const struct ticket_key *a, const struct ticket_key *b)
{
	assert_memory_equal(a->name, b->name, sizeof(a->name));
	assert_memory_equal(a->cipher, b->cipher, sizeof(a->cipher));
	assert_memory_equal(a->mac, b->mac, sizeof(a->mac));
}

static void test_rotation(void **state)
{
	struct ticket_keys *keys = ticket_keys_new();
	uint64_t now = clock_now();
	struct ticket_key first, same, second, found;

	ticket_keys_seal(keys, now, &first);
	ticket_keys_seal(keys, now + step - 1000, &same);
	assert_same(&first, &same);
	ticket_keys_seal(keys, now + step, &second);
	assert_memory_not_equal(first.name, second.name, sizeof(first.name));
	assert_memory_not_equal(first.cipher, second.cipher, sizeof(first.cipher));
	assert_memory_not_equal(first.mac, second.mac, sizeof(first.mac));

	/* The old one opens until the last ticket that it sealed has ended. */
	assert_true(ticket_keys_open(keys, now + step, second.name, &found));
	assert_same(&second, &found);
	assert_true(ticket_keys_open(keys, now + 2 * step - 1000, first.name, &found));
	assert_same(&first, &found);
	assert_false(ticket_keys_open(keys, now + 2 * step, first.name, &found));
	ticket_keys_seal(keys, now + 2 * step, &found);
	assert_false(ticket_keys_open(keys, now + 2 * step, first.name, &found));
	assert_true(ticket_keys_open(keys, now + 2 * step, second.name, &found));
	ticket_keys_free(keys);
}

/* However long nobody came, an old key opens nothing. */
static void test_idle(void **state)
{
	struct ticket_keys *keys = ticket_keys_new();
	uint64_t now = clock_now();
	struct ticket_key first, found;

	ticket_keys_seal(keys, now, &first);
	assert_false(ticket_keys_open(keys, now + 9 * step, first.name, &found));
	ticket_keys_seal(keys, now + 9 * step, &found);
	assert_memory_not_equal(first.name, found.name, sizeof(first.name));
	assert_false(ticket_keys_open(keys, now + 9 * step, first.name, &found));
	ticket_keys_free(keys);
}

static void test_unknown(void **state)
{
	static const unsigned char zeros[TICKET_NAME];
	struct ticket_keys *keys = ticket_keys_new(), *others = ticket_keys_new();
	struct ticket_key other, found;

	assert_false(ticket_keys_open(keys, clock_now(), zeros, &found));
	ticket_keys_seal(others, clock_now(), &other);
	assert_false(ticket_keys_open(keys, clock_now(), other.name, &found));
	ticket_keys_free(keys);
	ticket_keys_free(others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
