/* When files go, who has been sent them, and who is told. */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROMEO    "romeo@montague.lit"
#define JULIET   "juliet@capulet.lit"
#define BENVOLIO "benvolio@montague.lit"

enum { HOUR = 3600000 };

/* ---- shorthand ---- */

enum what { EXPIRES, STANDARD, LIMIT, ONCE, TELLS, MOVE, COPY };

struct setting {
	struct fixture *f;
	const char *path, *to;
	enum what what;
	int64_t value;
};

static int move_or_copy(struct tx *tx, const struct setting *one, const struct resource *resource)
{
	struct path *to = arena_alloc(one->f->arena, sizeof(*to));
	const struct segment *segment;
	struct resource made;
	struct walk walk;

	assert_int_equal(path_parse(one->f->arena, one->to, to), 0);
	assert_int_equal(store_walk(tx, one->f->arena, to, &walk), 0);
	segment = &to->segments[to->depth - 1];
	if (one->what == MOVE)
		return store_move(tx, resource, walk.chain[walk.count - 1].id, segment);
	return store_copy(
		tx, one->f->arena, resource, walk.chain[walk.count - 1].id, segment, JULIET, &made);
}

static int run_set(struct tx *tx, struct store_change *change)
{
	const struct setting *one = change_arg(change);
	struct path path;
	struct walk walk;
	struct resource *resource;

	assert_int_equal(path_parse(one->f->arena, one->path, &path), 0);
	assert_int_equal(store_walk(tx, one->f->arena, &path, &walk), 0);
	assert_int_equal(walk.count, path.depth + 1);
	resource = &walk.chain[walk.count - 1];
	switch (one->what) {
	case EXPIRES:
		return store_expires_set(tx, resource->id, one->value);
	case STANDARD:
		return store_expires_default(tx, resource->id, (uint64_t)one->value);
	case LIMIT:
		return store_expires_limit(tx, resource->id, one->value);
	case ONCE:
		return store_once_set(tx, resource->id, one->value);
	case TELLS:
		return store_tells_set(tx, resource->id, one->value);
	case MOVE:
	case COPY:
		return move_or_copy(tx, one, resource);
	}
	return -EINVAL;
}

static int set(struct fixture *f, const char *path, enum what what, int64_t value)
{
	struct setting one = {f, path, NULL, what, value};

	return change(f, run_set, &one);
}

static int place(struct fixture *f, const char *path, enum what what, const char *to)
{
	struct setting one = {f, path, to, what, 0};

	return change(f, run_set, &one);
}

static int run_nothing(struct tx *tx, struct store_change *change)
{
	return 0;
}

/* Behind it the clock shows another time. */
static void next_moment(void)
{
	int64_t now = store_now();

	while (store_now() == now)
		;
}

/* Until the query says so: the committer does it by itself. */
static void wait_for(struct fixture *f, const char *sql, int64_t value)
{
	for (int i = 0; i < 2000 && rows_of(f, sql) != value; i++)
		usleep(5000);
	assert_int_equal(rows_of(f, sql), value);
}

static void send_to(
	struct fixture *f, const char *path, const char *to, uint64_t from, uint64_t length)
{
	struct resource resource = look_up(f, path);
	struct fetched fetched = {resource.id, resource.content, from, length};
	struct jid jid;

	assert_int_equal(jid_parse(f->arena, to, &jid), 0);
	store_fetched(f->store, &fetched, &jid);
}

/* What was told is on disk behind it. */
static void settle(struct fixture *f)
{
	fixture_reopen(f);
	assert_int_equal(change(f, run_nothing, NULL), 0);
}

static size_t fetches_of(struct fixture *f, const char *path, struct fetch **fetches)
{
	struct resource resource = look_up(f, path);
	struct tx *tx;
	size_t count;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_fetches(tx, f->arena, resource.id, fetches, &count), 0);
	store_read_end(tx);
	return count;
}

static int64_t expires_of(struct fixture *f, const char *path)
{
	return look_up(f, path).expires;
}

/* ---- expiry ---- */

