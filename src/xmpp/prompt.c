#include "xmpp/prompt.h"

#include "base/arena.h"
#include "base/buf.h"
#include "xml/writer.h"
#include "xmpp/inside.h"

#include <string.h>
#include <strings.h>

enum { URL_SHOWN = 512 };

static const char id_characters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-";

static const char *const yes_words[] = {
	"ok", "okay", "yes", "y", "ja", "oui", "si", "result", NULL};
static const char *const no_words[] = {"no", "n", "not", "nein", "non", "cancel", "deny", NULL};

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(word, *words) == 0)
			return true;
	return false;
}

bool prompt_id_is_showable(const char *id)
{
	size_t length = strlen(id);

	return length >= 4 && length <= 64 && strspn(id, id_characters) == length;
}

bool prompt_id_is_telling(const char *id)
{
	return prompt_id_is_showable(id) && strlen(id) >= 8 && !is_one_of(id, yes_words) &&
	       !is_one_of(id, no_words);
}

struct typed prompt_read(struct arena *arena, const char *body)
{
	static const char white[] = " \t\r\n";
	char *rest = arena_strdup(arena, body);
	const char *first = strtok_r(rest, white, &rest), *second = strtok_r(NULL, white, &rest);
	struct typed typed = {TYPED_NOTHING, second};
	char *end;

	if (!first || strtok_r(NULL, white, &rest))
		return (struct typed){TYPED_NOTHING, NULL};
	/* "OK." and "Yes!" are meant as they look. */
	end = (char *)first + strlen(first);
	while (end > first + 1 && strchr(".!,", end[-1]) && !prompt_id_is_telling(first))
		*--end = '\0';
	if (is_one_of(first, yes_words))
		typed.word = TYPED_YES;
	else if (is_one_of(first, no_words))
		typed.word = TYPED_NO;
	else if (!second && prompt_id_is_telling(first))
		typed = (struct typed){TYPED_YES, first};
	else
		typed.id = NULL;
	return typed;
}

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

/* Our own words for what a request does, so that a person need not know HTTP. */
static const char *does(const char *method)
{
	static const struct {
		const char *method, *words;
	} known[] = {
		{"GET", "read"},
		{"HEAD", "look at"},
		{"OPTIONS", "look at"},
		{"PROPFIND", "look at"},
		{"PUT", "store"},
		{"DELETE", "delete"},
		{"MKCOL", "make the folder"},
		{"COPY", "copy"},
		{"MOVE", "move"},
		{"LOCK", "lock"},
		{"UNLOCK", "unlock"},
		{"PROPPATCH", "change the properties or readers of"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].method, method) == 0)
			return known[i].words;
	return "change";
}

static const char *text_of(struct arena *arena, const struct question *question)
{
	bool long_url = strlen(question->url) > URL_SHOWN;
	bool shown = prompt_id_is_showable(question->transaction_id);

	return arena_printf(arena,
		"Somebody at %s, in your name, wants to %s \"%.*s%s\" (%s)%s%s%s. "
		"If that is you, answer OK. If not, answer No.%s",
		question->address, does(question->method), URL_SHOWN, question->url,
		long_url ? "..." : "", question->method, shown ? ", with the word \"" : "",
		shown ? question->transaction_id : "", shown ? "\"" : "",
		question->admits_more ? " OK also allows one download or upload there." : "");
}

void prompt_message(struct buf *out, struct arena *arena, const char *from,
	const struct question *question, const char *id)
{
	xml_write(out, "<message from='", from, "' to='", jid_text(arena, &question->jid), "' id='",
		id, "'><thread>", id, "</thread><body>", text_of(arena, question), "</body>", NULL);
	put_confirm(out, question);
	/* It is for now and for the one who can answer: not to be kept, nor copied (XEP-0334; XEP-0280). */
	buf_puts(out, "<no-store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>"
		      "<private xmlns='urn:xmpp:carbons:2'/></message>");
}
