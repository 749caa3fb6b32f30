#include "../unit.h"

#include "xmpp/recent.h"

#include <stdio.h>

static void test_time(void **state)
{
	struct recent *recent = recent_open();

	assert_false(recent_has(recent, "a@b", 0));
	recent_add(recent, "a@b", 1000);
	assert_true(recent_has(recent, "a@b", 999));
	assert_false(recent_has(recent, "a@b", 1000));
	assert_false(recent_has(recent, "b@b", 0));
	recent_add(recent, "a@b", 2000);
	recent_add(recent, "a@b", 1500);
	assert_true(recent_has(recent, "a@b", 1999));
	recent_close(recent);
}

/* However many there are, nobody is forgotten too soon; and when their time is over, everybody is. */
static void test_flood(void **state)
{
	enum { MANY = 200000 };
	struct recent *recent = recent_open();
	char jid[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(jid, sizeof(jid), "%d@b", i);
		recent_add(recent, jid, 1000 + (uint64_t)i);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(jid, sizeof(jid), "%d@b", i);
		assert_true(recent_has(recent, jid, 999 + (uint64_t)i));
		assert_false(recent_has(recent, jid, 1000 + MANY));
	}
	recent_close(recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
