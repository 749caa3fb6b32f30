/* Uploads that are promised, and links: what ends them. */
#include "fixture.h"

#include <errno.h>
#include <string.h>

#define ROMEO "romeo@montague.lit"

static int run_make(struct tx *tx, struct store_change *change)
{
	return store_slot_make(tx, change_arg(change));
}

static int run_use(struct tx *tx, struct store_change *change)
{
	return store_slot_use(tx, change_arg(change));
}

static int run_late(struct tx *tx, struct store_change *change)
{
	const int64_t *by = change_arg(change);

	return sql_run(tx, "UPDATE slot SET until = until - ?1", "i", *by);
}

static int run_expire(struct tx *tx, struct store_change *change)
{
	return slots_expire(tx);
}

static struct slot slot_of(const char *token, const char *name, uint64_t length)
{
	return (struct slot){.token = token,
		.owner = ROMEO,
		.name = name,
		.displayname = "a b.txt",
		.length = length,
		.content_type = "text/plain",
		.purpose = SLOT_EPHEMERAL,
		.expires = 77};
}

static int find(struct fixture *f, const char *token, struct slot *slot)
{
	struct tx *tx;
	int found;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	found = store_slot(tx, f->arena, token, slot);
	store_read_end(tx);
	return found;
}

static void assert_open(struct fixture *f, uint64_t count, uint64_t bytes, bool named)
{
	struct slots slots;
	struct tx *tx;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_slots(tx, ROMEO, &slots), 0);
	assert_int_equal(store_slot_named(tx, "a"), named);
	store_read_end(tx);
	assert_int_equal(slots.count, count);
	assert_int_equal(slots.bytes, bytes);
	assert_int_equal(slots.first > 0, count > 0);
}

static void test_slots(void **state)
{
	struct fixture *f = *state;
	struct slot a = slot_of("1", "a", 100), b = slot_of("2", "b", 7), found;
	char token[] = "1";

	assert_open(f, 0, 0, false);
	assert_int_equal(change(f, run_make, &a), 0);
	assert_int_equal(change(f, run_make, &b), 0);
	fixture_reopen(f);
	assert_open(f, 2, 107, true);
	assert_int_equal(find(f, "1", &found), 1);
	assert_string_equal(found.owner, ROMEO);
	assert_string_equal(found.name, "a");
	assert_string_equal(found.displayname, "a b.txt");
	assert_string_equal(found.content_type, "text/plain");
	assert_int_equal(found.length, 100);
	assert_int_equal(found.purpose, SLOT_EPHEMERAL);
	assert_int_equal(found.expires, 77);
	assert_int_equal(found.until, a.until);
	assert_true(slot_is_open(&found));
	assert_int_equal(find(f, "3", &found), 0);
	assert_int_equal(change(f, run_use, token), 0);
	assert_int_equal(change(f, run_use, token), -ENOENT);
	assert_int_equal(find(f, "1", &found), 0);
	assert_open(f, 1, 7, false);
}

/* What is too late is known for a day more, for who is still sending. */
static void test_expired(void **state)
{
	struct fixture *f = *state;
	struct slot a = slot_of("1", "a", 100), found;
	int64_t late = SLOT_TIME + 1, day = 24 * 3600 * 1000;

	assert_int_equal(change(f, run_make, &a), 0);
	assert_int_equal(change(f, run_late, &late), 0);
	assert_open(f, 0, 0, false);
	assert_int_equal(change(f, run_expire, NULL), 0);
	assert_int_equal(find(f, "1", &found), 1);
	assert_false(slot_is_open(&found));
	assert_int_equal(change(f, run_late, &day), 0);
	assert_int_equal(change(f, run_expire, NULL), 0);
	assert_int_equal(find(f, "1", &found), 0);
}

/* ---- links ---- */

static int run_link(struct tx *tx, struct store_change *change)
{
	return store_link_make(tx, change_arg(change));
}

