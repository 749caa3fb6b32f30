#include "../unit.h"

#include "base/arena.h"
#include "base/text.h"

#include <string.h>

static void test_presentable(void **state)
{
	static const struct {
		const char *text;
		bool presentable;
	} cases[] = {
		{"abc", true},
		{"gr\xc3\xbc\xc3\x9f"
		 "e \xf0\x9f\x98\x80",
			true},
		{"a\nb", false},
		{"a\tb", false},
		{"\x1b[31m", false},
		{"\x7f", false},
		{"\xc2\x85", false},
		{"\xe2\x80\xa8", false},
		{"\xe2\x80\xae"
		 "abc",
			false},
		{"\xe2\x81\xa6"
		 "abc",
			false},
		{"\xef\xbf\xbf", false},
		{"\xed\xa0\x80", false},
		{"\xc0\xaf", false},
		{"\xff", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(text_is_presentable(cases[i].text), cases[i].presentable);
}

static void test_comparisons(void **state)
{
	assert_true(text_is_utf8("a\nb", 3));
	assert_false(text_is_utf8("\xc0\xaf", 2));
	assert_false(text_is_utf8("\xc3", 1));
	assert_true(text_ends_with("a.part", ".part"));
	assert_false(text_ends_with("part", ".part"));
	assert_true(text_equal_secret("secret", "secret"));
	assert_false(text_equal_secret("secret", "secreT"));
	assert_false(text_equal_secret("secret", "secret1"));
	assert_false(text_equal_secret("", "s"));
}

static void test_words(void **state)
{
	assert_true(text_has_word("a.example", "a.example"));
	assert_true(text_has_word("a.example b.example", "b.example"));
	assert_false(text_has_word("a.example b.example", "b.exampl"));
	assert_false(text_has_word("a.example b.example", "b.example2"));
	assert_false(text_has_word("", "b.example"));
	assert_false(text_has_word("a b", "a b"));
}

static void test_nfc(void **state)
{
	static const struct {
		const char *text, *normal;
	} cases[] = {
		{"", ""},
		{"plain.txt", "plain.txt"},
		{"tr\xc3\xa8s", "tr\xc3\xa8s"},
		{"tre\xcc\x80s", "tr\xc3\xa8s"},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(text_nfc(arena, cases[i].text), cases[i].normal);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presentable),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_nfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
