#include "../unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "xmpp/language.h"
#include "xmpp/prompt.h"

#include <stdio.h>
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
		{"Ok…", TYPED_YES, NULL},
		{"“OK”", TYPED_YES, NULL},
		{"Ja", TYPED_YES, NULL},
		{"JAWOHL!", TYPED_YES, NULL},
		{"Oui.", TYPED_YES, NULL},
		{"D’accord", TYPED_YES, NULL},
		{"sí", TYPED_YES, NULL},
		{"SÍ", TYPED_YES, NULL},
		{"¡SI\u0301!", TYPED_YES, NULL},
		{"si", TYPED_YES, NULL},
		{"No", TYPED_NO, NULL},
		{"NO!!", TYPED_NO, NULL},
		{"Nein.", TYPED_NO, NULL},
		{"NÖ", TYPED_NO, NULL},
		{"Non", TYPED_NO, NULL},
		{"Rejected.", TYPED_NO, NULL},
		{"declined", TYPED_NO, NULL},
		{"Ablehnen!", TYPED_NO, NULL},
		{"Annuler", TYPED_NO, NULL},
		{"Rechazar", TYPED_NO, NULL},
		{"ok abcd1234", TYPED_YES, "abcd1234"},
		{"OK, abcd1234.", TYPED_YES, "abcd1234"},
		{"oui \"abcd1234\"", TYPED_YES, "abcd1234"},
		{"no abcd1234", TYPED_NO, "abcd1234"},
		{"nein abcd1234", TYPED_NO, "abcd1234"},
		{"abcd1234", TYPED_YES, "abcd1234"},
		{"abcd1234.", TYPED_YES, "abcd1234"},
		{"ok thanks", TYPED_YES, "thanks"},
		{"short", TYPED_NOTHING, NULL},
		{"ok ok ok", TYPED_NOTHING, NULL},
		{"is that okay?", TYPED_NOTHING, NULL},
		{"not abcd1234 please", TYPED_NOTHING, NULL},
		{"okay?", TYPED_NOTHING, NULL},
		{"result", TYPED_NOTHING, NULL},
		{"", TYPED_NOTHING, NULL},
		{"  ", TYPED_NOTHING, NULL},
		{"!!!", TYPED_NOTHING, NULL},
		{"maybe", TYPED_NOTHING, NULL},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct typed typed = prompt_read(arena, cases[i].body);

		assert_int_equal(typed.word, cases[i].word);
		if (cases[i].id)
			assert_string_equal(typed.id, cases[i].id);
		else
			assert_null(typed.id);
	}
	arena_free(arena);
}

static void test_identifiers(void **state)
{
	static const char *const refusals[] = {"rejected", "Declined", "CANCELLED", "ablehnen",
		"Abbrechen", "verweigern", "rechazar", "cancelar"};

	assert_true(prompt_id_is_telling("abcd1234"));
	assert_true(prompt_id_is_telling("abcd.1234"));
	assert_false(prompt_id_is_telling("abcd123"));
	assert_false(prompt_id_is_telling("abcd 1234"));
	/* Who asks may choose it, and hope that it is what a reader says who refuses. */
	for (size_t i = 0; i < COUNT(refusals); i++)
		assert_false(prompt_id_is_telling(refusals[i]));
	assert_false(prompt_id_is_telling(
		"abcd1234abcd1234abcd1234abcd1234abcd1234abcd1234abcd1234abcd1234a"));
}

static struct question question_of(struct arena *arena)
{
	struct question question = {.transaction_id = "balcony-tonight",
		.method = "GET",
		.url = "http://files.localhost/a/report.pdf",
		.address = "192.0.2.1",
		.name = "report.pdf",
		.size = 1234567,
		.owner = "juliet@capulet.lit"};

	assert_int_equal(jid_parse(arena, "romeo@montague.lit", &question.jid), 0);
	return question;
}