/* From that time on nothing finds it, and a moment later it is gone as after a DELETE. */
static void test_expiry(void **state)
{
	struct fixture *f = *state;
	int64_t soon = store_now() + 300;

	make_file(f, "/a", ROMEO, 100000, 'a');
	make_file(f, "/b", ROMEO, 3, 'b');
	assert_int_equal(set(f, "/a", EXPIRES, store_now()), -ERANGE);
	assert_int_equal(expires_of(f, "/a"), 0);
	assert_int_equal(set(f, "/a", EXPIRES, soon), 0);
	assert_int_equal(expires_of(f, "/a"), soon);
	wait_for(f, "SELECT count(*) FROM resource WHERE name = 'a'", 0);
	assert_true(store_now() >= soon && store_now() < soon + 5000);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM tombstone WHERE name = 'a'"), 1);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM retention"), 0);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM content"), 1);
	assert_int_equal(blobs_on_disk(f), 0);
	assert_true(is_there(f, "/b"));
}

static int run_hidden(struct tx *tx, struct store_change *change)
{
	struct fixture *f = change_arg(change);
	struct members members = {0};
	struct resource made;
	struct changed *changed;
	struct jid romeo;
	struct path path;
	struct walk walk;
	size_t count;

	/* As if the transaction had begun then. */
	tx->now += 10 * HOUR;
	assert_int_equal(path_parse(f->arena, "/c/a", &path), 0);
	assert_int_equal(store_walk(tx, f->arena, &path, &walk), 0);
	assert_int_equal(walk.count, 2);
	assert_int_equal(store_members(tx, walk.chain[1].id, NULL, 2, keep, &members), 0);
	assert_int_equal(members.count, 2);
	assert_string_equal(members.names[0], "b");
	members.count = 0;
	assert_int_equal(jid_parse(f->arena, ROMEO, &romeo), 0);
	assert_int_equal(store_root_members(tx, &romeo, NULL, 2, keep, &members), 0);
	assert_int_equal(members.count, 2);
	assert_string_equal(members.names[0], "c");
	assert_string_equal(members.names[1], "z");
	assert_int_equal(
		store_changed(tx, f->arena, walk.chain[1].id, 0, INT64_MAX, 9, &changed, &count),
		0);
	assert_int_equal(count, 2);
	tx->store->next_due = 0;
	assert_int_equal(store_make_file(tx, walk.chain[1].id, &path.segments[1], ROMEO, NULL, NULL,
				 &made, f->arena),
		0);
	return 0;
}

/* What is due is not there although its row is, also for pages of a listing and for who takes its name. */
static void test_due_is_hidden(void **state)
{
	struct fixture *f = *state;
	int64_t id;

	make_collection(f, "/c", ROMEO);
	make_file(f, "/a", ROMEO, 1, 'a');
	make_file(f, "/z", ROMEO, 1, 'z');
	make_file(f, "/c/a", ROMEO, 1, 'a');
	make_file(f, "/c/b", ROMEO, 1, 'b');
	make_file(f, "/c/c", ROMEO, 1, 'c');
	id = look_up(f, "/c/a").id;
	assert_int_equal(set(f, "/a", EXPIRES, store_now() + HOUR), 0);
	assert_int_equal(set(f, "/c/a", EXPIRES, store_now() + HOUR), 0);
	assert_int_equal(change(f, run_hidden, f), 0);
	assert_true(look_up(f, "/c/a").id != id);
	assert_int_equal(expires_of(f, "/c/a"), 0);
}

static void test_defaults(void **state)
{
	struct fixture *f = *state;
	int64_t first;

	f->options.expires = HOUR;
	fixture_reopen(f);
	make_file(f, "/a", ROMEO, 1, 'a');
	first = expires_of(f, "/a");
	assert_true(first > store_now() && first <= store_now() + HOUR);
	next_moment();
	make_file(f, "/a", ROMEO, 2, 'a');
	assert_true(expires_of(f, "/a") > first);
	/* What its owner has said stays. */
	assert_int_equal(set(f, "/a", EXPIRES, first), 0);
	make_file(f, "/a", ROMEO, 3, 'a');
	assert_int_equal(expires_of(f, "/a"), first);
	assert_int_equal(place(f, "/a", COPY, "/copy"), 0);
	assert_true(expires_of(f, "/copy") > first);
	assert_int_equal(place(f, "/a", MOVE, "/moved"), 0);
	assert_int_equal(expires_of(f, "/moved"), first);
	assert_int_equal(set(f, "/moved", EXPIRES, 0), 0);
	assert_int_equal(expires_of(f, "/moved"), 0);
	make_file(f, "/moved", ROMEO, 4, 'm');
	assert_int_equal(expires_of(f, "/moved"), 0);
	assert_int_equal(set(f, "/moved", STANDARD, 5 * HOUR), 0);
	assert_true(expires_of(f, "/moved") > store_now() + 4 * HOUR);
	make_collection(f, "/c", ROMEO);
	assert_int_equal(expires_of(f, "/c"), 0);
}

