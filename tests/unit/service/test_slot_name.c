#include "../unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/uri.h"
#include "service/slot_name.h"

#include <errno.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz234567"

/* What stands before and behind the random part; NULL: refused. */
static void test_names(void **state)
{
	static const struct {
		const char *filename, *stem, *ending;
	} cases[] = {
		{"photo.jpg", "photo", ".jpg"},
		{"tr\xc3\xa8s cool.jpg", "tr\xc3\xa8s cool", ".jpg"},
		{"tre\xcc\x80s.jpg", "tr\xc3\xa8s", ".jpg"},
		{"a.tar.gz", "a.tar", ".gz"},
		{"README", "README", ""},
		{".profile", ".profile", ""},
		{"a.", "a.", ""},
		{"...", "...", ""},
		{"a b & ?#%.txt", "a b & ?#%", ".txt"},
		{"/home/romeo/a.txt", "a", ".txt"},
		{"C:\\Users\\romeo\\a.txt", "a", ".txt"},
		{"../../a.txt", "a", ".txt"},
		{"-", "-", ""},
		{"no.ending is as long as this one is", "no.ending is as long as this one is", ""},
		{"", NULL, NULL},
		{"a/", NULL, NULL},
		{".", NULL, NULL},
		{"a/..", NULL, NULL},
		{"a\nb", NULL, NULL},
		{"a\x7f", NULL, NULL},
		{"a\xe2\x80\xae"
		 "gpj.exe",
			NULL, NULL},
		{"a\xff", NULL, NULL},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *stem = cases[i].stem, *ending = cases[i].ending;
		struct slot_name name;

		if (slot_name_make(arena, cases[i].filename, &name) != (stem ? 0 : -EINVAL))
			fail_msg("%s", cases[i].filename);
		if (!stem)
			continue;
		assert_string_equal(name.displayname, arena_printf(arena, "%s%s", stem, ending));
		assert_memory_equal(name.name, stem, strlen(stem));
		assert_int_equal(name.name[strlen(stem)], '-');
		assert_int_equal(strspn(name.name + strlen(stem) + 1, LETTERS), 26);
		assert_string_equal(name.name + strlen(stem) + 27, ending);
	}
	arena_free(arena);
}

/* 255 bytes at most, whole characters, the ending kept; and a path that names it. */
static void test_long_names(void **state)
{
	static const char *const pieces[] = {"a", "\xc3\xa8", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < 4 * COUNT(pieces); i++) {
		struct buf filename = {0}, raw = {0};
		struct slot_name name;
		struct path path;

		for (size_t j = 0; j < i / COUNT(pieces); j++)
			buf_puts(&filename, "x");
		while (filename.len < 300)
			buf_puts(&filename, pieces[i % COUNT(pieces)]);
		buf_puts(&filename, ".jpeg");
		assert_int_equal(slot_name_make(arena, buf_text(&filename), &name), 0);
		assert_true(strlen(name.name) <= 255 && strlen(name.name) > 250);
		assert_true(strlen(name.displayname) <= 255 && strlen(name.displayname) > 250);
		assert_true(
			text_is_presentable(name.name) && text_is_presentable(name.displayname));
		assert_true(text_ends_with(name.name, ".jpeg"));
		assert_true(text_ends_with(name.displayname, ".jpeg"));
		buf_puts(&raw, "/");
		uri_encode(&raw, name.name);
		assert_int_equal(path_parse(arena, buf_text(&raw), &path), 0);
		assert_string_equal(path.segments[0].name, name.name);
		buf_free(&filename);
		buf_free(&raw);
	}
	arena_free(arena);
}

static void test_never_twice(void **state)
{
	struct arena *arena = arena_new();
	struct slot_name a, b;

	assert_int_equal(slot_name_make(arena, "a", &a), 0);
	assert_int_equal(slot_name_make(arena, "a", &b), 0);
	assert_string_not_equal(a.name, b.name);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_never_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
