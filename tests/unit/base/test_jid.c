#include "../unit.h"

#include "base/arena.h"
#include "base/jid.h"

#include <errno.h>
#include <string.h>

/* What Prosody makes of the same spellings; refused: NULL. */
static void test_parse(void **state)
{
	static const struct {
		const char *text;
		const char *normalised;
	} cases[] = {
		{"romeo@montague.lit", "romeo@montague.lit"},
		{"ROMEO@Montague.LIT", "romeo@montague.lit"},
		{"romeo@montague.lit/Orchard", "romeo@montague.lit/Orchard"},
		{"romeo@montague.lit/a/b@c", "romeo@montague.lit/a/b@c"},
		{"montague.lit", "montague.lit"},
		{"montague.lit/x@y", "montague.lit/x@y"},
		{"J\xc3\x9cRGEN@example.org", "j\xc3\xbcrgen@example.org"},
		{"ju\xcc\x88rgen@example.org", "j\xc3\xbcrgen@example.org"},
		{"stra\xc3\x9f"
		 "e@example.org",
			"strasse@example.org"},
		{"romeo@B\xc3\x9c"
		 "CHER.example",
			"romeo@b\xc3\xbc"
			"cher.example"},
		{"", NULL},
		{"@montague.lit", NULL},
		{"romeo@", NULL},
		{"romeo@montague.lit/", NULL},
		{"ro meo@montague.lit", NULL},
		{"ro\"meo@montague.lit", NULL},
		{"a@b@c", NULL},
		{"romeo@montague.lit/a\nb", NULL},
		{"romeo@montague.lit/\xe2\x80\xae", NULL},
		{"romeo@montague.lit/\xff", NULL},
		{"ro\x01meo@montague.lit", NULL},
		{"romeo@montague.lit.", "romeo@montague.lit"},
		{"romeo@montague.lit..", NULL},
		{"romeo@.", NULL},
		{"romeo@[2001:db8::1]", "romeo@[2001:db8::1]"},
		{"romeo@[::1]x]", NULL},
		{"romeo@[::1]@[::1]", NULL},
		/* U+2100 becomes "a/c". */
		{"romeo@[::1]\xe2\x84\x80]", NULL},
		{"romeo@[::1", NULL},
		{"romeo@[]", NULL},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct jid jid;
		int result = jid_parse(arena, cases[i].text, &jid);

		if (!cases[i].normalised) {
			assert_int_equal(result, -EINVAL);
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(jid_text(arena, &jid), cases[i].normalised);
	}
	arena_free(arena);
}

/* What is taken as it is comes out as what needs to be prepared: with a capital beside it the part is. */
static void test_plain_parts(void **state)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
	struct arena *arena = arena_new();

	for (const char *c = plain; *c; c++) {
		struct jid taken, prepared;

		assert_int_equal(
			jid_parse(arena, arena_printf(arena, "x%cx@x%cx/x%cx", *c, *c, *c), &taken),
			0);
		assert_int_equal(jid_parse(arena, arena_printf(arena, "X%cx@X%cx/x%cx", *c, *c, *c),
					 &prepared),
			0);
		assert_string_equal(jid_text(arena, &taken), jid_text(arena, &prepared));
	}
	arena_free(arena);
}

static void test_long_parts(void **state)
{
	struct arena *arena = arena_new();
	struct jid jid;
	char text[1100];

	memset(text, 'a', sizeof(text));
	memcpy(text + 1023, "@b", 3);
	assert_int_equal(jid_parse(arena, text, &jid), 0);
	memset(text, 'a', sizeof(text));
	memcpy(text + 1024, "@b", 3);
	assert_int_equal(jid_parse(arena, text, &jid), -EINVAL);
	arena_free(arena);
}

static void test_questions(void **state)
{
	struct arena *arena = arena_new();
	struct jid a, b;

	assert_int_equal(jid_parse(arena, "romeo@montague.lit/Orchard", &a), 0);
	assert_int_equal(jid_parse(arena, "Romeo@MONTAGUE.lit/Orchard", &b), 0);
	assert_true(jid_equal(&a, &b));
	assert_false(jid_is_bare(&a));
	assert_true(jid_has_localpart(&a));
	assert_string_equal(a.domain, "montague.lit");
	assert_int_equal(jid_parse(arena, "romeo@montague.lit/orchard", &b), 0);
	assert_false(jid_equal(&a, &b));
	assert_int_equal(jid_parse(arena, "montague.lit", &b), 0);
	assert_false(jid_has_localpart(&b));
	assert_true(jid_is_bare(&b));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_plain_parts),
		cmocka_unit_test(test_long_parts),
		cmocka_unit_test(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
