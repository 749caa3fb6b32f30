#include "fixture.h"

#include "base/arena.h"
#include "store/figures.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHANGES = 8 };

/* A change that makes a collection named by its number; `fill` bytes go into a property of the root first. */
struct numbered {
	struct store_change change;
	int number;
	size_t fill;
	int refused; /* the errno with which it ends before it has written anything */
	int fails;   /* the one with which it ends after all */
	int runs;
};

static int run_numbered(struct tx *tx, struct store_change *change)
{
	struct numbered *self = (struct numbered *)change;
	char name[16];
	struct segment segment = {name, name};
	struct resource made;
	struct arena *arena;
	int error;

	self->runs++;
	if (self->refused)
		return self->refused;
	snprintf(name, sizeof(name), "%d", self->number);
	arena = arena_new();
	error = store_make_collection(tx, STORE_ROOT, &segment, "romeo@montague.lit", &made, arena);
	arena_free(arena);
	for (size_t i = 0; error == 0 && i < self->fill; i++) {
		char value[50000], key[32];

		memset(value, 'x', sizeof(value));
		value[sizeof(value) - 1] = '\0';
		snprintf(key, sizeof(key), "%d-%zu", self->number, i);
		error = sql_run(
			tx, "INSERT INTO property VALUES (1000000, ?1, 'n', ?2)", "tt", key, value);
	}
	return error < 0 ? error : self->fails;
}

static void run_all(struct fixture *f, struct numbered *changes)
{
	struct store_change *list[CHANGES];

	for (int i = 0; i < CHANGES; i++) {
		changes[i].number = i;
		changes[i].change.run = run_numbered;
		list[i] = &changes[i].change;
	}
	change_all(f, list, CHANGES);
}

static bool landed(struct fixture *f, int number)
{
	char path[16];

	snprintf(path, sizeof(path), "/%d", number);
	return is_there(f, path);
}

static void test_one_fails(void **state)
{
	struct fixture *f = *state;
	struct numbered changes[CHANGES] = {[3] = {.fails = -ECANCELED}, [5] = {.fails = -ENOENT}};
	struct store_figures before, after;

	/* Behind what the store does when it is opened. */
	make_collection(f, "/first", "romeo@montague.lit");
	assert_int_equal(store_figures(f->store, &before), 0);
	run_all(f, changes);
	/* Once each, although they ran twice. */
	assert_int_equal(store_figures(f->store, &after), 0);
	assert_int_equal(after.changes - before.changes, CHANGES);
	assert_int_equal(after.batches.sum - before.batches.sum, CHANGES);
	assert_int_equal(after.failed, before.failed);
	for (int i = 0; i < CHANGES; i++) {
		assert_int_equal(changes[i].change.result, changes[i].fails);
		assert_int_equal(landed(f, i), changes[i].fails == 0);
	}
	assert_int_equal(changes[3].runs, 2);
}

/* What has written nothing leaves nothing to undo: nobody runs again for it. */
static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct numbered changes[CHANGES] = {[2] = {.refused = -ECANCELED}};

	run_all(f, changes);
	for (int i = 0; i < CHANGES; i++) {
		assert_int_equal(changes[i].change.result, changes[i].refused);
		assert_int_equal(landed(f, i), i != 2);
		assert_int_equal(changes[i].runs, 1);
	}
}

