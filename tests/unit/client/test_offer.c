#include "../unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "client/offer.h"
#include "xml/reader.h"

#include <string.h>

static void test_safe_names(void **state)
{
	static const struct {
		const char *name, *safe;
	} cases[] = {
		{"missive.html", "missive.html"},
		{"a missive & more.html", "a missive & more.html"},
		{"../../etc/passwd", "passwd"},
		{"/etc/passwd", "passwd"},
		{"c:\\windows\\system32", "system32"},
		{".bashrc", "bashrc"},
		{"...", "file"},
		{"..", "file"},
		{"", "file"},
		{"a/", "file"},
		{"  .x", "x"},
		{"a\nb\tc", "a_b_c"},
		{"a\x1b[31mb", "a_[31mb"},
		{"cod\xe2\x80\xaegnp.exe", "cod_gnp.exe"},
		{"\xff\xfe", "file"},
		{"gr\xc3\xbc\xc3\x9f"
		 "e",
			"gr\xc3\xbc\xc3\x9f"
			"e"},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(offer_safe_name(arena, cases[i].name), cases[i].safe);
	arena_free(arena);
}

static void test_long_name(void **state)
{
	struct arena *arena = arena_new();
	struct buf name = {0};
	const char *safe;

	for (int i = 0; i < 300; i++)
		buf_puts(&name, "\xc3\xbc");
	safe = offer_safe_name(arena, buf_text(&name));
	assert_int_equal(strlen(safe), 200);
	buf_free(&name);
	arena_free(arena);
}

static void test_disposition(void **state)
{
	static const struct {
		const char *field, *name; /* NULL: none */
	} cases[] = {
		{"attachment", NULL},
		{"attachment; filename=a.txt", "a.txt"},
		{"attachment; filename=\"a b.txt\"", "a b.txt"},
		{"attachment; filename=\"a\\\"b\"", "a\"b"},
		{"inline; filename=\"plain\"; filename*=UTF-8''gr%C3%BCn%2e", "gr\xc3\xbcn."},
		{"inline; filename*=utf-8'en'x", "x"},
		{"inline; filename*=ISO-8859-1''x; filename=y", "y"},
		{"inline; filename*=UTF-8''a%00b; filename=y", "y"},
		{"inline; filename*=UTF-8''; filename=y", "y"},
		{"inline; name=filename", NULL},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *name = offer_name_of(arena, cases[i].field);

		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
	}
	arena_free(arena);
}

static void test_message(void **state)
{
	static const char *const addresses[] = {"a@b", "c@d/'e'"};
	struct arena *arena = arena_new();
	struct xml_node *root;
	struct buf out = {0};

	offer_write(&out, "1", "multicast.b", addresses, 2, "http://x/y?z", "a<b");
	assert_int_equal(xml_read(arena, out.data, out.len, &xml_limits_stanza, &root), 0);
	assert_string_equal(offer_url(arena, root), "http://x/y?z");
	assert_string_equal(xml_text(arena, xml_child(root, "", "body")), "http://x/y?z");
	buf_free(&out);
	assert_int_equal(xml_read(arena, "<message><body>hi</body></message>", 34,
				 &xml_limits_stanza, &root),
		0);
	assert_null(offer_url(arena, root));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe_names),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_disposition),
		cmocka_unit_test(test_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
