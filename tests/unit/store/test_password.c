/* App passwords: what is kept of them, and until when. */
#include "fixture.h"

#include "base/arena.h"

#include <errno.h>

#define ROMEO "romeo@montague.lit"

static int run_make(struct tx *tx, struct store_change *change)
{
	return store_password_make(tx, change_arg(change));
}

static int make(struct fixture *f, const char *jid, int64_t expires)
{
	struct password password = {
		.jid = jid,
		.label = "laptop",
		.ha1_md5 = "m",
		.ha1_sha256 = "s",
		.read_only = true,
		.collection = 5,
		.expires = expires,
	};

	return change(f, run_make, &password);
}

struct removal {
	const char *jid;
	int64_t id;
	int gone;
};

static int run_remove(struct tx *tx, struct store_change *change)
{
	struct removal *removal = change_arg(change);

	removal->gone = store_password_remove(tx, removal->jid, removal->id);
	return removal->gone < 0 ? removal->gone : 0;
}

static int removed(struct fixture *f, const char *jid, int64_t id)
{
	struct removal removal = {jid, id, -1};

	assert_int_equal(change(f, run_remove, &removal), 0);
	return removal.gone;
}

static size_t list(struct fixture *f, struct password **passwords)
{
	struct tx *tx;
	size_t count;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_passwords(tx, f->arena, ROMEO, passwords, &count), 0);
	store_read_end(tx);
	return count;
}

static int lives(struct fixture *f, int64_t id)
{
	struct tx *tx;
	int is;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	is = store_password_lives(tx, id);
	store_read_end(tx);
	return is;
}

static void test_made_and_removed(void **state)
{
	struct fixture *f = *state;
	struct password *passwords;
	int64_t id, expires = store_now() + 100000;

	assert_int_equal(list(f, &passwords), 0);
	assert_int_equal(make(f, ROMEO, expires), 0);
	assert_int_equal(make(f, "juliet@capulet.lit", 0), 0);
	assert_int_equal(list(f, &passwords), 1);
	assert_string_equal(passwords->label, "laptop");
	assert_true(passwords->read_only);
	assert_int_equal(passwords->collection, 5);
	assert_int_equal(passwords->expires, expires);
	assert_int_equal(passwords->used, 0);
	assert_true(passwords->created > 0 && passwords->created <= store_now());
	id = passwords->id;
	assert_int_equal(lives(f, id), 1);
	assert_int_equal(removed(f, "juliet@capulet.lit", id), 0);
	assert_int_equal(lives(f, id), 1);
	assert_int_equal(removed(f, ROMEO, id), 1);
	assert_int_equal(removed(f, ROMEO, id), 0);
	assert_int_equal(lives(f, id), 0);
	assert_int_equal(list(f, &passwords), 0);
}

/* Who asks for one later asks for that very one. */
static void test_numbers_never_come_again(void **state)
{
	struct fixture *f = *state;
	struct password *passwords;
	int64_t id;

	assert_int_equal(make(f, ROMEO, 0), 0);
	list(f, &passwords);
	id = passwords->id;
	assert_int_equal(removed(f, ROMEO, id), 1);
	fixture_reopen(f);
	assert_int_equal(make(f, ROMEO, 0), 0);
	list(f, &passwords);
	assert_true(passwords->id > id);
	assert_int_equal(lives(f, id), 0);
}

static void test_at_most(void **state)
{
	struct fixture *f = *state;
	struct password *passwords;

	for (int i = 0; i < STORE_PASSWORDS_MAX; i++)
		assert_int_equal(make(f, ROMEO, 0), 0);
	assert_int_equal(make(f, ROMEO, 0), -EDQUOT);
	assert_int_equal(make(f, "juliet@capulet.lit", 0), 0);
	assert_int_equal(list(f, &passwords), STORE_PASSWORDS_MAX);
	assert_int_equal(removed(f, ROMEO, passwords[3].id), 1);
	assert_int_equal(make(f, ROMEO, 0), 0);
}

/* It is gone for all at that moment, and its row with the committer's next tick. */
static void test_expired(void **state)
{
	struct fixture *f = *state;
	struct password *passwords;

	assert_int_equal(make(f, ROMEO, store_now() - 1), 0);
	assert_int_equal(make(f, ROMEO, store_now() + 100000), 0);
	assert_int_equal(list(f, &passwords), 1);
	assert_int_equal(lives(f, passwords->id), 1);
	assert_int_equal(lives(f, passwords->id - 1), 0);
	fixture_reopen(f);
	assert_int_equal(make(f, "juliet@capulet.lit", 0), 0);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM password WHERE jid = '" ROMEO "'"), 1);
}

static void test_used(void **state)
{
	struct fixture *f = *state;
	struct password *passwords;
	int64_t used;

	assert_int_equal(make(f, ROMEO, 0), 0);
	list(f, &passwords);
	store_password_used(f->store, passwords);
	store_password_used(f->store, passwords);
	assert_int_equal(make(f, "behind-it@capulet.lit", 0), 0);
	list(f, &passwords);
	used = passwords->used;
	assert_true(used >= passwords->created);
	store_password_used(f->store, passwords);
	store_password_used(f->store, &(struct password){.id = 999});
	assert_int_equal(make(f, "behind-it@capulet.lit", 0), 0);
	list(f, &passwords);
	assert_int_equal(passwords->used, used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made_and_removed, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_numbers_never_come_again, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_at_most, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_expired, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_used, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
