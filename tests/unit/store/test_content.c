#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void assert_content(
	struct fixture *f, const char *path, size_t length, char byte, bool is_inline)
{
	struct resource resource = look_up(f, path);
	struct content content;
	struct tx *tx;

	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_content_open(tx, f->arena, &resource, &content), 0);
	store_read_end(tx);
	assert_int_equal(content.length, length);
	assert_int_equal(resource.length, length);
	assert_int_equal(content.fd < 0, is_inline);
	for (size_t at = 0; at<length; at += length> 1000 ? 997 : 1) {
		char got = is_inline ? content.bytes[at] : 0;

		if (!is_inline)
			assert_int_equal(pread(content.fd, &got, 1, (off_t)at), 1);
		assert_int_equal(got, byte);
	}
	store_content_close(&content);
}

static void test_sizes(void **state)
{
	struct fixture *f = *state;
	static const struct {
		size_t length;
		bool is_inline;
	} cases[] = {
		{0, true}, {1, true}, {64 << 10, true}, {(64 << 10) + 1, false}, {3 << 20, false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char path[16];

		snprintf(path, sizeof(path), "/%zu", i);
		make_file(f, path, "romeo@montague.lit", cases[i].length, 'a');
		assert_content(f, path, cases[i].length, 'a', cases[i].is_inline);
	}
	assert_int_equal(blobs_on_disk(f), 2);
	fixture_reopen(f);
	assert_content(f, "/4", 3 << 20, 'a', false);
}

/* New content has a new number for ever, also after the old is gone; and the old blob goes. */
static void test_replace(void **state)
{
	struct fixture *f = *state;
	int64_t first, second;

	make_file(f, "/a", "romeo@montague.lit", 100000, 'a');
	first = look_up(f, "/a").content;
	make_file(f, "/a", "romeo@montague.lit", 100001, 'b');
	second = look_up(f, "/a").content;
	assert_true(second > first);
	assert_content(f, "/a", 100001, 'b', false);
	assert_int_equal(blobs_on_disk(f), 1);
	assert_int_equal(remove_resource(f, "/a"), 0);
	assert_int_equal(blobs_on_disk(f), 0);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM content"), 0);
	fixture_reopen(f);
	make_file(f, "/a", "romeo@montague.lit", 1, 'c');
	assert_true(look_up(f, "/a").content > second);
}

static void test_closed_upload_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	upload_close(uploaded(f, 1 << 20, 'x'), false);
	upload_close(uploaded(f, 10, 'x'), false);
	/* loop_close() waits for the pool; a second loop stands in for it. */
	mailbox_close(f->mailbox);
	loop_close(f->loop);
	assert_int_equal(blobs_on_disk(f), 0);
	assert_int_equal(loop_open(&f->loop), 0);
	f->mailbox = NULL;
}

static void test_keep_free(void **state)
{
	struct fixture *f = *state;
	struct upload *upload;

	f->store->keep_free = UINT64_MAX / 2;
	assert_int_equal(upload_open(f->store, f->loop, 10, &upload), -ENOSPC);
	f->store->keep_free = 0;
	assert_int_equal(upload_open(f->store, f->loop, INT64_MAX, &upload), -ENOSPC);
	assert_int_equal(upload_open(f->store, f->loop, 10, &upload), 0);
	upload_close(upload, false);
}

static void test_gone_and_cut(void **state)
{
	struct fixture *f = *state;
	struct resource resource;
	struct content content;
	struct tx *tx;

	make_file(f, "/a", "romeo@montague.lit", 100000, 'a');
	resource = look_up(f, "/a");
	make_file(f, "/a", "romeo@montague.lit", 10, 'b');
	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_content_open(tx, f->arena, &resource, &content), -ESTALE);
	store_read_end(tx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sizes, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_replace, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(
			test_closed_upload_leaves_nothing, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_keep_free, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_gone_and_cut, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
