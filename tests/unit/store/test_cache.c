/* What reads keep in memory is never older than the answer to a change. */
#include "fixture.h"

#include "base/arena.h"

#include <errno.h>
#include <stdio.h>

#define ROMEO "romeo@montague.lit"

static const struct jid juliet = {.bare = "juliet@capulet.lit", .domain = "capulet.lit"};
static const char *const names_juliet[] = {"juliet@capulet.lit", NULL};
static const char *const names_nobody[] = {NULL};

static struct tx *glance(struct fixture *f)
{
	struct tx *tx;

	assert_int_equal(store_glance_begin(f->store, &tx), 0);
	return tx;
}

/* What a glance finds at the path; id 0: nothing. */
static struct resource seen_in(struct fixture *f, struct tx *tx, const char *text)
{
	struct path path;
	struct walk walk;

	assert_int_equal(path_parse(f->arena, text, &path), 0);
	assert_int_equal(store_walk(tx, f->arena, &path, &walk), 0);
	return walk.count > path.depth ? walk.chain[path.depth] : (struct resource){0};
}

static struct resource seen(struct fixture *f, const char *text)
{
	struct tx *tx = glance(f);
	struct resource resource = seen_in(f, tx, text);

	assert_true(store_glance_holds(tx));
	store_read_end(tx);
	return resource;
}

static int names(struct fixture *f, int64_t resource)
{
	struct tx *tx = glance(f);
	int is = store_list_names(tx, resource, &juliet);

	store_read_end(tx);
	return is;
}

/* By another process, as an operator might. */
static void by_hand(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->store->database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* That the database is not asked is seen by what it would say: nothing has told the stamps of what was done by hand. */
static void test_kept(void **state)
{
	struct fixture *f = *state;

	make_file(f, "/a", ROMEO, 10, 'x');
	assert_string_equal(seen(f, "/a").owner, ROMEO);
	by_hand(f, "UPDATE resource SET owner = 'tybalt@capulet.lit' WHERE name = 'a'");
	assert_string_equal(seen(f, "/a").owner, ROMEO);
	assert_string_equal(look_up(f, "/a").owner, "tybalt@capulet.lit");
	/* A change of ours to the same row ends it. */
	assert_int_equal(set_list(f, "/a", names_nobody), 0);
	assert_string_equal(seen(f, "/a").owner, "tybalt@capulet.lit");
}

static void test_changes_are_seen_at_once(void **state)
{
	struct fixture *f = *state;
	struct resource file;

	make_file(f, "/a", ROMEO, 10, 'x');
	file = seen(f, "/a");
	assert_false(file.has_list);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(set_list(f, "/a", names_juliet), 0);
		assert_true(seen(f, "/a").has_list);
		assert_int_equal(names(f, file.id), 1);
		assert_int_equal(set_list(f, "/a", names_nobody), 0);
		assert_int_equal(names(f, file.id), 0);
	}
	assert_int_equal(remove_resource(f, "/a"), 0);
	assert_int_equal(seen(f, "/a").id, 0);
	make_file(f, "/a", ROMEO, 20, 'y');
	assert_int_equal(seen(f, "/a").length, 20);
}

static int run_move(struct tx *tx, struct store_change *change)
{
	struct segment segment = {"moved", "moved"};

	return store_move(tx, change_arg(change), STORE_ROOT, &segment);
}

static void test_move_takes_what_is_below(void **state)
{
	struct fixture *f = *state;
	struct resource tree;

	make_collection(f, "/tree", ROMEO);
	make_file(f, "/tree/a", ROMEO, 10, 'x');
	tree = seen(f, "/tree");
	assert_int_not_equal(seen(f, "/tree/a").id, 0);
	assert_int_equal(change(f, run_move, &tree), 0);
	assert_int_equal(seen(f, "/tree/a").id, 0);
	assert_int_not_equal(seen(f, "/moved/a").id, 0);
}

/* What was found before a change and what is found behind it is of no one state. */
static void test_glance_across_a_change(void **state)
{
	struct fixture *f = *state;
	struct tx *tx;

	make_file(f, "/a", ROMEO, 10, 'x');
	make_file(f, "/b", ROMEO, 10, 'x');
	seen(f, "/a");
	tx = glance(f);
	assert_int_not_equal(seen_in(f, tx, "/a").id, 0);
	assert_true(store_glance_holds(tx));
	assert_int_equal(set_list(f, "/b", names_juliet), 0);
	assert_true(store_glance_holds(tx));
	assert_int_equal(set_list(f, "/a", names_juliet), 0);
	assert_false(store_glance_holds(tx));
	store_read_end(tx);
}

