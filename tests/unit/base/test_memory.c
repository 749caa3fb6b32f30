#include "../unit.h"

#include "base/arena.h"
#include "base/buf.h"

#include <string.h>

static void use_arena(struct arena *arena)
{

	for (int round = 0; round < 3; round++) {
		for (size_t size = 1; size < 100000; size *= 3) {
			unsigned char *bytes = arena_alloc(arena, size);

			assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(bytes[i], 0);
			memset(bytes, 0xaa, size);
		}
		assert_string_equal(arena_printf(arena, "%s-%d", "a", 7), "a-7");
		assert_string_equal(arena_strndup(arena, "abc", 2), "ab");
		arena_reset(arena);
	}
	arena_free(arena);
}

static void test_arena(void **state)
{
	use_arena(arena_new());
	use_arena(arena_new_small(16));
}

static void test_buf(void **state)
{
	struct buf buf = {0};

	assert_string_equal(buf_text(&buf), "");
	buf_puts(&buf, "ab");
	buf_printf(&buf, "%d", 12);
	memcpy(buf_room(&buf, 1000), "x", 1);
	buf.len++;
	assert_string_equal(buf_text(&buf), "ab12x");
	buf_consume(&buf, 2);
	assert_string_equal(buf_text(&buf), "12x");
	buf_consume(&buf, 3);
	buf_number(&buf, 0);
	buf_number(&buf, UINT64_MAX);
	assert_string_equal(buf_text(&buf), "018446744073709551615");
	buf_consume(&buf, 21);
	assert_int_equal(buf.len, 0);
	buf_free(&buf);
	assert_null(buf.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_buf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
