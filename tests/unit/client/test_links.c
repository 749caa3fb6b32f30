#include "../unit.h"

#include "base/arena.h"
#include "client/account.h"
#include "client/links.h"

static void test_same(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"http://a/b", "http://a/b", true},
		{"http://A/b", "http://a:80/b", true},
		{"https://a:443/%62", "https://a/b", true},
		{"http://a/b", "http://a/B", false},
		{"http://a/b", "http://a/b/", false},
		{"http://a/b", "https://a/b", false},
		{"http://a/b", "http://a:81/b", false},
		{"http://a/b", "http://c/b", false},
		{"http://a/b?c", "http://a/b?c", false},
		{"nonsense", "nonsense", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(link_is_same(cases[i].a, cases[i].b), cases[i].same);
}

static void test_refused(void **state)
{
	static const struct {
		const char *url;
		bool refused, refused_plain; /* without and with --allow-plain */
	} cases[] = {
		{"https://files.example.org/a", false, false},
		{"http://files.example.org/a", true, false},
		{"http://localhost:8080/a", false, false},
		{"http://files.localhost/a", false, false},
		{"http://127.0.0.1/a", false, false},
		{"http://[::1]/a", false, false},
		{"http://127.0.0.1.example.org/a", true, false},
		{"http://notlocalhost/a", true, false},
		{"file:///etc/passwd", true, true},
		{"https://files.example.org/../a", true, true},
		{"https://u:p@files.example.org/a", true, true},
	};
	struct account strict = {0}, plain = {.allow_plain = true};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			link_refused(arena, &strict, cases[i].url) != NULL, cases[i].refused);
		assert_int_equal(
			link_refused(arena, &plain, cases[i].url) != NULL, cases[i].refused_plain);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
