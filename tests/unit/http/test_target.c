#include "../unit.h"

#include "base/arena.h"
#include "base/site.h"
#include "http/forwarded.h"
#include "http/target.h"

#include <string.h>

static const struct forwarded nobody;

static void test_targets(void **state)
{
	static const struct {
		const char *target, *host;
		int result;
		const char *path;
	} cases[] = {
		{"/a", "files.example:8080", 0, "/a"},
		{"/a", "FILES.example:8080", 0, "/a"},
		{"/a", NULL, 0, "/a"},
		{"/a", "other.example", 0, "/a"},
		{"/a", "other.example:99", 0, "/a"},
		{"/a", "third.example:81", 0, "/a"},
		{"/a", "third.example", -421, NULL},
		{"/a", "files.example", -421, NULL},
		{"/a", "evil.example:8080", -421, NULL},
		{"/a", "files.example:8080, evil", -400, NULL},
		{"/a", "files.example:x", -400, NULL},
		{"/a", "u@files.example:8080", -400, NULL},
		{"/a", "", -400, NULL},
		{"http://files.example:8080/b", "files.example:8080", 0, "/b"},
		{"http://evil.example/b", "files.example:8080", -421, NULL},
		{"ftp://files.example:8080/b", "files.example:8080", -400, NULL},
		{"*", "files.example:8080", 0, "/"},
		{"a", "files.example:8080", -400, NULL},
		{"/a?b", "files.example:8080", -400, NULL},
		{"/-/health", "evil.example", 0, "/-/health"},
		{"/-/metrics", "evil.example", -421, NULL},
		{"/-/healthy", "evil.example", -421, NULL},
		{"/%2D/health", "evil.example", -421, NULL},
	};
	struct arena *arena = arena_new();
	struct site site;

	assert_int_equal(site_parse(arena, "http://files.example:8080",
				 "other.example third.example:81", &site),
		0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct target target;
		int result = target_parse(
			arena, &site, cases[i].target, cases[i].host, &nobody, &target);

		if (result != cases[i].result)
			fail_msg("%d and not %d: %s %s", result, cases[i].result, cases[i].target,
				cases[i].host);
		if (result == 0)
			assert_string_equal(path_text(arena, &target.path), cases[i].path);
	}
	arena_free(arena);
}

/* What a proxy has forwarded counts in Host's place. */
static void test_forwarded(void **state)
{
	static const struct {
		const char *host;
		struct forwarded forwarded;
		int result;
	} cases[] = {
		{"backend:8080", {.host = "files.example"}, 0},
		{"backend:8080", {.host = "files.example", .scheme = "https"}, 0},
		{"backend:8080", {.host = "files.example", .scheme = "http"}, 0},
		{"backend:8080", {.host = "FILES.example:443", .scheme = "https"}, 0},
		{"backend:8080", {.host = "third.example", .scheme = "http"}, 0},
		{"backend:8080", {.host = "third.example", .scheme = "https"}, -421},
		{"backend:8080", {.host = "third.example"}, -421},
		{NULL, {.host = "files.example"}, 0},
		{NULL, {.host = "evil.example"}, -421},
		{"files.example", {.host = "evil.example"}, -421},
		{"files.example", {.host = "files.example:8443"}, -421},
		{"files.example", {.host = "files.example, files.example"}, -400},
		{"files.example", {.host = "https://files.example"}, -400},
		{"files.example", {.host = "u@files.example"}, -400},
		{"files.example", {.host = ""}, -400},
		{"u@backend", {.host = "files.example"}, -400},
		{"backend:8080", {.scheme = "https"}, -421},
		{"third.example", {.scheme = "http"}, 0},
	};
	struct arena *arena = arena_new();
	struct site site;

	assert_int_equal(site_parse(arena, "https://files.example", "third.example:80", &site), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct target target;
		int result = target_parse(
			arena, &site, "/a", cases[i].host, &cases[i].forwarded, &target);

		if (result != cases[i].result)
			fail_msg("%d and not %d: %s %s", result, cases[i].result, cases[i].host,
				cases[i].forwarded.host);
	}
	arena_free(arena);
}

static void test_destinations(void **state)
{
	static const struct {
		const char *destination;
		int result;
		const char *path;
	} cases[] = {
		{"/a/b", 0, "/a/b"},
		{"http://files.example:8080/a%20b/", 0, "/a%20b/"},
		{"https://files.example:8080/a", 0, "/a"},
		{"https://other.example/a", 0, "/a"},
		{"http://evil.example/a", -502, NULL},
		{"http://files.example/a", -502, NULL},
		{"http://files.example:8081/a", -502, NULL},
		{"http://u@files.example:8080/a", -400, NULL},
		{"http://files.example:8080/a?b", -400, NULL},
		{"http://files.example:8080/a#b", -400, NULL},
		{"/a/../b", -400, NULL},
		{"//files.example:8080/a", -400, NULL},
		{"a", -400, NULL},
		{"", -400, NULL},
		{NULL, -400, NULL},
		{"/-/a", -403, NULL},
		{"http://files.example:8080/%2d", -403, NULL},
	};
	struct arena *arena = arena_new();
	struct site site;

	assert_int_equal(site_parse(arena, "http://files.example:8080", "other.example", &site), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct path path;
		int result = destination_parse(arena, &site, cases[i].destination, &path);

		if (result != cases[i].result)
			fail_msg("%s: %d", cases[i].destination, result);
		if (result == 0)
			assert_string_equal(path_text(arena, &path), cases[i].path);
	}
	arena_free(arena);
}

/* However it is spelled, what is below /-/ is the daemon's own. */
static void test_own_room(void **state)
{
	struct arena *arena = arena_new();
	struct site site;
	struct target target;

	assert_int_equal(site_parse(arena, "http://a", NULL, &site), 0);
	assert_int_equal(target_parse(arena, &site, "/%2d/x", "a", &nobody, &target), 0);
	assert_true(target.own_room);
	assert_false(target.health);
	assert_int_equal(target_parse(arena, &site, "/-", "a", &nobody, &target), 0);
	assert_true(target.own_room);
	assert_int_equal(target_parse(arena, &site, "/-x", "a", &nobody, &target), 0);
	assert_false(target.own_room);
	assert_int_equal(target_parse(arena, &site, "*", "a", &nobody, &target), 0);
	assert_true(target.server_wide);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_forwarded),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_own_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
