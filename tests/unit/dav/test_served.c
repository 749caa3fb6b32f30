#include "../unit.h"

#include "dav/served.h"

#include <string.h>

static void test_media_types(void **state)
{
	static const struct {
		const char *type;
		bool taken;
	} cases[] = {
		{"text/plain", true},
		{"text/plain; charset=utf-8", true},
		{"text/plain;charset=\"utf-8\"", true},
		{"application/vnd.oasis.opendocument.text", true},
		{"image/svg+xml", true},
		{"text", false},
		{"text/", false},
		{"/plain", false},
		{"text/plain;", false},
		{"text/plain; charset", false},
		{"text/plain; charset=", false},
		{"text/plain; charset=\"utf-8", false},
		{"text/plain, text/html", false},
		{"text/plain\r\nX: y", false},
		{"te xt/plain", false},
		{"", false},
		{NULL, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(served_media_type(cases[i].type) != NULL, cases[i].taken);
}

static void test_same_types(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"text/plain", "text/plain", true},
		{"text/plain", "Text/PLAIN", true},
		{"text/plain; charset=utf-8", "text/plain; charset=utf-8", true},
		{"text/plain; charset=utf-8", "text/plain;charset=utf-8 ", true},
		{"text/plain; charset=utf-8", "text/plain; charset=UTF-8", false},
		{"text/plain; charset=utf-8", "text/plain", false},
		{"text/plain", "text/plain;", false},
		{"text/plain", "text/plai", false},
		{"text/plain", "text/html", false},
		{"text/plain", "", false},
		{"image/png", "image/png, text/html", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(served_is_same_type(cases[i].a, cases[i].b), cases[i].same);
		assert_int_equal(served_is_same_type(cases[i].b, cases[i].a), cases[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_media_types),
		cmocka_unit_test(test_same_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