/* A transaction that began before a change keeps nothing of what it sees behind it. */
static void test_old_state_is_not_kept(void **state)
{
	struct fixture *f = *state;
	struct tx *tx;

	make_file(f, "/a", ROMEO, 10, 'x');
	make_file(f, "/b", ROMEO, 10, 'x');
	tx = glance(f);
	assert_false(seen_in(f, tx, "/b").has_list);
	assert_int_equal(set_list(f, "/a", names_juliet), 0);
	assert_false(seen_in(f, tx, "/a").has_list);
	store_read_end(tx);
	assert_true(seen(f, "/a").has_list);
}

static int run_refused(struct tx *tx, struct store_change *change)
{
	const struct resource *resource = change_arg(change);

	assert_int_equal(store_list_set(tx, resource->id, &juliet, 1), 0);
	return -ECANCELED;
}

static void test_undone_change_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct resource file;

	make_file(f, "/a", ROMEO, 10, 'x');
	file = seen(f, "/a");
	assert_int_equal(names(f, file.id), 0);
	assert_int_equal(change(f, run_refused, &file), -ECANCELED);
	assert_false(seen(f, "/a").has_list);
	assert_int_equal(names(f, file.id), 0);
}

/* Bytes that are being sent stay, whatever becomes of the file and of what is kept. */
static void test_content_outlives_its_file(void **state)
{
	struct fixture *f = *state;
	struct content content, again;
	struct resource file;
	struct tx *tx;

	make_file(f, "/a", ROMEO, 5000, 'x');
	for (int i = 0; i < 2; i++) {
		tx = glance(f);
		file = seen_in(f, tx, "/a");
		assert_int_equal(store_content_open(tx, f->arena, &file, i ? &again : &content), 0);
		store_read_end(tx);
	}
	assert_ptr_equal(content.bytes, again.bytes);
	store_content_close(&again);
	assert_int_equal(remove_resource(f, "/a"), 0);
	tx = glance(f);
	assert_int_equal(store_content_open(tx, f->arena, &file, &again), -ESTALE);
	store_read_end(tx);
	/* Their places are taken by others. */
	for (int i = 0; i < 300; i++) {
		char path[16];

		snprintf(path, sizeof(path), "/f%d", i);
		make_file(f, path, ROMEO, 60000, 'y');
		tx = glance(f);
		file = seen_in(f, tx, path);
		assert_int_equal(store_content_open(tx, f->arena, &file, &again), 0);
		store_content_close(&again);
		store_read_end(tx);
	}
	assert_int_equal(content.length, 5000);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(content.bytes[i], 'x');
	store_content_close(&content);
}

static int run_make_password(struct tx *tx, struct store_change *change)
{
	return store_password_make(tx, change_arg(change));
}

static int run_remove_passwords(struct tx *tx, struct store_change *change)
{
	return store_passwords_remove(tx, ROMEO);
}

static size_t passwords(struct fixture *f)
{
	struct password *list;
	struct tx *tx = glance(f);
	size_t count;

	assert_int_equal(store_passwords_kept(tx, f->arena, ROMEO, &list, &count), 0);
	store_read_end(tx);
	return count;
}

static void test_passwords(void **state)
{
	struct fixture *f = *state;
	struct password one = {.jid = ROMEO, .label = "l", .ha1_md5 = "m", .ha1_sha256 = "s"};

	assert_int_equal(passwords(f), 0);
	assert_int_equal(change(f, run_make_password, &one), 0);
	assert_int_equal(passwords(f), 1);
	assert_int_equal(change(f, run_make_password, &one), 0);
	assert_int_equal(passwords(f), 2);
	assert_int_equal(change(f, run_remove_passwords, NULL), 0);
	assert_int_equal(passwords(f), 0);
}

/* With what a glance at the file finds. */
static void rest_on(struct fixture *f, struct basis *basis, const char *path)
{
	struct tx *tx = glance(f);

	seen_in(f, tx, path);
	store_basis_add(basis, tx);
	store_read_end(tx);
}

static void test_basis(void **state)
{
	struct fixture *f = *state;
	struct basis basis;

	make_file(f, "/a", ROMEO, 10, 'x');
	make_file(f, "/b", ROMEO, 10, 'x');
	store_basis_begin(&basis);
	rest_on(f, &basis, "/a");
	/* The database was asked. */
	assert_false(basis.whole);
	assert_false(store_basis_holds(f->store, &basis));
	seen(f, "/b");
	store_basis_begin(&basis);
	rest_on(f, &basis, "/a");
	rest_on(f, &basis, "/b");
	rest_on(f, &basis, "/a");
	/* Once each, and the root. */
	assert_int_equal(basis.count, 3);
	assert_true(store_basis_holds(f->store, &basis));
	make_file(f, "/c", ROMEO, 10, 'x');
	assert_true(store_basis_holds(f->store, &basis));
	assert_int_equal(set_list(f, "/b", names_juliet), 0);
	assert_false(store_basis_holds(f->store, &basis));
}

