#include "../unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "xmpp/prompt.h"

#include <string.h>

static void test_typed(void **state)
{
	static const struct {
		const char *body;
		int word;
		const char *id;
	} cases[] = {
		{"OK", TYPED_YES, NULL},
		{"ok", TYPED_YES, NULL},
		{" Yes!\n", TYPED_YES, NULL},
		{"Ok.", TYPED_YES, NULL},
		{"No", TYPED_NO, NULL},
		{"NO!!", TYPED_NO, NULL},
		{"ok abcd1234", TYPED_YES, "abcd1234"},
		{"no abcd1234", TYPED_NO, "abcd1234"},
		{"abcd1234", TYPED_YES, "abcd1234"},
		{"ok thanks", TYPED_YES, "thanks"},
		{"short", TYPED_NOTHING, NULL},
		{"ok ok ok", TYPED_NOTHING, NULL},
		{"is that okay?", TYPED_NOTHING, NULL},
		{"not abcd1234 please", TYPED_NOTHING, NULL},
		{"okay?", TYPED_NOTHING, NULL},
		{"", TYPED_NOTHING, NULL},
		{"  ", TYPED_NOTHING, NULL},
		{"maybe", TYPED_NOTHING, NULL},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct typed typed = prompt_read(arena, cases[i].body);

		assert_int_equal(typed.word, cases[i].word);
		if (cases[i].id)
			assert_string_equal(typed.id, cases[i].id);
		else if (typed.word != TYPED_NOTHING)
			assert_null(typed.id);
	}
	arena_free(arena);
}

static void test_identifiers(void **state)
{
	assert_true(prompt_id_is_showable("abcd"));
	assert_false(prompt_id_is_showable("abc"));
	assert_false(prompt_id_is_showable("ab cd"));
	assert_false(prompt_id_is_showable("a\"bcd"));
	assert_true(prompt_id_is_telling("abcd1234"));
	assert_false(prompt_id_is_telling("abcd123"));
}

/* Whatever an identifier or a URL holds, the stanza is one that a server reads. */
static void test_stanzas(void **state)
{
	struct arena *arena = arena_new();
	struct question question = {.transaction_id = "a'><b>&\"",
		.method = "GET",
		.url = "http://x/y",
		.address = "192.0.2.1"};
	struct buf out = {0};

	assert_int_equal(jid_parse(arena, "romeo@montague.lit/a'b", &question.jid), 0);
	prompt_iq(&out, "files.localhost", &question, "1");
	assert_string_equal(buf_text(&out),
		"<iq type='get' from='files.localhost' to='romeo@montague.lit/a&apos;b' id='1'>"
		"<confirm xmlns='http://jabber.org/protocol/http-auth' "
		"id='a&apos;&gt;&lt;b&gt;&amp;&quot;'"
		" method='GET' url='http://x/y'/></iq>");
	out.len = 0;
	prompt_message(&out, arena, "files.localhost", &question, "1");
	assert_null(strstr(buf_text(&out), "with the word"));
	assert_non_null(strstr(out.data, "<thread>1</thread>"));
	assert_non_null(strstr(out.data, "192.0.2.1"));
	question.transaction_id = "balcony-tonight";
	out.len = 0;
	prompt_message(&out, arena, "files.localhost", &question, "1");
	assert_non_null(strstr(buf_text(&out), "with the word &quot;balcony-tonight&quot;"));
	buf_free(&out);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_identifiers),
		cmocka_unit_test(test_stanzas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
