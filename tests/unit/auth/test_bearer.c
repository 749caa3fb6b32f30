#include "../unit.h"

#include "auth/bearer.h"
#include "auth/password.h"

#include <string.h>

static void test_form(void **state)
{
	static const struct {
		const char *text;
		bool is_form;
	} cases[] = {
		{"slot-abcdefghijklmnopqrstuvwxyz", true},
		{"slot-ABCDEFGHIJKLMNOPQRSTUVWXYZ", true},
		{"SLOT-22222222222222222222222222", true},
		{"slot-abcdefghijklmnopqrstuvwxy", false},
		{"slot-abcdefghijklmnopqrstuvwxyzz", false},
		{"slot-1bcdefghijklmnopqrstuvwxyz", false},
		{"abcdefghijklmnopqrstuvwxyz", false},
		{"mv-abcdefghijklmnopqrstuvwxyz", false},
		{"", false},
	};
	char one[BEARER_TEXT], other[BEARER_TEXT], password[PASSWORD_TEXT];

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(bearer_is_form(cases[i].text), cases[i].is_form);
	bearer_mint(one);
	bearer_mint(other);
	password_mint(password);
	assert_true(bearer_is_form(one) && bearer_is_form(other));
	assert_string_not_equal(one, other);
	assert_false(password_is_form(one) || bearer_is_form(password));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_form)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