static void test_limit(void **state)
{
	struct fixture *f = *state;
	int64_t latest = store_now() + HOUR;

	f->options.expires = HOUR / 2;
	fixture_reopen(f);
	make_file(f, "/a", ROMEO, 1, 'a');
	assert_int_equal(set(f, "/a", LIMIT, latest), 0);
	assert_int_equal(expires_of(f, "/a"), latest);
	assert_int_equal(set(f, "/a", EXPIRES, latest + 1), -ERANGE);
	assert_int_equal(set(f, "/a", EXPIRES, latest - 1), 0);
	assert_int_equal(expires_of(f, "/a"), latest - 1);
	assert_int_equal(set(f, "/a", EXPIRES, 0), 0);
	assert_int_equal(set(f, "/a", STANDARD, 2 * HOUR), 0);
	assert_int_equal(expires_of(f, "/a"), latest);
	make_file(f, "/a", ROMEO, 2, 'a');
	assert_int_equal(expires_of(f, "/a"), latest);
}

/* What was due while nobody was there goes at the start. */
static void test_restart(void **state)
{
	struct fixture *f = *state;
	char path[128];
	sqlite3 *db;

	make_file(f, "/a", ROMEO, 1, 'a');
	assert_int_equal(set(f, "/a", EXPIRES, store_now() + HOUR), 0);
	store_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof(path), "%s/missive.db", f->path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE resource SET expires = 1 WHERE expires > 0", NULL,
				 NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	fixture_reopen(f);
	assert_false(is_there(f, "/a"));
	wait_for(f, "SELECT count(*) FROM resource", 1);
}

/* ---- fetches ---- */

static void test_fetches_join(void **state)
{
	struct fixture *f = *state;
	struct fetch *fetches;

	make_file(f, "/a", ROMEO, 100, 'a');
	make_file(f, "/empty", ROMEO, 0, 'e');
	send_to(f, "/a", JULIET "/balcony", 10, 5); /* behind a hole */
	settle(f);
	assert_int_equal(fetches_of(f, "/a", &fetches), 0);
	send_to(f, "/a", JULIET "/balcony", 0, 40);
	send_to(f, "/a", JULIET "/balcony", 60, 40);
	send_to(f, "/a", JULIET "/balcony", 30, 20);
	send_to(f, "/empty", JULIET, 0, 0);
	settle(f);
	assert_int_equal(fetches_of(f, "/a", &fetches), 1);
	assert_string_equal(fetches[0].jid.bare, JULIET);
	assert_string_equal(fetches[0].jid.resourcepart, "balcony");
	assert_int_equal(fetches[0].received, 50);
	assert_true(fetches[0].time > 0);
	assert_int_equal(fetches[0].whole, 0);
	assert_int_equal(fetches_of(f, "/empty", &fetches), 1);
	assert_true(fetches[0].whole > 0);
	send_to(f, "/a", JULIET "/balcony", 50, 50);
	send_to(f, "/a", BENVOLIO, 0, 100);
	settle(f);
	assert_int_equal(fetches_of(f, "/a", &fetches), 2);
	assert_string_equal(fetches[0].jid.bare, BENVOLIO);
	assert_true(fetches[0].whole > 0 && fetches[1].whole > 0);
	/* New content has been sent to nobody. */
	make_file(f, "/a", ROMEO, 10, 'b');
	assert_int_equal(fetches_of(f, "/a", &fetches), 0);
	send_to(f, "/a", JULIET "/balcony", 0, 5);
	settle(f);
	assert_int_equal(fetches_of(f, "/a", &fetches), 1);
	assert_int_equal(fetches[0].received, 5);
	assert_int_equal(fetches[0].whole, 0);
	assert_int_equal(remove_resource(f, "/a"), 0);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM fetch"), 1);
}

