#include "../unit.h"

#include "base/buf.h"
#include "xmpp/shown.h"

#include <string.h>

static void test_names(void **state)
{
	static const struct {
		const char *name, *shown;
	} cases[] = {
		{"report", "report"},
		{"grüße 日本 😀", "grüße 日本 😀"},
		{"report.pdf", "report․pdf"},
		{"www.evil.example", "www․evil․example"},
		{"https:evil", "https∶evil"},
		{"https:／／evil．example", "https∶∕∕evil․example"},
		{"xmpp:a@b.example", "xmpp∶a＠b․example"},
		{"a。b｡c", "a․b․c"},
		{"x”. Answer OK. “", "x'․ Answer OK․ '"},
		{"„a“ «b» ‹c› \"d\" 'e'", "'a' 'b' 'c' 'd' 'e'"},
		{"a\nb\tc\x7f", "a\ufffdb\ufffdc\ufffd"},
		{"a\u2028b\u202ec\u2066d\u200fe", "a\ufffdb\ufffdc\ufffdd\ufffde"},
		{"a\u200b\u2060\u2062\u3164", "a\ufffd\ufffd\ufffd\ufffd"},
		{"a   \u00a0\u3000 b", "a b"},
		{"", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = {0};

		shown_name(&out, cases[i].name);
		assert_string_equal(buf_text(&out), cases[i].shown);
		buf_free(&out);
	}
}

/* By characters, however many bytes they have. */
static void test_cut(void **state)
{
	static const char *const characters[] = {"a", "ü", "日", "😀", "."};

	for (size_t i = 0; i < COUNT(characters); i++) {
		struct buf name = {0}, whole = {0}, cut = {0};

		for (int j = 0; j < SHOWN_NAME; j++)
			buf_puts(&name, characters[i]);
		shown_name(&whole, buf_text(&name));
		buf_puts(&name, "x");
		shown_name(&cut, buf_text(&name));
		buf_puts(&whole, "…");
		assert_string_equal(buf_text(&cut), buf_text(&whole));
		assert_int_equal(whole.len % SHOWN_NAME, strlen("…") % SHOWN_NAME);
		buf_free(&name);
		buf_free(&whole);
		buf_free(&cut);
	}
}

static void test_accounts(void **state)
{
	static const struct {
		const char *jid, *shown;
	} cases[] = {
		{"romeo@montague.lit", "romeo@montague.lit"},
		{"www.evil.example@montague.lit", "www․evil․example@montague.lit"},
		{"montague.lit", "montague.lit"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = {0};

		shown_account(&out, cases[i].jid);
		assert_string_equal(buf_text(&out), cases[i].shown);
		buf_free(&out);
	}
}

static void test_identifiers(void **state)
{
	static const char *const shown[] = {"abcd", "balcony-tonight", "a_b~C-4"};
	static const char *const hidden[] = {"abc", "", "ab cd", "a\"bcd", "www.evil.example",
		"https:x", "a@b.example", "evil.example/x", "añbc",
		"abcd1234abcd1234abcd1234abcd1234abcd1234abcd1234abcd1234abcd1234a"};

	for (size_t i = 0; i < COUNT(shown); i++)
		assert_true(shown_id(shown[i]));
	for (size_t i = 0; i < COUNT(hidden); i++)
		assert_false(shown_id(hidden[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_identifiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
