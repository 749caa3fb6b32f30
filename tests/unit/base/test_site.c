#include "../unit.h"

#include "base/arena.h"
#include "base/site.h"

#include <errno.h>
#include <string.h>

static void test_names(void **state)
{
	static const struct {
		const char *base, *names, *host;
		uint16_t port;
		bool ours;
	} cases[] = {
		{"http://a.example:8080", NULL, "a.example", 8080, true},
		{"http://a.example:8080", NULL, "a.example", 80, false},
		{"http://a.example:8080", NULL, "a.example", 443, false},
		{"https://a.example", NULL, "a.example", 443, true},
		{"https://a.example", NULL, "a.example", 80, true},
		{"https://a.example", NULL, "a.example", 8443, false},
		{"https://a.example:443", NULL, "a.example", 80, true},
		{"http://a.example:443", NULL, "a.example", 80, false},
		{"https://a.example", NULL, "b.example", 443, false},
		{"https://a.example", NULL, "a.example.b", 443, false},
		{"https://a.example", " b.example \tC.example:81 ", "b.example", 1, true},
		{"https://a.example", " b.example \tC.example:81 ", "c.example", 81, true},
		{"https://a.example", " b.example \tC.example:81 ", "c.example", 443, false},
		{"https://[::1]", "[::2]:81", "[::1]", 443, true},
		{"https://[::1]", "[::2]:81", "[::2]", 81, true},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct site site;

		assert_int_equal(site_parse(arena, cases[i].base, cases[i].names, &site), 0);
		if (site_has(&site, cases[i].host, cases[i].port) != cases[i].ours)
			fail_msg("%s %s: %s:%d", cases[i].base, cases[i].names, cases[i].host,
				cases[i].port);
	}
	arena_free(arena);
}

static void test_safe(void **state)
{
	static const struct {
		const char *base;
		bool safe;
	} cases[] = {
		{"https://files.example.org", true},
		{"http://files.example.org", false},
		{"http://localhost:8080", true},
		{"http://files.localhost:8080", true},
		{"http://FILES.LocalHost", true},
		{"http://127.0.0.1:8080", true},
		{"http://127.1.2.3", true},
		{"http://[::1]:8080", true},
		{"http://[::2]:8080", false},
		{"http://10.0.0.1", false},
		{"http://127.0.0.1.example.org", false},
		{"http://localhost.example.org", false},
		{"http://notlocalhost", false},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct site site;

		assert_int_equal(site_parse(arena, cases[i].base, NULL, &site), 0);
		if (site_is_safe(&site) != cases[i].safe)
			fail_msg("%s", cases[i].base);
	}
	arena_free(arena);
}

static void test_wrong_names(void **state)
{
	static const char *const cases[] = {"a:b", "a,", "http://a", "u@a", "a:0", "b a:65536"};
	struct arena *arena = arena_new();
	struct site site;

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(site_parse(arena, "http://a", cases[i], &site), -EINVAL);
	assert_int_equal(site_parse(arena, "a", NULL, &site), -EINVAL);
	arena_free(arena);
}

static void test_paths(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *path;
	} cases[] = {
		{"/a%20b/", 0, "/a%20b/"},
		{"https://a.example/a", 0, "/a"},
		{"http://a.example:80/a", 0, "/a"},
		{"HTTPS://A.example:443/a", 0, "/a"},
		{"https://a.example", 0, "/"},
		{"http://b.example:99/a", 0, "/a"},
		{"https://a.example:8443/a", -EXDEV, NULL},
		{"https://evil.example/a", -EXDEV, NULL},
		{"https://a.example.evil.example/a", -EXDEV, NULL},
		{"https://a.example@evil.example/a", -EINVAL, NULL},
		{"https://u@a.example/a", -EINVAL, NULL},
		{"https://a.example/a?b", -EINVAL, NULL},
		{"https://a.example?b", -EINVAL, NULL},
		{"https://a.example/a#b", -EINVAL, NULL},
		{"https://a.example/a/../b", -EINVAL, NULL},
		{"ftp://a.example/a", -EINVAL, NULL},
		{"//a.example/a", -EINVAL, NULL},
		{"a.example/a", -EINVAL, NULL},
		{"/a?b", -EINVAL, NULL},
		{"/a#b", -EINVAL, NULL},
		{"/%2e%2e/b", -EINVAL, NULL},
		{"*", -EINVAL, NULL},
		{"", -EINVAL, NULL},
	};
	struct arena *arena = arena_new();
	struct site site;

	assert_int_equal(site_parse(arena, "https://a.example", "b.example", &site), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct path path;
		int result = site_path(arena, &site, cases[i].text, &path);

		if (result != cases[i].result)
			fail_msg("%s: %d", cases[i].text, result);
		if (result == 0)
			assert_string_equal(path_text(arena, &path), cases[i].path);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_wrong_names),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
