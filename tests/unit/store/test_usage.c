/* What an account uses, kept by triggers; uploads in parts; changes since. */
#include "fixture.h"

#include "base/arena.h"

#include <errno.h>
#include <string.h>

#define ROMEO "romeo@montague.lit"

static void assert_usage(struct fixture *f, const char *owner, uint64_t bytes, uint64_t resources)
{
	struct usage usage;
	struct tx *tx;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_usage(tx, owner, &usage), 0);
	store_read_end(tx);
	assert_int_equal(usage.bytes, bytes);
	assert_int_equal(usage.resources, resources);
}

static void test_usage(void **state)
{
	struct fixture *f = *state;

	assert_usage(f, ROMEO, 0, 0);
	make_file(f, "/a", ROMEO, 1000, 'a');
	make_collection(f, "/c", ROMEO);
	make_file(f, "/c/b", ROMEO, 100000, 'b');
	make_file(f, "/j", "juliet@capulet.lit", 7, 'j');
	assert_usage(f, ROMEO, 101000, 3);
	assert_usage(f, "juliet@capulet.lit", 7, 1);
	make_file(f, "/a", ROMEO, 10, 'a');
	assert_usage(f, ROMEO, 100010, 3);
	assert_int_equal(remove_resource(f, "/a"), 0);
	assert_usage(f, ROMEO, 100000, 2);
	assert_int_equal(remove_resource(f, "/c"), 0);
	fixture_reopen(f);
	make_file(f, "/behind-the-reaping", "juliet@capulet.lit", 0, ' ');
	assert_usage(f, ROMEO, 0, 0);
}

struct growing {
	uint64_t from, total;
	struct upload *upload;
};

static int run_grow(struct tx *tx, struct store_change *change)
{
	const struct growing *one = change_arg(change);

	return store_partial_grow(tx, ROMEO, "/p", one->total, one->from, one->upload);
}

static int run_end(struct tx *tx, struct store_change *change)
{
	const struct growing *one = change_arg(change);

	return store_partial_end(tx, ROMEO, "/p", one->total, one->from, one->upload);
}

static void ready(void *arg, int result)
{
	struct fixture *f = arg;

	f->result = result;
	loop_stop(f->loop);
}

/* A finished part of 100 bytes behind `partial`; its result. */
static int part(struct fixture *f, const struct partial *partial, struct upload **upload)
{
	char bytes[100];

	memset(bytes, 'p', sizeof(bytes));
	assert_int_equal(upload_open(f->store, f->loop, sizeof(bytes), upload), 0);
	upload_in_parts(*upload, ROMEO, "/p", 1000, partial);
	assert_int_equal(upload_write(*upload, bytes, sizeof(bytes), ready, f), 0);
	assert_int_equal(upload_finish(*upload, ready, f), 1);
	loop_run(f->loop);
	return f->result;
}

static int find_partial(struct fixture *f, struct partial *partial)
{
	struct tx *tx;
	int found;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	found = store_partial(tx, f->arena, ROMEO, "/p", 1000, partial);
	store_read_end(tx);
	return found;
}

static void test_partial(void **state)
{
	struct fixture *f = *state;
	struct growing one = {.total = 1000};
	struct upload *other;
	struct partial partial, old;

	assert_int_equal(find_partial(f, &partial), 0);
	assert_int_equal(part(f, NULL, &one.upload), 0);
	assert_int_equal(part(f, NULL, &other), 0);
	assert_int_equal(change(f, run_grow, &one), 0);
	upload_close(one.upload, true);
	one.upload = other;
	assert_int_equal(change(f, run_grow, &one), -ESTALE);
	upload_close(other, false);
	assert_int_equal(find_partial(f, &old), 1);
	assert_int_equal(old.received, 100);
	assert_usage(f, ROMEO, 100, 0);

	one.from = 100;
	assert_int_equal(part(f, &old, &one.upload), 0);
	assert_int_equal(part(f, &old, &other), -EBUSY);
	upload_close(other, false);
	assert_int_equal(change(f, run_grow, &one), 0);
	upload_close(one.upload, true);
	assert_int_equal(part(f, &old, &other), -EBUSY);
	upload_close(other, false);
	assert_int_equal(find_partial(f, &partial), 1);
	assert_int_equal(partial.received, 200);
	assert_string_equal(partial.blob, old.blob);
	assert_usage(f, ROMEO, 200, 0);

	one.from = 200;
	assert_int_equal(part(f, &partial, &one.upload), 0);
	assert_int_equal(change(f, run_end, &one), 0);
	assert_int_equal(change(f, run_end, &one), -ESTALE);
	upload_close(one.upload, false);
	assert_usage(f, ROMEO, 0, 0);
	assert_int_equal(find_partial(f, &partial), 0);
}