static void test_text(void **state)
{
	static const struct {
		const char *lang, *body;
	} cases[] = {
		{"en", "Somebody at 192.0.2.1 wants to read “report․pdf” in your name. Its size is "
		       "1.2 MB. "
		       "It was stored by juliet@capulet.lit. The word that goes with it is "
		       "“balcony-tonight”. "
		       "If that is you, answer OK; if not, answer No. The request: GET "
		       "http://files.localhost/a/report.pdf"},
		{"de-AT", "Jemand mit der Adresse 192.0.2.1 möchte „report․pdf“ in Ihrem Namen "
			  "lesen. Die Größe beträgt 1,2 MB. "
			  "Abgelegt hat es juliet@capulet.lit. Das Wort dazu lautet "
			  "„balcony-tonight“. "
			  "Wenn Sie das sind, antworten Sie mit OK oder Ja, sonst mit Nein. Die "
			  "Anfrage: "
			  "GET http://files.localhost/a/report.pdf"},
		{"FR", "Quelqu’un depuis l’adresse 192.0.2.1 veut lire «\u00a0report․pdf\u00a0» en "
		       "votre nom. Sa "
		       "taille est de 1,2 Mo. "
		       "C’est juliet@capulet.lit qui l’a déposé. Le mot qui l’accompagne est "
		       "«\u00a0balcony-tonight\u00a0». "
		       "Si c’est bien vous, répondez OK ou Oui\u00a0; sinon, répondez Non. La "
		       "requête\u00a0: "
		       "GET http://files.localhost/a/report.pdf"},
		{"es_MX", "Alguien desde la dirección 192.0.2.1 quiere leer «report․pdf» en su "
			  "nombre. Su tamaño es de 1,2 MB. "
			  "Lo ha subido juliet@capulet.lit. La palabra que lo acompaña es "
			  "«balcony-tonight». "
			  "Si es usted, responda OK o Sí; si no, responda No. La petición: GET "
			  "http://files.localhost/a/report.pdf"},
	};
	struct arena *arena = arena_new();
	struct question question = question_of(arena);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct language *language = language_of(cases[i].lang);
		struct buf out = {0};

		prompt_message(&out, "files.localhost", &question, "1", language);
		assert_non_null(strstr(
			buf_text(&out), arena_printf(arena, "<body>%s</body>", cases[i].body)));
		assert_non_null(
			strstr(out.data, arena_printf(arena, " xml:lang='%s'>", language->code)));
		buf_free(&out);
	}
	assert_string_equal(language_of("it")->code, "en");
	assert_string_equal(language_of("deutsch")->code, "en");
	assert_string_equal(language_of("")->code, "en");
	assert_string_equal(language_of(NULL)->code, "en");
	arena_free(arena);
}

/* Each language has every sentence and its values, and says which words it takes. */
static void test_tables(void **state)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "PUT",
		"DELETE", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "PROPPATCH", "OTHER"};
	static const char *const codes[] = {"en", "de", "fr", "es"};

	for (size_t i = 0; i < COUNT(codes); i++) {
		const struct language *language = language_of(codes[i]);

		for (size_t j = 0; j < COUNT(methods); j++) {
			const char *action = language_action(language, methods[j]);

			assert_non_null(strstr(action, "$a"));
			assert_non_null(strstr(action, "$n"));
		}
		assert_non_null(strstr(language->size, "$s"));
		assert_non_null(strstr(language->owner, "$o"));
		assert_non_null(strstr(language->word, "$w"));
		assert_non_null(strstr(language->request, "$m $u"));
		assert_non_null(strstr(language->answer, "OK"));
		assert_non_null(language->more);
		for (size_t j = 0; language->yes[j]; j++)
			assert_true(language_says_yes(language->yes[j]) &&
				    !language_says_no(language->yes[j]));
		for (size_t j = 0; language->no[j]; j++)
			assert_true(language_says_no(language->no[j]) &&
				    !language_says_yes(language->no[j]));
	}
}

