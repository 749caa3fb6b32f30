#include "../unit.h"

#include "base/siphash.h"

/* The vectors of the reference implementation: key 00 01 ... 0f, input 00 01 ... */
static void test_vectors(void **state)
{
	static const struct siphash_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
	static const struct {
		size_t length;
		uint64_t hash;
	} cases[] = {
		{0, 0x726fdb47dd0e0e31},
		{1, 0x74f839c593dc67fd},
		{7, 0xab0200f58b01d137},
		{8, 0x93f5f5799a932462},
		{15, 0xa129ca6149be45e5},
	};
	unsigned char input[15];

	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (unsigned char)i;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(siphash(&key, input, cases[i].length) == cases[i].hash);
}

static void test_keys(void **state)
{
	struct siphash_key one, other;

	siphash_key_make(&one);
	siphash_key_make(&other);
	assert_true(siphash(&one, "a", 1) == siphash(&one, "a", 1));
	assert_true(siphash(&one, "a", 1) != siphash(&other, "a", 1));
	assert_true(siphash(&one, "a", 1) != siphash(&one, "a", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
