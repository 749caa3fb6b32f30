#include "fixture.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct waited {
	struct store_change change;
	void *arg;
};

static void arrived(void *arg, struct message *list)
{
	struct fixture *f = arg;

	for (; list; list = list->next)
		f->waiting--;
	if (f->waiting == 0)
		loop_stop(f->loop);
}

static void open_store(struct fixture *f)
{
	char error[256];
	int result = store_open(&f->store, &f->options, error, sizeof(error));

	if (result < 0)
		fail_msg("%s", error);
}

int fixture_open(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/missive-store-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->options = (struct store_options){
		.path = f->path, .properties = 256, .properties_size = 1 << 20};
	f->arena = arena_new();
	assert_int_equal(loop_open(&f->loop), 0);
	f->mailbox = mailbox_open(f->loop, arrived, f);
	open_store(f);
	*state = f;
	return 0;
}

void fixture_reopen(struct fixture *f)
{
	store_close(f->store);
	open_store(f);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	return remove(path);
}

int fixture_close(void **state)
{
	struct fixture *f = *state;

	mailbox_close(f->mailbox);
	loop_close(f->loop);
	store_close(f->store);
	arena_free(f->arena);
	nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

void change_all(struct fixture *f, struct store_change *const *changes, int count)
{
	f->waiting = count;
	for (int i = 0; i < count; i++) {
		changes[i]->reply = f->mailbox;
		store_submit(f->store, changes[i]);
	}
	loop_run(f->loop);
	assert_int_equal(f->waiting, 0);
}

int change(struct fixture *f, int (*run)(struct tx *tx, struct store_change *change), void *arg)
{
	struct waited waited = {.change = {.run = run}, .arg = arg};
	struct store_change *one = &waited.change;

	change_all(f, &one, 1);
	return one->result;
}

void *change_arg(struct store_change *change)
{
	return ((struct waited *)change)->arg;
}

static void ready(void *arg, int result)
{
	struct fixture *f = arg;

	f->result = result;
	loop_stop(f->loop);
}

struct upload *uploaded(struct fixture *f, size_t length, char byte)
{
	struct upload *upload;
	char block[50000];
	int result;

	memset(block, byte, sizeof(block));
	assert_int_equal(upload_open(f->store, f->loop, -1, &upload), 0);
	while (length > 0) {
		size_t some = length < sizeof(block) ? length : sizeof(block);

		result = upload_write(upload, block, some, ready, f);
		assert_true(result >= 0);
		if (result == 1) {
			loop_run(f->loop);
			assert_int_equal(f->result, 0);
		}
		length -= some;
	}
	result = upload_finish(upload, ready, f);
	if (result == 1) {
		loop_run(f->loop);
		result = f->result;
	}
	assert_int_equal(result, 0);
	return upload;
}

static void walk(struct fixture *f, struct tx *tx, const char *text, struct walk *walk)
{
	struct path *path = arena_alloc(f->arena, sizeof(*path));

	assert_int_equal(path_parse(f->arena, text, path), 0);
	assert_int_equal(store_walk(tx, f->arena, path, walk), 0);
}

bool is_there(struct fixture *f, const char *path)
{
	struct walk found;
	struct tx *tx;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	walk(f, tx, path, &found);
	store_read_end(tx);
	return found.count == found.path->depth + 1;
}

struct resource look_up(struct fixture *f, const char *path)
{
	struct walk found;
	struct tx *tx;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	walk(f, tx, path, &found);
	store_read_end(tx);
	assert_int_equal(found.count, found.path->depth + 1);
	return found.chain[found.count - 1];
}

struct made {
	struct fixture *f;
	const char *path, *owner;
	struct upload *upload;
	const char *const *jids;
};

static int run_make(struct tx *tx, struct store_change *change)
{
	struct made *made = change_arg(change);
	struct resource resource;
	struct walk found;
	const struct segment *segment;

	walk(made->f, tx, made->path, &found);
	segment = &found.path->segments[found.path->depth - 1];
	if (found.count == found.path->depth + 1)
		return made->upload ? store_replace_content(tx, &found.chain[found.count - 1],
					      "text/plain", made->upload, &resource, made->f->arena)
				    : -EEXIST;
	assert_int_equal(found.count, found.path->depth);
	if (!made->upload)
		return store_make_collection(tx, found.chain[found.count - 1].id, segment,
			made->owner, &resource, made->f->arena);
	return store_make_file(tx, found.chain[found.count - 1].id, segment, made->owner,
		"text/plain", made->upload, &resource, made->f->arena);
}

void make_file(struct fixture *f, const char *path, const char *owner, size_t length, char byte)
{
	struct made made = {f, path, owner, uploaded(f, length, byte), NULL};

	assert_int_equal(change(f, run_make, &made), 0);
	upload_close(made.upload, true);
}

void make_collection(struct fixture *f, const char *path, const char *owner)
{
	struct made made = {f, path, owner, NULL, NULL};

	assert_int_equal(change(f, run_make, &made), 0);
}

static int run_list(struct tx *tx, struct store_change *change)
{
	struct made *made = change_arg(change);
	struct jid jids[8];
	struct walk found;
	size_t count = 0;

	walk(made->f, tx, made->path, &found);
	if (!made->jids)
		return store_list_remove(tx, found.chain[found.count - 1].id);
	for (; made->jids[count]; count++)
		assert_int_equal(jid_parse(made->f->arena, made->jids[count], &jids[count]), 0);
	return store_list_set(tx, found.chain[found.count - 1].id, jids, count);
}

int set_list(struct fixture *f, const char *path, const char *const *jids)
{
	struct made made = {.f = f, .path = path, .jids = jids};

	return change(f, run_list, &made);
}

static int run_remove(struct tx *tx, struct store_change *change)
{
	struct made *made = change_arg(change);
	struct walk found;

	walk(made->f, tx, made->path, &found);
	return found.count == found.path->depth + 1
		       ? store_delete(tx, &found.chain[found.count - 1])
		       : -ENOENT;
}

int remove_resource(struct fixture *f, const char *path)
{
	struct made made = {.f = f, .path = path};

	return change(f, run_remove, &made);
}

static int counted;

static int count_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	counted += type == FTW_F && ftw->level == 2;
	return 0;
}

/* Waits for those that are being removed. */
int blobs_on_disk(struct fixture *f)
{
	char path[128];

	for (int i = 0; i < 1000 && f->store && atomic_load(&f->store->unlinking); i++)
		usleep(1000);
	snprintf(path, sizeof(path), "%s/blobs", f->path);
	counted = 0;
	nftw(path, count_one, 16, FTW_PHYS);
	return counted;
}

/* On a connection of its own: the statements of the store's are literals only. */
int64_t rows_of(struct fixture *f, const char *sql)
{
	sqlite3_stmt *statement;
	sqlite3 *db;
	int64_t rows;

	assert_int_equal(sqlite3_open(f->store->database, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	rows = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return rows;
}

int keep(void *arg, const struct resource *member)
{
	struct members *members = arg;

	assert_true(members->count < sizeof(members->names) / sizeof(*members->names));
	strcpy(members->names[members->count++], member->name);
	return members->count == members->enough ? 7 : 0;
}