/* The connection is the committer's: nobody else may touch it. */
static int limit_pages(struct tx *tx, struct store_change *change)
{
	return sqlite3_exec(tx->db, change_arg(change), NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

/*
 * SQLite rolls the whole transaction back when the disk is full; everything but what did not fit lands all the same, and
 * nothing lands that was told to have failed.
 */
static void test_full(void **state)
{
	struct fixture *f = *state;
	struct numbered changes[CHANGES] = {[4] = {.fill = 100}};
	char pragma[64];
	int failed = 0;

	snprintf(pragma, sizeof(pragma), "PRAGMA max_page_count = %d",
		(int)rows_of(f, "PRAGMA page_count") + 200);
	assert_int_equal(change(f, limit_pages, pragma), 0);
	run_all(f, changes);
	for (int i = 0; i < CHANGES; i++) {
		assert_int_equal(landed(f, i), changes[i].change.result == 0);
		failed += changes[i].change.result < 0;
	}
	assert_int_equal(changes[4].change.result, -ENOSPC);
	assert_int_equal(failed, 1);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM property"), 0);
}

/* A change that lets the committer go on only when those behind it are queued, so that these are one batch. */
struct gate {
	struct store_change change;
	atomic_bool reached, open;
};

static int run_gate(struct tx *tx, struct store_change *change)
{
	struct gate *gate = (struct gate *)change;

	atomic_store(&gate->reached, true);
	while (!atomic_load(&gate->open))
		usleep(100);
	return 0;
}

static void run_as_batch(struct fixture *f, struct store_change *const *changes, int count)
{
	struct gate gate = {.change = {.run = run_gate, .reply = f->mailbox}};

	f->waiting = count + 1;
	store_submit(f->store, &gate.change);
	while (!atomic_load(&gate.reached))
		usleep(100);
	for (int i = 0; i < count; i++) {
		changes[i]->reply = f->mailbox;
		store_submit(f->store, changes[i]);
	}
	atomic_store(&gate.open, true);
	loop_run(f->loop);
	assert_int_equal(f->waiting, 0);
}

static int refuse_commit(void *arg)
{
	return 1;
}

static int run_before_no_commit(struct tx *tx, struct store_change *change)
{
	sqlite3_commit_hook(tx->db, refuse_commit, NULL);
	return run_numbered(tx, change);
}

static int allow_commit(struct tx *tx, struct store_change *change)
{
	sqlite3_commit_hook(tx->db, NULL, NULL);
	return 0;
}

/* When a COMMIT fails, only those keep a refusal who were refused before anything of the batch had changed. */
static void test_commit_fails(void **state)
{
	struct fixture *f = *state;
	struct numbered refused = {.change.run = run_numbered, .refused = -ENOENT},
			made = {.change.run = run_before_no_commit, .number = 1},
			misled = {.change.run = run_numbered, .refused = -ENOENT};
	struct store_change *batch[] = {&refused.change, &made.change, &misled.change};

	run_as_batch(f, batch, 3);
	assert_int_equal(refused.change.result, -ENOENT);
	assert_true(made.change.result < 0 && made.change.result != -ENOENT);
	assert_int_equal(misled.change.result, made.change.result);
	assert_false(landed(f, 1));
	assert_int_equal(change(f, allow_commit, NULL), 0);
	made = (struct numbered){.change.run = run_numbered, .number = 1};
	run_as_batch(f, batch, 3);
	assert_int_equal(made.change.result, 0);
	assert_int_equal(misled.change.result, -ENOENT);
	assert_true(landed(f, 1));
}

static int run_notice(struct tx *tx, struct store_change *change)
{
	int error = notice_make(tx, STORE_ROOT, "expires", "", 0);

	*(unsigned *)change_arg(change) = store_noticed(tx->store);
	return error;
}

/* Whoever looks for what is to be told finds it: nobody is called before it is committed, nor when it was not. */
static void test_notices(void **state)
{
	struct fixture *f = *state;
	struct numbered hooked = {.change.run = run_before_no_commit, .refused = -ENOENT};
	struct store_change *one = &hooked.change;
	unsigned before = store_noticed(f->store), within;

	assert_int_equal(change(f, run_notice, &within), 0);
	assert_int_equal(within, before);
	assert_int_equal(store_noticed(f->store), before + 1);
	change_all(f, &one, 1);
	assert_true(change(f, run_notice, &within) < 0);
	assert_int_equal(store_noticed(f->store), before + 1);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM notice"), 1);
	assert_int_equal(change(f, allow_commit, NULL), 0);
	assert_int_equal(store_noticed(f->store), before + 1);
}

/* Numbers are given out once, also over a restart and when the batch failed. */
static void test_numbers(void **state)
{
	struct fixture *f = *state;
	struct resource first, second;

	make_collection(f, "/a", "romeo@montague.lit");
	first = look_up(f, "/a");
	assert_int_equal(remove_resource(f, "/a"), 0);
	fixture_reopen(f);
	make_collection(f, "/a", "romeo@montague.lit");
	second = look_up(f, "/a");
	assert_true(second.id > first.id);
	assert_true(second.change > first.change);
}

static off_t size_of(struct fixture *f, const char *suffix)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof(path), "%s%s", f->store->database, suffix);
	assert_int_equal(stat(path, &status), 0);
	return status.st_size;
}

/* What was committed moves into the database while the store is open, and SQLite's log stays bounded. */
static void test_log(void **state)
{
	enum { FILLED = 50, FILL = 50000, TIMES = 16 };
	struct fixture *f = *state;
	off_t before = size_of(f, ""), limit = (off_t)FILLED * FILL * TIMES;

	for (int i = 0; i < TIMES; i++) {
		struct numbered one = {.change.run = run_numbered, .number = i, .fill = FILLED};
		struct store_change *list[] = {&one.change};

		change_all(f, list, 1);
		assert_int_equal(one.change.result, 0);
	}
	assert_true(size_of(f, "-wal") < limit * 3 / 4);
	for (int i = 0; i < 10000 && size_of(f, "") - before < limit / 2; i++)
		usleep(1000);
	assert_true(size_of(f, "") - before >= limit / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_fails, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_refused, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_full, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_commit_fails, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_notices, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_log, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_numbers, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