/* What was found at two times has to be the same. */
static void test_basis_of_two_states(void **state)
{
	struct fixture *f = *state;
	struct basis basis;

	make_file(f, "/a", ROMEO, 10, 'x');
	seen(f, "/a");
	store_basis_begin(&basis);
	rest_on(f, &basis, "/a");
	assert_int_equal(set_list(f, "/a", names_juliet), 0);
	seen(f, "/a");
	rest_on(f, &basis, "/a");
	assert_true(basis.whole);
	assert_false(store_basis_holds(f->store, &basis));
}

/* What is not there, and what does not fit, is not known for longer than it takes to ask. */
static void test_basis_knows_its_bounds(void **state)
{
	struct fixture *f = *state;
	struct basis basis;
	char name[16];

	store_basis_begin(&basis);
	rest_on(f, &basis, "/nothing");
	rest_on(f, &basis, "/nothing");
	assert_false(basis.whole);
	store_basis_begin(&basis);
	for (int i = 0; i < BASIS_MAX; i++) {
		assert_true(basis.whole);
		snprintf(name, sizeof(name), "/%d", i);
		make_file(f, name, ROMEO, 1, 'x');
		seen(f, name);
		rest_on(f, &basis, name);
	}
	assert_false(basis.whole);
	assert_false(store_basis_holds(f->store, &basis));
}

struct looking {
	struct fixture *f;
	bool there, deletes, there_then;
	size_t kept; /* rows that were not read */
	char owner[64];
};

/* What a change finds at /a; and, when it deletes it, then. Whoever deletes fails after all. */
static int run_look(struct tx *tx, struct store_change *change)
{
	struct looking *self = change_arg(change);
	struct resource a = seen_in(self->f, tx, "/a");
	int error;

	self->there = a.id != 0;
	self->kept = tx->seen_count;
	snprintf(self->owner, sizeof(self->owner), "%s", a.id ? a.owner : "");
	if (!self->deletes)
		return 0;
	error = store_delete(tx, &a);
	self->there_then = seen_in(self->f, tx, "/a").id != 0;
	return error < 0 ? error : -ECANCELED;
}

/* The committer keeps what it has read, too; what it or another process has changed it reads again. */
static void test_committer(void **state)
{
	struct fixture *f = *state;
	struct looking looking = {.f = f};

	make_file(f, "/a", ROMEO, 10, 'x');
	for (int i = 0; i < 2; i++) {
		assert_int_equal(change(f, run_look, &looking), 0);
		assert_string_equal(looking.owner, ROMEO);
	}
	assert_int_equal(looking.kept, 2);
	by_hand(f, "UPDATE resource SET owner = 'tybalt@capulet.lit' WHERE name = 'a'");
	assert_int_equal(change(f, run_look, &looking), 0);
	assert_string_equal(looking.owner, "tybalt@capulet.lit");
	assert_int_equal(looking.kept, 0);
	looking.deletes = true;
	assert_int_equal(change(f, run_look, &looking), -ECANCELED);
	assert_true(looking.there && !looking.there_then);
	looking.deletes = false;
	assert_int_equal(change(f, run_look, &looking), 0);
	assert_true(looking.there);
	assert_int_equal(remove_resource(f, "/a"), 0);
	assert_int_equal(change(f, run_look, &looking), 0);
	assert_false(looking.there);
}

/* Looks for /a, makes it, looks at it, and fails after all: so it runs twice. */
static int run_make_in_vain(struct tx *tx, struct store_change *change)
{
	struct looking *self = change_arg(change);
	const struct segment segment = {"a", "a"};
	struct resource made;
	int error;

	self->there |= seen_in(self->f, tx, "/a").id != 0;
	error = store_make_collection(tx, STORE_ROOT, &segment, ROMEO, &made, self->f->arena);
	self->there_then = seen_in(self->f, tx, "/a").id != 0;
	return error < 0 ? error : -ECANCELED;
}

/* What a change had made that was undone is there for nobody. */
static void test_committer_forgets_what_was_undone(void **state)
{
	struct fixture *f = *state;
	struct looking in_vain = {.f = f}, looking = {.f = f};

	make_file(f, "/b", ROMEO, 10, 'x');
	for (int i = 0; i < 3; i++) {
		assert_int_equal(change(f, run_make_in_vain, &in_vain), -ECANCELED);
		assert_true(in_vain.there_then && !in_vain.there);
		assert_int_equal(change(f, run_look, &looking), 0);
		assert_false(looking.there);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_committer, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_committer_forgets_what_was_undone, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_kept, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_changes_are_seen_at_once, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_move_takes_what_is_below, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_glance_across_a_change, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_old_state_is_not_kept, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_undone_change_changes_nothing, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_content_outlives_its_file, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_passwords, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_basis, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_basis_of_two_states, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_basis_knows_its_bounds, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
