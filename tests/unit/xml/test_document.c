#include "../unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "xml/reader.h"

#include <errno.h>
#include <string.h>

static int read_text(struct arena *arena, const char *text, struct xml_node **root)
{
	return xml_read(arena, text, strlen(text), &xml_limits_dav, root);
}

static void test_tree(void **state)
{
	struct arena *arena = arena_new();
	const struct xml_node *node;
	struct xml_node *root;

	assert_int_equal(
		read_text(arena,
			"<?xml version='1.0'?><D:a xmlns:D='DAV:' xml:lang='de' b='1&amp;2'> x"
			"<c xmlns='urn:c'>y<!-- no --> z</c><?pi?><D:d/>t</D:a>",
			&root),
		0);
	assert_true(xml_is(root, "DAV:", "a"));
	assert_string_equal(root->prefix, "D");
	assert_string_equal(xml_attribute(root, "b"), "1&2");
	assert_null(xml_attribute(root, "lang"));
	assert_string_equal(xml_text(arena, root), " xt");
	node = xml_first_element(root);
	assert_true(xml_is(node, "urn:c", "c"));
	assert_string_equal(xml_text(arena, node), "y z");
	assert_string_equal(xml_lang(node), "de");
	node = xml_next_element(node);
	assert_true(node == xml_child(root, "DAV:", "d"));
	assert_null(xml_next_element(node));
	assert_null(xml_child(root, "DAV:", "e"));
	arena_free(arena);
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"<a>",
		"<a></b>",
		"<a/><b/>",
		"<p:a/>",
		"<a b='1' b='2'/>",
		"<!DOCTYPE a><a/>",
		"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
		"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
		"<a>&e;</a>",
		"<a>\x01</a>",
		"<a>\xff</a>",
		"text",
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct xml_node *root;

		assert_int_equal(read_text(arena, cases[i], &root), -EINVAL);
	}
	arena_free(arena);
}

/* Each limit, at its edge and one beyond. */
static void test_limits(void **state)
{
	static const struct {
		const char *before, *repeated, *after;
		size_t fits;
	} cases[] = {
		{"", "<a>", "", 32},
		{"<r>", "<a/>", "</r>", 4095},
		{"<r", " a%zu='1'", "/>", 64},
		{"<r", " xmlns:n%zu='urn:x'", "/>", 64},
		{"<r>", "<a b='1'/>", "</r>", 2048},
		{"<r xmlns='", "n", "'/>", 256},
		{"<r xmlns:p='", "n", "'/>", 256},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t count = cases[i].fits; count <= cases[i].fits + 1; count++) {
			struct buf text = {0};
			struct xml_node *root;
			int result;

			buf_puts(&text, cases[i].before);
			for (size_t k = 0; k < count; k++) {
				const char *number = strstr(cases[i].repeated, "%zu");

				if (!number)
					buf_puts(&text, cases[i].repeated);
				else
					buf_printf(&text, "%.*s%zu%s",
						(int)(number - cases[i].repeated),
						cases[i].repeated, k, number + 3);
			}
			buf_puts(&text, cases[i].after);
			for (size_t k = 0; i == 0 && k < count; k++)
				buf_puts(&text, "</a>");
			result = xml_read(arena, text.data, text.len, &xml_limits_dav, &root);
			assert_int_equal(result, count == cases[i].fits ? 0 : -E2BIG);
			buf_free(&text);
		}
	}
	arena_free(arena);
}

/* A tag that does not end is given up; text and CDATA of any length are none. */
static void test_long(void **state)
{
	static const struct {
		const char *before, *after;
		size_t length;
		int result;
	} cases[] = {
		{"<a b='", "'/>", 4000, 0},
		{"<a b='", "'/>", 6000, -E2BIG},
		{"<a b='", "", 6000, -E2BIG},
		{"<a", "/>", 6000, -E2BIG},
		{"<a b='", "", 200000, -E2BIG},
		{"<a><!--", "--></a>", 6000, -E2BIG},
		{"<a>", "</a>", 200000, 0},
		{"<a><![CDATA[", "]]></a>", 200000, 0},
		{"<a>\r\n<b/>", "&amp;</a>", 200000, 0},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = {0};
		struct xml_node *root;
		int result;

		buf_puts(&text, cases[i].before);
		memset(buf_room(&text, cases[i].length), 'x', cases[i].length);
		text.len += cases[i].length;
		buf_puts(&text, cases[i].after);
		result = xml_read(arena, text.data, text.len, &xml_limits_dav, &root);
		if (result != cases[i].result)
			fail_msg("case %zu: %d and not %d", i, result, cases[i].result);
		buf_free(&text);
	}
	arena_free(arena);
}

static void test_bytes(void **state)
{
	struct arena *arena = arena_new();
	struct buf text = {0};
	struct xml_node *root;

	buf_puts(&text, "<a>");
	memset(buf_room(&text, 256 << 10), 'x', 256 << 10);
	text.len += (256 << 10) - 7;
	buf_puts(&text, "</a>");
	assert_int_equal(xml_read(arena, text.data, text.len, &xml_limits_dav, &root), 0);
	buf_puts(&text, " ");
	assert_int_equal(xml_read(arena, text.data, text.len, &xml_limits_dav, &root), -E2BIG);
	buf_free(&text);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
