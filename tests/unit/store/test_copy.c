/* Copies of the members of a collection. */
#include "fixture.h"

#include <errno.h>
#include <string.h>

#define ROMEO    "romeo@montague.lit"
#define BENVOLIO "benvolio@montague.lit"

static int64_t id_of(struct fixture *f, const char *path)
{
	return look_up(f, path).id;
}

struct copy {
	int64_t from, to;
	const char *after, *last;
	int64_t now; /* not 0: as if the transaction had begun then */
};

static int run_copy(struct tx *tx, struct store_change *change)
{
	const struct copy *copy = change_arg(change);

	if (copy->now)
		tx->now = copy->now;
	return store_copy_members(tx, copy->from, copy->to, copy->after, copy->last, BENVOLIO);
}

static int run_expires(struct tx *tx, struct store_change *change)
{
	return store_expires_set(tx, *(int64_t *)change_arg(change), 4102444800000);
}

static int run_property(struct tx *tx, struct store_change *change)
{
	const struct property property = {"urn:x", "p", "<p xmlns='urn:x'/>"};

	return store_property_set(tx, *(int64_t *)change_arg(change), &property);
}

static void fill(struct fixture *f)
{
	int64_t id;

	make_collection(f, "/c", ROMEO);
	make_collection(f, "/k", BENVOLIO);
	for (const char *name = "abcdf"; *name; name++) {
		char path[] = {'/', 'c', '/', *name, '\0'};

		make_file(f, path, ROMEO, 100, 'x');
	}
	make_collection(f, "/c/e", ROMEO);
	make_file(f, "/c/e/inner", ROMEO, 100, 'x');
	for (const char *const *path = (const char *[]){"/c/b", "/c/f", NULL}; *path; path++) {
		id = id_of(f, *path);
		assert_int_equal(change(f, run_property, &id), 0);
	}
	id = id_of(f, "/c/d");
	assert_int_equal(change(f, run_expires, &id), 0);
}

/* Those behind one name, up to another; not what is due, nor what is below them. */
static void test_copy(void **state)
{
	struct fixture *f = *state;
	struct copy copy = {.after = "a", .last = "e", .now = 4102444800000};
	struct resource from, made;
	struct usage usage;
	struct tx *tx;

	fill(f);
	copy.from = id_of(f, "/c");
	copy.to = id_of(f, "/k");
	assert_int_equal(change(f, run_copy, &copy), 0);
	assert_false(is_there(f, "/k/a"));
	assert_false(is_there(f, "/k/d"));
	assert_false(is_there(f, "/k/f"));
	assert_false(is_there(f, "/k/e/inner"));
	assert_true(look_up(f, "/k/e").collection);
	from = look_up(f, "/c/b");
	made = look_up(f, "/k/b");
	assert_string_equal(made.owner, BENVOLIO);
	assert_int_equal(made.content, from.content);
	assert_int_equal(made.length, 100);
	assert_true(made.has_properties && !look_up(f, "/k/c").has_properties);
	/* Numbers of their own, each a change that is behind the one before. */
	assert_true(made.id > from.id && made.change > from.change);
	assert_true(look_up(f, "/k/c").change > made.change);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM property"), 3);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM resource"), 13);
	assert_int_equal(rows_of(f, "SELECT count(DISTINCT id) FROM resource"), 13);
	assert_int_equal(
		rows_of(f, "SELECT resource >= (SELECT max(id) FROM resource) FROM counter"), 1);
	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_usage(tx, BENVOLIO, &usage), 0);
	store_read_end(tx);
	assert_int_equal(usage.bytes, 200);
	assert_int_equal(usage.resources, 4);

	/* What is there already is not copied over, and nothing is copied beside it. */
	copy.after = "";
	assert_int_equal(change(f, run_copy, &copy), -EEXIST);
	assert_false(is_there(f, "/k/a"));
	copy.last = "a";
	assert_int_equal(change(f, run_copy, &copy), 0);
	assert_true(is_there(f, "/k/a"));
}

/* Files get what is kept by default; collections are kept. */
static void test_default(void **state)
{
	struct fixture *f = *state;
	struct copy copy = {.after = "", .last = "f"};

	fill(f);
	f->options.expires = 3600000;
	fixture_reopen(f);
	copy.from = id_of(f, "/c");
	copy.to = id_of(f, "/k");
	assert_int_equal(change(f, run_copy, &copy), 0);
	assert_true(look_up(f, "/k/a").expires > 0);
	assert_true(look_up(f, "/k/d").expires < look_up(f, "/c/d").expires);
	assert_int_equal(look_up(f, "/k/e").expires, 0);
	assert_int_equal(look_up(f, "/c/a").expires, 0);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM retention"), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_copy, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_default, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