static int run_drop(struct tx *tx, struct store_change *change)
{
	return store_partial_drop(tx, ROMEO, change_arg(change));
}

/* What is not there is no error; what is goes with its file, of any total. */
static void test_partial_dropped(void **state)
{
	struct fixture *f = *state;
	struct growing one = {.total = 1000}, two = {.total = 2000};
	char path[] = "/p", other[] = "/q";
	struct partial partial;

	assert_int_equal(part(f, NULL, &one.upload), 0);
	assert_int_equal(part(f, NULL, &two.upload), 0);
	assert_int_equal(change(f, run_grow, &one), 0);
	assert_int_equal(change(f, run_grow, &two), 0);
	upload_close(one.upload, true);
	upload_close(two.upload, true);
	assert_int_equal(change(f, run_drop, other), 0);
	assert_int_equal(find_partial(f, &partial), 1);
	assert_usage(f, ROMEO, 200, 0);
	assert_int_equal(change(f, run_drop, path), 0);
	assert_int_equal(find_partial(f, &partial), 0);
	assert_usage(f, ROMEO, 0, 0);
	assert_int_equal(blobs_on_disk(f), 0);
}

static int run_expire(struct tx *tx, struct store_change *change)
{
	return partials_expire(tx);
}

static void test_partial_expires(void **state)
{
	struct fixture *f = *state;
	struct growing one = {.total = 1000};
	struct partial partial;

	assert_int_equal(part(f, NULL, &one.upload), 0);
	assert_int_equal(change(f, run_grow, &one), 0);
	upload_close(one.upload, true);
	assert_int_equal(change(f, run_expire, NULL), 0);
	assert_int_equal(find_partial(f, &partial), 1);
	rows_of(f, "UPDATE partial SET modified = modified - 24 * 3600 * 1000 RETURNING 1");
	assert_int_equal(change(f, run_expire, NULL), 0);
	assert_int_equal(find_partial(f, &partial), 0);
	assert_int_equal(blobs_on_disk(f), 0);
	assert_usage(f, ROMEO, 0, 0);
}

static size_t changed(struct fixture *f, int64_t after, size_t most, struct changed **rows)
{
	int64_t last, forgotten;
	struct resource c = look_up(f, "/c");
	struct tx *tx;
	size_t count;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_changes(tx, &last, &forgotten), 0);
	assert_int_equal(store_changed(tx, f->arena, c.id, after, last, most, rows, &count), 0);
	store_read_end(tx);
	return count;
}

static void test_changed(void **state)
{
	struct fixture *f = *state;
	struct changed *rows;

	make_collection(f, "/c", ROMEO);
	make_file(f, "/c/a", ROMEO, 1, 'a');
	make_file(f, "/c/b", ROMEO, 1, 'b');
	make_file(f, "/c/a", ROMEO, 2, 'a');
	assert_int_equal(changed(f, 0, 10, &rows), 2);
	assert_string_equal(rows[0].resource.name, "b");
	assert_string_equal(rows[1].resource.name, "a");
	assert_int_equal(changed(f, rows[1].resource.change, 10, &rows), 0);
	assert_int_equal(changed(f, 0, 1, &rows), 1);
	assert_int_equal(remove_resource(f, "/c/b"), 0);
	make_file(f, "/c/b", ROMEO, 1, 'b');
	assert_int_equal(remove_resource(f, "/c/b"), 0);
	assert_int_equal(changed(f, 0, 10, &rows), 2);
	assert_string_equal(rows[1].resource.name, "b");
	assert_true(rows[1].gone);
	make_file(f, "/c/b", ROMEO, 1, 'b');
	assert_int_equal(changed(f, 0, 10, &rows), 2);
	assert_false(rows[1].gone);
}

static void test_chain(void **state)
{
	struct fixture *f = *state;
	struct walk walk;
	struct tx *tx;
	int64_t id;

	make_collection(f, "/c", ROMEO);
	make_collection(f, "/c/d", ROMEO);
	id = look_up(f, "/c/d").id;
	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_chain(tx, f->arena, id, &walk), 0);
	assert_int_equal(walk.count, 3);
	assert_int_equal(walk.chain[0].id, STORE_ROOT);
	assert_string_equal(walk.chain[1].name, "c");
	assert_int_equal(store_chain(tx, f->arena, 99999, &walk), 0);
	assert_int_equal(walk.count, 0);
	store_read_end(tx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_usage, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_partial, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_partial_dropped, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_partial_expires, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_changed, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_chain, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
