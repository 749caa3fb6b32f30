#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void test_second_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_options options = {.path = f->path};
	struct store *second;
	char error[256];

	assert_int_equal(store_open(&second, &options, error, sizeof(error)), -EBUSY);
	assert_non_null(strstr(error, "another missived"));
	assert_int_equal(store_check(f->store), 0);
}

static void test_newer_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_options options = {.path = f->path};
	char error[256];
	sqlite3 *db;

	store_close(f->store);
	f->store = NULL;
	snprintf(error, sizeof(error), "%s/missive.db", f->path);
	assert_int_equal(sqlite3_open(error, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "PRAGMA user_version = 1000", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(&f->store, &options, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "newer"));
	f->store = NULL;
}

/* What the first version wrote is brought forward, with all that is in it. */
static void test_older_is_migrated(void **state)
{
	static const char undo[] =
		"DROP TRIGGER resource_made; DROP TRIGGER resource_gone; DROP TRIGGER "
		"resource_resized;"
		"DROP TABLE partial; DROP TABLE usage; DROP INDEX tombstone_parent; DROP INDEX "
		"tombstone_name; ALTER TABLE tombstone DROP COLUMN spelling; DROP INDEX "
		"resource_change;"
		"ALTER TABLE counter DROP COLUMN secret; ALTER TABLE counter DROP COLUMN forgotten;"
		"ALTER TABLE tombstone DROP COLUMN time; ALTER TABLE content DROP COLUMN md5;"
		"ALTER TABLE content DROP COLUMN sha1; ALTER TABLE content DROP COLUMN sha256;"
		"DROP TABLE lock; DROP TABLE password; DELETE FROM sqlite_sequence WHERE name = "
		"'password'; DROP TABLE opening; ALTER TABLE resource "
		"DROP COLUMN stored; DROP INDEX resource_link; ALTER TABLE resource DROP COLUMN "
		"link; DROP TABLE slot; DROP "
		"TABLE retention; DROP TABLE fetch; DROP TABLE notice; DROP INDEX "
		"resource_expires; ALTER TABLE resource DROP COLUMN expires; PRAGMA user_version = "
		"1";
	struct fixture *f = *state;
	char path[128];
	sqlite3 *db;

	make_file(f, "/a", "romeo@montague.lit", 3, 'x');
	store_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof(path), "%s/missive.db", f->path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, undo, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	fixture_reopen(f);
	assert_true(is_there(f, "/a"));
	assert_int_equal(rows_of(f, "SELECT count(*) FROM lock"), 0);
	assert_int_equal(rows_of(f, "PRAGMA user_version"), 9);
	assert_int_equal(
		rows_of(f, "SELECT bytes FROM usage WHERE owner = 'romeo@montague.lit'"), 3);
	assert_int_equal(rows_of(f, "SELECT length(secret) FROM counter"), STORE_SECRET);
}

/* App passwords of the first version are as good as before: for everything and for ever. */
static void test_passwords_are_migrated(void **state)
{
	static const char undo[] =
		"DROP TABLE password; CREATE TABLE password (id INTEGER PRIMARY KEY, jid TEXT NOT "
		"NULL, label TEXT NOT NULL, ha1_md5 TEXT NOT NULL, ha1_sha256 TEXT NOT NULL, "
		"created INTEGER NOT NULL) STRICT; CREATE INDEX password_jid ON password (jid);"
		"INSERT INTO password VALUES (7, 'romeo@montague.lit', 'old', 'm', 's', 1000);"
		"DROP INDEX resource_link; ALTER TABLE resource DROP COLUMN link; DROP TABLE slot; "
		"DROP TABLE retention;"
		"DROP TABLE fetch; DROP TABLE notice; DROP INDEX resource_expires; ALTER TABLE "
		"resource DROP COLUMN expires; PRAGMA user_version = 6";
	struct fixture *f = *state;
	struct password *passwords;
	struct tx *tx;
	char path[128];
	size_t count;
	sqlite3 *db;

	store_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof(path), "%s/missive.db", f->path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, undo, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	fixture_reopen(f);
	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(
		store_passwords(tx, f->arena, "romeo@montague.lit", &passwords, &count), 0);
	store_read_end(tx);
	assert_int_equal(count, 1);
	assert_int_equal(passwords->id, 7);
	assert_string_equal(passwords->label, "old");
	assert_string_equal(passwords->ha1_sha256, "s");
	assert_int_equal(passwords->created, 1000);
	assert_false(passwords->read_only);
	assert_int_equal(passwords->collection + passwords->expires + passwords->used, 0);
}

/* Pages of what was deleted can be given back to the disk, from the first day on. */
static void test_pages_can_go(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rows_of(f, "PRAGMA auto_vacuum"), 2);
	fixture_reopen(f);
	assert_int_equal(rows_of(f, "PRAGMA auto_vacuum"), 2);
}

static void test_no_directory(void **state)
{
	struct store_options options = {.path = "/proc/missive"};
	struct store *store;
	char error[256];

	assert_true(store_open(&store, &options, error, sizeof(error)) < 0);
	assert_memory_equal(error, "/proc/missive: ", 15);
}

/* Orphans of earlier starts go; what is named, and what this start has not yet named, stays. */
static void test_sweep(void **state)
{
	struct fixture *f = *state;
	static const char orphan[] = "aa/1-aa000000000000000000000000000000";
	int fd;

	make_file(f, "/a", "romeo@montague.lit", 100000, 'x');
	fd = openat(f->store->blobs, orphan, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(blobs_on_disk(f), 2);
	fixture_reopen(f);
	/* The sweep's thread ends by itself when it has seen everything. */
	pthread_join(f->store->sweeper, NULL);
	atomic_store(&f->store->sweeping, false);
	assert_int_equal(blobs_on_disk(f), 1);
	assert_true(faccessat(f->store->blobs, orphan, F_OK, 0) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pages_can_go, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_second_is_refused, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_newer_is_refused, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_older_is_migrated, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_passwords_are_migrated, fixture_open, fixture_close),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test_setup_teardown(test_sweep, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
