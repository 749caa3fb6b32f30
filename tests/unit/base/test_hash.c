#include "../unit.h"

#include "base/codec.h"
#include "base/hash.h"

#include <errno.h>
#include <string.h>

/* FIPS 180-4 and RFC 1321: "abc". */
static void test_vectors(void **state)
{
	static const char *const expected[HASH_KINDS] = {
		[HASH_MD5] = "900150983cd24fb0d6963f7d28e17f72",
		[HASH_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
		[HASH_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		[HASH_SHA512] =
			("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
	};
	struct hashes *hashes = hashes_new((1U << HASH_KINDS) - 1);

	hashes_add(hashes, "a", 1);
	hashes_add(hashes, "", 0);
	hashes_add(hashes, "bc", 2);
	hashes_end(hashes);
	for (int kind = 0; kind < HASH_KINDS; kind++) {
		char hex[2 * HASH_MAX + 1];

		hex_encode(hex, hashes_value(hashes, kind), hash_length(kind));
		assert_string_equal(hex, expected[kind]);
	}
	hashes_free(hashes);
	hashes_free(NULL);
}

static void test_only_what_is_wanted(void **state)
{
	struct hashes *hashes = hashes_new(1U << HASH_SHA1);

	hashes_end(hashes);
	assert_null(hashes_value(hashes, HASH_MD5));
	assert_non_null(hashes_value(hashes, HASH_SHA1));
	hashes_free(hashes);
}

static void test_hex(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{"00ff", 0},
		{"00FF", 0},
		{"00f", -EINVAL},
		{"00ff0", -EINVAL},
		{"00fg", -EINVAL},
		{"", -EINVAL},
		{" 0ff", -EINVAL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned char out[2];

		assert_int_equal(hex_decode(out, cases[i].text, 2), cases[i].result);
		if (cases[i].result == 0)
			assert_memory_equal(out, "\x00\xff", 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_only_what_is_wanted),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