/* Whoever comes with ever new resources takes no more than some rows. */
static void test_fetches_are_few(void **state)
{
	struct fixture *f = *state;
	struct fetch *fetches;
	char jid[64];

	make_file(f, "/a", ROMEO, 100, 'a');
	for (int i = 0; i < 100; i++) {
		snprintf(jid, sizeof(jid), JULIET "/%d", i);
		send_to(f, "/a", jid, 0, 100);
	}
	settle(f);
	assert_int_equal(fetches_of(f, "/a", &fetches), 17);
	assert_null(fetches[0].jid.resourcepart);
	assert_true(fetches[0].whole > 0);
	/* What one of the many has only begun takes nothing back. */
	send_to(f, "/a", JULIET "/another", 0, 50);
	settle(f);
	assert_int_equal(fetches_of(f, "/a", &fetches), 17);
	assert_true(fetches[0].whole > 0);
}

/* ---- once ---- */

static void test_once(void **state)
{
	struct fixture *f = *state;
	const char *both[] = {JULIET "/office", JULIET, BENVOLIO "/home", ROMEO, NULL},
		   *one[] = {JULIET, NULL}, *nobody[] = {NULL}, *owner[] = {ROMEO, NULL};
	int64_t expires;

	f->options.once_kept = HOUR;
	fixture_reopen(f);
	make_file(f, "/a", ROMEO, 100, 'a');
	assert_int_equal(set(f, "/a", ONCE, 1), 0);
	assert_int_equal(expires_of(f, "/a"), 0);
	set_list(f, "/a", nobody);
	set_list(f, "/a", owner);
	assert_int_equal(expires_of(f, "/a"), 0);
	set_list(f, "/a", both);
	send_to(f, "/a", JULIET "/balcony", 0, 100);
	send_to(f, "/a", BENVOLIO "/work", 0, 100);
	send_to(f, "/a", BENVOLIO "/home", 0, 99);
	settle(f);
	assert_int_equal(expires_of(f, "/a"), 0);
	send_to(f, "/a", BENVOLIO "/home", 99, 1);
	settle(f);
	expires = expires_of(f, "/a");
	assert_true(expires > store_now() && expires <= store_now() + HOUR);
	/* Once more, it does not go later. */
	send_to(f, "/a", BENVOLIO "/home", 0, 100);
	settle(f);
	assert_int_equal(expires_of(f, "/a"), expires);
	/* Another list counts from now. */
	next_moment();
	set_list(f, "/a", one);
	assert_true(expires_of(f, "/a") > expires);
	/* What its owner has set counts too: the earlier of both. */
	assert_int_equal(set(f, "/a", EXPIRES, expires - 1000), 0);
	assert_int_equal(expires_of(f, "/a"), expires - 1000);
	assert_int_equal(set(f, "/a", EXPIRES, expires + 10 * HOUR), 0);
	assert_true(expires_of(f, "/a") < expires + HOUR);
	assert_int_equal(set(f, "/a", ONCE, 0), 0);
	assert_int_equal(expires_of(f, "/a"), expires + 10 * HOUR);
	assert_int_equal(set(f, "/a", EXPIRES, 0), 0);
	assert_int_equal(set(f, "/a", ONCE, 1), 0);
	assert_true(expires_of(f, "/a") > 0);
	/* And new content is nobody's yet. */
	make_file(f, "/a", ROMEO, 10, 'b');
	assert_int_equal(expires_of(f, "/a"), 0);
}

