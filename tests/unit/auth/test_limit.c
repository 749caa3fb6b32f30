#include "../unit.h"

#include "auth/limit.h"
#include "base/loop.h"

#include <stdio.h>

#define JULIET "juliet@capulet.lit"
#define ROMEO  "romeo@montague.lit"
#define HERE   "192.0.2.1"
#define THERE  "192.0.2.2"

enum { MINUTE = 60000, TIMEOUT = 50000, SILENCE = 600000 };

static const struct limits_options standards = {
	.per_pair = 5,
	.per_address = 10,
	.per_known_pair = 64,
	.prompts = 4096,
	.silence = SILENCE,
	.timeout = TIMEOUT,
};

struct stage {
	struct loop *loop;
	struct limits *limits;
	struct limited *waiting[256];
	size_t count;
	uint64_t wait; /* of the last one that was refused */
};

static void open_stage(struct stage *stage, const struct limits_options *options)
{
	*stage = (struct stage){0};
	assert_int_equal(loop_open(&stage->loop), 0);
	stage->limits = limits_open(stage->loop, options);
}

static struct limited *begin(struct stage *stage, const char *bare, const char *address)
{
	return limit_begin(stage->limits, bare, address, &stage->wait);
}

/* How many of `count` are let through; they wait. */
static size_t ask(struct stage *stage, const char *bare, const char *address, size_t count)
{
	size_t before = stage->count;

	while (count-- > 0) {
		struct limited *limited = begin(stage, bare, address);

		if (limited)
			stage->waiting[stage->count++] = limited;
	}
	return stage->count - before;
}

static void end_all(struct stage *stage, enum limit_end how)
{
	while (stage->count > 0)
		limit_end(stage->waiting[--stage->count], how);
}

static void end_one(struct stage *stage, const char *bare, const char *address, enum limit_end how)
{
	struct limited *limited = begin(stage, bare, address);

	assert_non_null(limited);
	limit_end(limited, how);
}

static void close_stage(struct stage *stage)
{
	end_all(stage, LIMIT_NOTHING);
	limits_close(stage->limits);
	loop_close(stage->loop);
}

/* Waiting or not: what had no yes counts for a minute. */
static void test_pair(void **state)
{
	struct stage stage;

	open_stage(&stage, &standards);
	assert_int_equal(ask(&stage, JULIET, HERE, 6), 5);
	assert_in_range(stage.wait, MINUTE - 100, MINUTE);
	assert_int_equal(ask(&stage, JULIET, THERE, 6), 5);
	end_all(&stage, LIMIT_NOTHING);
	assert_int_equal(ask(&stage, JULIET, HERE, 1), 0);
	assert_int_equal(ask(&stage, ROMEO, HERE, 1), 1);
	close_stage(&stage);
}

static void test_address(void **state)
{
	struct stage stage;
	char jid[32];
	size_t let = 0;

	open_stage(&stage, &standards);
	for (int i = 0; i < 20; i++) {
		snprintf(jid, sizeof(jid), "%d@capulet.lit", i);
		let += ask(&stage, jid, i % 2 ? "2001:db8::1" : "2001:db8::ffff:1", 1);
	}
	assert_int_equal(let, 10);
	assert_in_range(stage.wait, MINUTE - 100, MINUTE);
	assert_int_equal(ask(&stage, JULIET, "2001:db8:0:1::1", 1), 1);
	close_stage(&stage);
}

static void test_yes_counts_against_nobody(void **state)
{
	struct stage stage;

	open_stage(&stage, &standards);
	assert_int_equal(ask(&stage, JULIET, HERE, 5), 5);
	end_all(&stage, LIMIT_YES);
	assert_int_equal(ask(&stage, ROMEO, HERE, 10), 5);
	end_all(&stage, LIMIT_YES);
	close_stage(&stage);
	open_stage(&stage, &standards);
	for (int i = 0; i < 20; i++)
		end_one(&stage, JULIET, HERE, LIMIT_NOT_ASKED);
	close_stage(&stage);
}