static int run_end(struct tx *tx, struct store_change *change)
{
	const struct resource *resource = change_arg(change);

	return store_link_end(tx, resource->id);
}

static int run_move(struct tx *tx, struct store_change *change)
{
	const struct segment segment = {"b", "b"};

	return store_move(tx, change_arg(change), STORE_ROOT, &segment);
}

static int run_move_away(struct tx *tx, struct store_change *change)
{
	const struct segment segment = {"away", "away"};

	return store_move(tx, change_arg(change), STORE_ROOT, &segment);
}

static struct arena *copies;

static int run_copy(struct tx *tx, struct store_change *change)
{
	const struct segment segment = {"b", "b"};
	struct resource made;

	return store_copy(tx, copies, change_arg(change), STORE_ROOT, &segment, ROMEO, &made);
}

static int run_displayname(struct tx *tx, struct store_change *change)
{
	const struct resource *resource = change_arg(change);

	return store_displayname_set(tx, resource->id, "other");
}

static bool is_link(struct fixture *f, const char *path)
{
	struct tx *tx;
	int found;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	found = store_link(tx, path + 1);
	store_read_end(tx);
	if (is_there(f, path))
		assert_int_equal(look_up(f, path).link, found);
	return found == 1;
}

static struct resource make_link(struct fixture *f)
{
	struct resource made;

	if (is_there(f, "/a"))
		assert_int_equal(remove_resource(f, "/a"), 0);
	make_file(f, "/a", ROMEO, 3, 'a');
	assert_false(is_link(f, "/a"));
	made = look_up(f, "/a");
	assert_int_equal(change(f, run_link, &made), 0);
	assert_true(is_link(f, "/a"));
	return look_up(f, "/a");
}

static void test_links(void **state)
{
	static const char *const nobody[] = {NULL}, *const juliet[] = {"juliet@capulet.lit", NULL};
	struct fixture *f = *state;
	struct resource made;

	copies = f->arena;
	assert_false(is_link(f, "/a"));
	made = make_link(f);
	assert_int_equal(change(f, run_displayname, &made), 0);
	assert_true(is_link(f, "/a"));

	assert_int_equal(set_list(f, "/a", juliet), 0);
	assert_false(is_link(f, "/a"));
	assert_int_equal(set_list(f, "/a", NULL), 0);
	assert_false(is_link(f, "/a"));
	make_link(f);
	assert_int_equal(set_list(f, "/a", nobody), 0);
	assert_false(is_link(f, "/a"));
	make_link(f);
	assert_int_equal(set_list(f, "/a", NULL), 0);
	assert_false(is_link(f, "/a"));

	make_link(f);
	make_file(f, "/a", ROMEO, 4, 'b');
	assert_false(is_link(f, "/a"));

	made = make_link(f);
	assert_int_equal(change(f, run_end, &made), 0);
	assert_false(is_link(f, "/a"));

	made = make_link(f);
	assert_int_equal(change(f, run_copy, &made), 0);
	assert_true(is_link(f, "/a"));
	assert_false(is_link(f, "/b"));
	assert_int_equal(remove_resource(f, "/b"), 0);

	assert_int_equal(change(f, run_move, &made), 0);
	assert_false(is_link(f, "/a"));
	assert_false(is_link(f, "/b"));

	made = make_link(f);
	assert_int_equal(change(f, run_move_away, &made), 0);
	make_file(f, "/a", ROMEO, 3, 'a');
	assert_false(is_link(f, "/a"));
}

/* Only a member of the root is one. */
static void test_not_below(void **state)
{
	struct fixture *f = *state;
	struct resource made;

	make_collection(f, "/c", ROMEO);
	make_file(f, "/c/a", ROMEO, 3, 'a');
	made = look_up(f, "/c/a");
	assert_int_equal(change(f, run_link, &made), 0);
	assert_false(look_up(f, "/c/a").link);
	assert_false(is_link(f, "/a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_slots, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_expired, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_links, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_not_below, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
