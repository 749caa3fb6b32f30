#include "base/text.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

bool text_is_utf8(const char *text, size_t length)
{
	return u8_check((const uint8_t *)text, length) == NULL;
}

bool text_character_is_presentable(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
		return false;
	if (c == 0x2028 || c == 0x2029) /* line and paragraph separators */
		return false;
	if (c == 0x061c || c == 0x200e || c == 0x200f) /* direction marks */
		return false;
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return false;
	if (c == 0x00ad || c == 0x200b || c == 0x2060 || c == 0xfeff) /* invisible */
		return false;
	if ((c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f))
		return false;
	return (c & 0xfffe) != 0xfffe && !(c >= 0xfdd0 && c <= 0xfdef); /* noncharacters */
}

bool text_is_presentable(const char *text)
{
	/* Most texts are ASCII. */
	while (*text >= 0x20 && *text < 0x7f)
		text++;
	const uint8_t *at = (const uint8_t *)text;
	if (!*text)
		return true;
	if (!text_is_utf8(text, strlen(text)))
		return false;
	ucs4_t c;
	while ((at = u8_next(&c, at))) {
		if (!text_character_is_presentable(c))
			return false;
	}
	return true;
}

const char *text_nfc(struct arena *arena, const char *text)
{
	const char *at = text, *name;
	uint8_t *normal;
	size_t length;

	while ((unsigned char)*at < 0x80 && *at)
		at++;
	if (!*at)
		return text;
	normal = u8_normalize(UNINORM_NFC, (const uint8_t *)text, strlen(text), NULL, &length);
	if (!normal)
		abort();
	name = arena_strndup(arena, (char *)normal, length);
	free(normal);
	return strcmp(name, text) == 0 ? text : name;
}

uint32_t text_next(const char **at)
{
	ucs4_t c;
	const uint8_t *next = u8_next(&c, (const uint8_t *)*at);

	if (!next)
		return 0;
	*at = (const char *)next;
	return c;
}

char *text_fold(struct arena *arena, const char *text)
{
	size_t length;
	uint8_t *folded =
		u8_casefold((const uint8_t *)text, strlen(text), NULL, UNINORM_NFC, NULL, &length);
	char *copy;

	if (!folded)
		abort();
	copy = arena_strndup(arena, (const char *)folded, length);
	free(folded);
	return copy;
}

bool text_ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);
	return length >= tail && memcmp(text + length - tail, end, tail) == 0;
}

bool text_has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; *at;) {
		size_t end = strcspn(at, " ");

		if (end == length && memcmp(at, word, length) == 0)
			return true;
		at += end;
		at += strspn(at, " ");
	}
	return false;
}

bool text_equal_secret(const char *a, const char *b)
{
	size_t length = strlen(a);
	unsigned char different = length != strlen(b);
	const char *other = different ? a : b;
	for (size_t i = 0; i < length; i++)
		different |= (unsigned char)(a[i] ^ other[i]);
	return different == 0;
}
