#include "../unit.h"

#include "base/arena.h"
#include "base/uri.h"

#include <errno.h>
#include <string.h>

static void test_path(void **state)
{
	static const struct {
		const char *raw;
		const char *again; /* NULL: refused */
	} cases[] = {
		{"/", "/"},
		{"/a", "/a"},
		{"/a/b/", "/a/b/"},
		{"/a%20b", "/a%20b"},
		{"/%61", "/a"},
		{"/a+b", "/a%2Bb"},
		{"/%2561", "/%2561"},
		{"/\xc3\xa9", "/%C3%A9"},
		{"/e%CC%81", "/e%CC%81"},
		{"/...", "/..."},
		{"", NULL},
		{"a", NULL},
		{"//", NULL},
		{"/a//b", NULL},
		{"/.", NULL},
		{"/..", NULL},
		{"/a/../b", NULL},
		{"/%2e%2e/b", NULL},
		{"/%00", NULL},
		{"/%2f", NULL},
		{"/%5c", NULL},
		{"/a\\b", NULL},
		{"/%7f", NULL},
		{"/%0a", NULL},
		{"/%ff", NULL},
		{"/%c0%af", NULL},
		{"/%ed%a0%80", NULL},
		{"/%", NULL},
		{"/%4", NULL},
		{"/%zz", NULL},
		{"/a?b", NULL},
		{"/a#b", NULL},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct path path;
		int result = path_parse(arena, cases[i].raw, &path);

		if (!cases[i].again) {
			assert_int_equal(result, -EINVAL);
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(path_text(arena, &path), cases[i].again);
	}
	arena_free(arena);
}

static void test_nfc_and_lengths(void **state)
{
	struct arena *arena = arena_new();
	struct path path;
	char raw[300] = "/";

	assert_int_equal(path_parse(arena, "/e%CC%81", &path), 0);
	assert_string_equal(path.segments[0].name, "\xc3\xa9");
	assert_string_equal(path.segments[0].spelling, "e\xcc\x81");
	memset(raw + 1, 'a', 255);
	assert_int_equal(path_parse(arena, raw, &path), 0);
	raw[256] = 'a';
	assert_int_equal(path_parse(arena, raw, &path), -EINVAL);
	for (size_t i = 0; i < 65; i++)
		memcpy(raw + 2 * i, "/a", 3);
	assert_int_equal(path_parse(arena, raw, &path), -EINVAL);
	arena_free(arena);
}

static void test_url(void **state)
{
	static const struct {
		const char *text;
		const char *host; /* NULL: refused */
		uint16_t port;
		const char *target;
	} cases[] = {
		{"http://files.localhost:8080", "files.localhost", 8080, "/"},
		{"HTTPS://Files.Example/a%20b?c", "files.example", 443, "/a%20b?c"},
		{"http://[::1]:80/x", "[::1]", 80, "/x"},
		{"http://a", "a", 80, "/"},
		{"ftp://a/", NULL, 0, NULL},
		{"http://u@a/", NULL, 0, NULL},
		{"http://a/#f", NULL, 0, NULL},
		{"http://", NULL, 0, NULL},
		{"http:///a", NULL, 0, NULL},
		{"http://a:99999/", NULL, 0, NULL},
		{"http://a b/", NULL, 0, NULL},
		{"/a", NULL, 0, NULL},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct url url;
		int result = url_parse(arena, cases[i].text, &url);

		assert_int_equal(result, cases[i].host ? 0 : -EINVAL);
		if (result < 0)
			continue;
		assert_string_equal(url.host, cases[i].host);
		assert_int_equal(url.port, cases[i].port);
		assert_string_equal(url.target, cases[i].target);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_nfc_and_lengths),
		cmocka_unit_test(test_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