static void test_known_pair(void **state)
{
	struct stage stage;

	open_stage(&stage, &standards);
	end_one(&stage, JULIET, HERE, LIMIT_YES);
	assert_int_equal(ask(&stage, JULIET, HERE, 70), 64);
	assert_in_range(stage.wait, TIMEOUT - 100, TIMEOUT);
	/* It takes nothing from the others at its address, and is known there only. */
	assert_int_equal(ask(&stage, ROMEO, HERE, 10), 5);
	assert_int_equal(ask(&stage, JULIET, THERE, 10), 5);
	limit_end(stage.waiting[0], LIMIT_NOTHING);
	stage.waiting[0] = begin(&stage, JULIET, HERE);
	assert_non_null(stage.waiting[0]);
	assert_null(begin(&stage, JULIET, HERE));
	close_stage(&stage);
}

/* Who shares an address with somebody known cannot ask them again and again by going away each time. */
static void test_known_pair_without_answers(void **state)
{
	struct stage stage;

	open_stage(&stage, &standards);
	end_one(&stage, JULIET, HERE, LIMIT_YES);
	for (int i = 0; i < 200; i++)
		end_one(&stage, JULIET, HERE, LIMIT_YES);
	for (int i = 0; i < 200; i++)
		end_one(&stage, JULIET, HERE, LIMIT_NOT_ASKED);
	for (int i = 0; i < 64; i++)
		end_one(&stage, JULIET, HERE, LIMIT_NOTHING);
	assert_null(begin(&stage, JULIET, HERE));
	assert_in_range(stage.wait, MINUTE - 1000, MINUTE);
	/* It takes nothing from the others at its address. */
	assert_int_equal(ask(&stage, ROMEO, HERE, 10), 5);
	close_stage(&stage);
}

/* Half of all is kept for those who are known. */
static void test_all(void **state)
{
	struct limits_options options = standards;
	struct stage stage;

	options.prompts = 20;
	options.per_pair = options.per_address = 0;
	open_stage(&stage, &options);
	end_one(&stage, JULIET, HERE, LIMIT_YES);
	assert_int_equal(ask(&stage, ROMEO, THERE, 15), 10);
	assert_in_range(stage.wait, TIMEOUT - 100, TIMEOUT);
	assert_int_equal(ask(&stage, JULIET, HERE, 15), 10);
	assert_in_range(stage.wait, TIMEOUT - 100, TIMEOUT);
	limit_end(stage.waiting[0], LIMIT_NOTHING);
	stage.waiting[0] = stage.waiting[--stage.count];
	assert_int_equal(ask(&stage, JULIET, HERE, 15), 1);
	end_all(&stage, LIMIT_NOTHING);
	assert_int_equal(ask(&stage, JULIET, HERE, 30), 20);
	assert_int_equal(ask(&stage, ROMEO, HERE, 1), 0);
	close_stage(&stage);
}

/* Also one who is known. */
static void test_silence(void **state)
{
	struct stage stage;

	open_stage(&stage, &standards);
	end_one(&stage, JULIET, HERE, LIMIT_YES);
	end_one(&stage, JULIET, HERE, LIMIT_NO);
	assert_null(begin(&stage, JULIET, HERE));
	assert_in_range(stage.wait, SILENCE - 100, SILENCE);
	assert_int_equal(ask(&stage, JULIET, THERE, 1), 1);
	assert_int_equal(ask(&stage, ROMEO, HERE, 1), 1);
	close_stage(&stage);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void test_silence_ends(void **state)
{
	struct limits_options options = standards;
	struct stage stage;
	struct timer *timer;

	options.silence = 200;
	open_stage(&stage, &options);
	end_one(&stage, JULIET, HERE, LIMIT_NO);
	assert_null(begin(&stage, JULIET, HERE));
	timer = timer_open(stage.loop, stop, stage.loop);
	timer_start(timer, stage.wait);
	loop_run(stage.loop);
	timer_close(timer);
	assert_int_equal(ask(&stage, JULIET, HERE, 1), 1);
	close_stage(&stage);
}

static void test_off(void **state)
{
	const struct limits_options none = {.timeout = TIMEOUT};
	struct stage stage;

	open_stage(&stage, &none);
	end_one(&stage, JULIET, HERE, LIMIT_NO);
	assert_int_equal(ask(&stage, JULIET, HERE, 100), 100);
	end_one(&stage, JULIET, HERE, LIMIT_YES);
	assert_int_equal(ask(&stage, JULIET, HERE, 100), 100);
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_yes_counts_against_nobody),
		cmocka_unit_test(test_known_pair),
		cmocka_unit_test(test_known_pair_without_answers),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_silence_ends),
		cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
