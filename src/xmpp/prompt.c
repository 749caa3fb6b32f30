#include "xmpp/prompt.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "xml/writer.h"
#include "xmpp/inside.h"
#include "xmpp/language.h"
#include "xmpp/shown.h"

#include <string.h>

enum { URL_SHOWN = 512 };

static const char telling_characters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-";

/* ---- what is typed ---- */

static bool is_any_word(struct arena *arena, const char *word)
{
	const char *folded = text_fold(arena, word);

	return language_says_yes(folded) || language_says_no(folded);
}

bool prompt_id_is_telling(const char *id)
{
	size_t length = strlen(id);
	struct arena *arena = arena_new();
	bool telling = length >= 8 && length <= 64 && strspn(id, telling_characters) == length &&
		       !is_any_word(arena, id);

	arena_free(arena);
	return telling;
}

static bool is_mark(uint32_t c)
{
	return c < 0x80 ? c && strchr(".!,;:\"'()", (int)c)
			: c == 0xa1 || c == 0xab || c == 0xbb || (c >= 0x2018 && c <= 0x201f) ||
				  c == 0x2026 || c == 0x3002 || c == 0xff01 || c == 0xfe0f;
}

/* The word without the punctuation round it. */
static const char *bare_word(struct arena *arena, const char *word)
{
	const char *start = NULL, *end = word, *at = word;
	uint32_t c;

	for (const char *before = at; (c = text_next(&at)); before = at) {
		if (is_mark(c))
			continue;
		if (!start)
			start = before;
		end = at;
	}
	return start ? arena_strndup(arena, start, (size_t)(end - start)) : "";
}

struct typed prompt_read(struct arena *arena, const char *body)
{
	static const char white[] = " \t\r\n";
	char *rest = arena_strdup(arena, body);
	const char *first = strtok_r(rest, white, &rest), *second = strtok_r(NULL, white, &rest);
	const char *folded;

	if (!first || strtok_r(NULL, white, &rest))
		return (struct typed){TYPED_NOTHING, NULL};
	first = bare_word(arena, first);
	second = second ? bare_word(arena, second) : NULL;
	folded = text_fold(arena, first);
	if (language_says_yes(folded))
		return (struct typed){TYPED_YES, second};
	if (language_says_no(folded))
		return (struct typed){TYPED_NO, second};
	if (!second && prompt_id_is_telling(first))
		return (struct typed){TYPED_YES, first};
	return (struct typed){TYPED_NOTHING, NULL};
}

/* ---- what is shown ---- */

static void put_confirm(struct buf *out, const struct question *question)
{
	xml_write(out, "<confirm xmlns='" NS_HTTP_AUTH "' id='", question->transaction_id,
		"' method='", question->method, "' url='", question->url, "'/>", NULL);
}

void prompt_iq(struct buf *out, const char *from, const struct question *question, const char *id)
{
	struct arena *arena = arena_new();

	xml_write(out, "<iq type='get' from='", from, "' to='", jid_text(arena, &question->jid),
		"' id='", id, "'>", NULL);
	put_confirm(out, question);
	buf_puts(out, "</iq>");
	arena_free(arena);
}

static void put_name(struct buf *out, const struct question *question)
{
	if (question->name)
		shown_name(out, question->name);
	else
		buf_puts(out, "/");
}

static void put_url(struct buf *out, const char *url)
{
	if (strlen(url) > URL_SHOWN)
		buf_printf(out, "%.*s…", URL_SHOWN, url);
	else
		buf_puts(out, url);
}

static void put_value(
	struct buf *out, const struct language *language, const struct question *question, char of)
{
	switch (of) {
	case 'a':
		buf_puts(out, question->address);
		break;
	case 'n':
		put_name(out, question);
		break;
	case 's':
		language_put_size(out, language, (uint64_t)question->size);
		break;
	case 'o':
		shown_account(out, question->owner);
		break;
	case 'w':
		buf_puts(out, question->transaction_id);
		break;
	case 'm':
		buf_puts(out, question->method);
		break;
	case 'u':
		put_url(out, question->url);
		break;
	}
}

/* A sentence with its values, and a space behind it if it is not the last. */
static void put_sentence(struct buf *out, const struct language *language,
	const struct question *question, const char *sentence)
{
	if (out->len)
		buf_puts(out, " ");
	for (; *sentence; sentence++)
		if (*sentence == '$')
			put_value(out, language, question, *++sentence);
		else
			buf_append(out, sentence, 1);
}

static void put_text(
	struct buf *out, const struct language *language, const struct question *question)
{
	const struct {
		const char *sentence;
		bool due;
	} parts[] = {
		{language_action(language, question->method), true},
		{language->size, question->size >= 0},
		{language->owner, question->owner},
		{language->word, shown_id(question->transaction_id)},
		{language->answer, true},
		{language->more, question->admits_more},
		{language->request, true},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].due)
			put_sentence(out, language, question, parts[i].sentence);
}

void prompt_message(struct buf *out, const char *from, const struct question *question,
	const char *id, const struct language *language)
{
	struct arena *arena = arena_new();
	struct buf text = {0};

	put_text(&text, language, question);
	xml_write(out, "<message from='", from, "' to='", jid_text(arena, &question->jid), "' id='",
		id, "' xml:lang='", language->code, "'><thread>", id, "</thread><body>",
		buf_text(&text), "</body>", NULL);
	put_confirm(out, question);
	/* It is for now and for the one who can answer: not to be kept, nor copied (XEP-0334; XEP-0280). */
	buf_puts(out, "<no-store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>"
		      "<private xmlns='urn:xmpp:carbons:2'/></message>");
	buf_free(&text);
	arena_free(arena);
}