static void test_sizes(void **state)
{
	static const struct {
		int64_t size;
		const char *english, *french;
	} cases[] = {
		{-1, "name. The", "nom. Le"},
		{0, " 0 bytes.", " 0 octets."},
		{1, " 1 byte.", " 1 octet."},
		{999, " 999 bytes.", " 999 octets."},
		{1000, " 1.0 kB.", " 1,0 ko."},
		{1250, " 1.3 kB.", " 1,3 ko."},
		{9949, " 9.9 kB.", " 9,9 ko."},
		{9950, " 10 kB.", " 10 ko."},
		{999499, " 999 kB.", " 999 ko."},
		{999500, " 1.0 MB.", " 1,0 Mo."},
		{123456789012, " 123 GB.", " 123 Go."},
		{INT64_MAX, " 9223372 TB.", " 9223372 To."},
	};
	struct arena *arena = arena_new();
	struct question question = question_of(arena);

	question.owner = NULL;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = {0};

		question.size = cases[i].size;
		prompt_message(&out, "files.localhost", &question, "1", language_of("en"));
		assert_non_null(strstr(buf_text(&out), cases[i].english));
		out.len = 0;
		prompt_message(&out, "files.localhost", &question, "1", language_of("fr"));
		assert_non_null(strstr(buf_text(&out), cases[i].french));
		buf_free(&out);
	}
	arena_free(arena);
}

/* What there is nothing to say of is left out. */
static void test_less(void **state)
{
	struct arena *arena = arena_new();
	struct question question = question_of(arena);
	struct buf out = {0};

	question.name = question.owner = NULL;
	question.size = -1;
	question.transaction_id = "a.b.example";
	question.admits_more = true;
	prompt_message(&out, "files.localhost", &question, "1", language_of("en"));
	assert_non_null(strstr(buf_text(&out),
		"<body>Somebody at 192.0.2.1 wants to read “/” in your name. "
		"If that is you, answer OK; if not, answer No. "
		"OK also allows one download or one upload there. The request: "));
	buf_free(&out);
	arena_free(arena);
}

/* Whatever an identifier or a URL holds, the stanza is one that a server reads. */
static void test_stanzas(void **state)
{
	struct arena *arena = arena_new();
	struct question question = question_of(arena);
	struct buf out = {0};

	question.transaction_id = "a'><b>&\"";
	question.url = "http://x/y";
	assert_int_equal(jid_parse(arena, "romeo@montague.lit/a'b", &question.jid), 0);
	prompt_iq(&out, "files.localhost", &question, "1");
	assert_string_equal(buf_text(&out),
		"<iq type='get' from='files.localhost' to='romeo@montague.lit/a&apos;b' id='1'>"
		"<confirm xmlns='http://jabber.org/protocol/http-auth' "
		"id='a&apos;&gt;&lt;b&gt;&amp;&quot;'"
		" method='GET' url='http://x/y'/></iq>");
	out.len = 0;
	question.name = "</body><b>";
	prompt_message(&out, "files.localhost", &question, "1", language_of(NULL));
	assert_non_null(strstr(buf_text(&out), "“&lt;∕body&gt;&lt;b&gt;”"));
	assert_null(strstr(out.data, "The word"));
	assert_non_null(strstr(out.data, "<thread>1</thread>"));
	buf_free(&out);
	arena_free(arena);
}

static void test_speakers(void **state)
{
	struct speakers *speakers = speakers_open();
	char jid[32];
	int known = 0;

	assert_null(speaker_language(speakers, "a@b"));
	speaker_heard(speakers, "a@b", "de");
	assert_string_equal(speaker_language(speakers, "a@b")->code, "de");
	assert_null(speaker_language(speakers, "b@b"));
	speaker_heard(speakers, "a@b", "fr");
	assert_string_equal(speaker_language(speakers, "a@b")->code, "fr");
	for (int i = 0; i < 100000; i++) {
		snprintf(jid, sizeof(jid), "%d@b", i);
		speaker_heard(speakers, jid, "es");
		assert_string_equal(speaker_language(speakers, jid)->code, "es");
	}
	assert_null(speaker_language(speakers, "a@b"));
	for (int i = 0; i < 100000; i++) {
		snprintf(jid, sizeof(jid), "%d@b", i);
		known += speaker_language(speakers, jid) != NULL;
	}
	assert_int_equal(known, 4096);
	speakers_close(speakers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_identifiers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_less),
		cmocka_unit_test(test_stanzas),
		cmocka_unit_test(test_speakers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
