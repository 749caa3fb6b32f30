#include "../unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <string.h>

static void test_escape(void **state)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{"plain \xc3\xa9", "plain \xc3\xa9"},
		{"<a b='c' d=\"e\">&", "&lt;a b=&apos;c&apos; d=&quot;e&quot;&gt;&amp;"},
		{"a\rb\nc", "a&#13;b\nc"},
		{"", ""},
		{"&", "&amp;"},
		{"\x7f~fp|z{", "\x7f~fp|z{"}, /* 64 above what is marked */
		{"\x01", "\xef\xbf\xbd"},
		{"\xff", "\xef\xbf\xbd"},
		{"\xc3", "\xef\xbf\xbd"},
		{"\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = {0};

		xml_escape(&out, cases[i].text);
		assert_string_equal(buf_text(&out), cases[i].escaped);
		buf_free(&out);
	}
}

static void test_write(void **state)
{
	struct buf out = {0};

	xml_write(&out, "<url>", "a&b", "</url><x>", "<", "</x>", NULL);
	assert_string_equal(buf_text(&out), "<url>a&amp;b</url><x>&lt;</x>");
	buf_free(&out);
}

/* The first element inside the document, written to stand alone. */
static void test_node(void **state)
{
	static const struct {
		const char *document, *alone;
	} cases[] = {
		{"<r><a b='1'>x<c/></a></r>", "<a b=\"1\">x<c/></a>"},
		{"<p:r xmlns:p='urn:p'><p:a/></p:r>", "<p:a xmlns:p=\"urn:p\"/>"},
		{"<r xmlns='urn:d' xml:lang='en'><a/></r>", "<a xmlns=\"urn:d\" xml:lang=\"en\"/>"},
		{"<r xmlns='urn:d' xml:lang='en'><a xml:lang='de' xmlns='urn:e'/></r>",
			"<a xmlns=\"urn:e\" xml:lang=\"de\"/>"},
		{"<r xmlns:p='urn:1'><a xmlns:p='urn:2' p:b=''/></r>",
			"<a xmlns:p=\"urn:2\" p:b=\"\"/>"},
		{"<r xmlns='urn:d'><a xmlns=''/></r>", "<a xmlns=\"\"/>"},
		{"<r><a b='&#10;&#9;&lt;'>&#13;&lt;</a></r>",
			"<a b=\"&#10;&#9;&lt;\">&#13;&lt;</a>"},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = {0};
		struct xml_node *root;

		assert_int_equal(xml_read(arena, cases[i].document, strlen(cases[i].document),
					 &xml_limits_dav, &root),
			0);
		xml_write_node(&out, xml_first_element(root));
		assert_string_equal(buf_text(&out), cases[i].alone);
		buf_free(&out);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