/* The list may be that of a collection above, and may come to be another one. */
static void test_once_inherits(void **state)
{
	struct fixture *f = *state;
	const char *both[] = {JULIET, BENVOLIO, NULL}, *one[] = {JULIET, NULL};

	f->options.once_kept = HOUR;
	fixture_reopen(f);
	make_collection(f, "/c", ROMEO);
	make_collection(f, "/c/d", ROMEO);
	make_collection(f, "/other", ROMEO);
	make_file(f, "/c/d/a", ROMEO, 100, 'a');
	make_file(f, "/c/d/own", ROMEO, 100, 'a');
	assert_int_equal(set(f, "/c/d/a", ONCE, 1), 0);
	assert_int_equal(set(f, "/c/d/own", ONCE, 1), 0);
	set_list(f, "/c/d/own", both);
	set_list(f, "/c", one);
	set_list(f, "/other", both);
	send_to(f, "/c/d/a", JULIET, 0, 100);
	send_to(f, "/c/d/own", JULIET, 0, 100);
	settle(f);
	assert_true(expires_of(f, "/c/d/a") > 0);
	assert_int_equal(expires_of(f, "/c/d/own"), 0);
	set_list(f, "/c", both);
	assert_int_equal(expires_of(f, "/c/d/a"), 0);
	set_list(f, "/c", one);
	assert_true(expires_of(f, "/c/d/a") > 0);
	assert_int_equal(expires_of(f, "/c/d/own"), 0);
	assert_int_equal(place(f, "/c/d", MOVE, "/other/d"), 0);
	assert_int_equal(expires_of(f, "/other/d/a"), 0);
	set_list(f, "/other", NULL);
	assert_int_equal(expires_of(f, "/other/d/a"), 0);
}

/* ---- notices ---- */

static struct notices notices_of(struct fixture *f)
{
	struct notices notices;
	struct tx *tx;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_notices(tx, f->arena, &notices), 0);
	store_read_end(tx);
	return notices;
}

static int run_told(struct tx *tx, struct store_change *change)
{
	return store_notices_told(tx, change_arg(change));
}

static void test_notices(void **state)
{
	struct fixture *f = *state;
	struct notices notices;
	char path[16];

	f->options.expiry_notice = HOUR;
	fixture_reopen(f);
	assert_int_equal(notices_of(f).count, 0);
	make_collection(f, "/c", ROMEO);
	for (int i = 0; i < 30; i++) {
		snprintf(path, sizeof(path), "/c/%02d", i);
		make_file(f, path, ROMEO, 1, 'a');
		assert_int_equal(set(f, path, STANDARD, HOUR / 2), 0);
	}
	/* Who has just said it knows; and what lies far off is told later. */
	make_file(f, "/known", ROMEO, 1, 'a');
	assert_int_equal(set(f, "/known", EXPIRES, store_now() + HOUR / 2), 0);
	assert_int_equal(set(f, "/known", EXPIRES, store_now() + 2 * HOUR), 0);
	make_file(f, "/soon", ROMEO, 1, 'a');
	assert_int_equal(set(f, "/soon", EXPIRES, store_now() + HOUR + 200), 0);
	wait_for(f, "SELECT count(*) FROM notice", 31);
	notices = notices_of(f);
	assert_string_equal(notices.jid, ROMEO);
	assert_string_equal(notices.kind, "expires");
	assert_int_equal(notices.count, NOTICES_TOLD);
	assert_int_equal(notices.more, 11);
	assert_string_equal(notices.list[0].name, "00");
	assert_string_equal(notices.list[0].href, "/c/00");
	assert_true(notices.list[0].time > store_now());
	assert_int_equal(change(f, run_told, &notices), 0);
	assert_int_equal(notices_of(f).count, 0);
}

static void test_fetched_is_told(void **state)
{
	struct fixture *f = *state;
	struct notices notices;

	make_file(f, "/a", ROMEO, 100, 'a');
	make_file(f, "/quiet", ROMEO, 100, 'a');
	assert_int_equal(set(f, "/a", TELLS, 1), 0);
	send_to(f, "/quiet", JULIET, 0, 100);
	send_to(f, "/a", JULIET, 0, 99);
	settle(f);
	assert_int_equal(notices_of(f).count, 0);
	send_to(f, "/a", JULIET, 0, 100);
	send_to(f, "/a", JULIET "/balcony", 0, 100);
	settle(f);
	notices = notices_of(f);
	assert_int_equal(notices.count, 1);
	assert_string_equal(notices.jid, ROMEO);
	assert_string_equal(notices.kind, "fetched");
	assert_string_equal(notices.list[0].who, JULIET);
	assert_int_equal(set(f, "/a", TELLS, 0), 0);
	send_to(f, "/a", BENVOLIO, 0, 100);
	settle(f);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM notice"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_expiry, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_due_is_hidden, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_defaults, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_limit, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_restart, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_fetches_join, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_fetches_are_few, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_once, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_once_inherits, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_notices, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_fetched_is_told, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
