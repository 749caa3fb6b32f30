#include "xmpp/shown.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdint.h>
#include <string.h>

static const char id_characters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~-";

/* clang-format off */
static const struct {
	uint32_t first, last;
	const char *shown;
} replacements[] = {
	{'.',    '.',    "\u2024"}, /* and what IDNA takes for a dot (RFC 3490, 3.1) */
	{0x3002, 0x3002, "\u2024"},
	{0xff0e, 0xff0e, "\u2024"},
	{0xff61, 0xff61, "\u2024"},
	{0xfe52, 0xfe52, "\u2024"},
	{':',    ':',    "\u2236"},
	{0xff1a, 0xff1a, "\u2236"},
	{0xfe55, 0xfe55, "\u2236"},
	{'@',    '@',    "\uff20"},
	{0xfe6b, 0xfe6b, "\uff20"},
	{'/',    '/',    "\u2215"},
	{0xff0f, 0xff0f, "\u2215"},
	{'"',    '"',    "'"}, /* quotation marks of all four languages */
	{0xab,   0xab,   "'"},
	{0xbb,   0xbb,   "'"},
	{0x2018, 0x201f, "'"},
	{0x2033, 0x2033, "'"},
	{0x2036, 0x2036, "'"},
	{0x2039, 0x203a, "'"},
	{0x275b, 0x275e, "'"},
	{0x300c, 0x300f, "'"},
	{0x301d, 0x301f, "'"},
	{0xff02, 0xff02, "'"},
	{0x34f,  0x34f,  "\ufffd"}, /* no room: joiners, fillers, invisible operators, selectors */
	{0x115f, 0x1160, "\ufffd"},
	{0x17b4, 0x17b5, "\ufffd"},
	{0x180b, 0x180f, "\ufffd"},
	{0x2061, 0x206f, "\ufffd"},
	{0x3164, 0x3164, "\ufffd"},
	{0xffa0, 0xffa0, "\ufffd"},
};

static const struct {
	uint32_t first, last;
} spaces[] = {{' ', ' '}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f},
	{0x2800, 0x2800}, {0x3000, 0x3000}};
/* clang-format on */

static bool is_space(uint32_t c)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
		if (c >= spaces[i].first && c <= spaces[i].last)
			return true;
	return false;
}

/* NULL: as it is. */
static const char *replacement(uint32_t c)
{
	for (size_t i = 0; i < sizeof(replacements) / sizeof(*replacements); i++)
		if (c >= replacements[i].first && c <= replacements[i].last)
			return replacements[i].shown;
	return text_character_is_presentable(c) ? NULL : "\ufffd";
}

void shown_name(struct buf *out, const char *name)
{
	const char *at = name;
	bool space = false;
	uint32_t c;

	for (int count = 0; (c = text_next(&at)); name = at) {
		const char *other = is_space(c) ? " " : replacement(c);

		if (is_space(c) && space)
			continue;
		space = is_space(c);
		if (count++ == SHOWN_NAME) {
			buf_puts(out, "…");
			return;
		}
		if (other)
			buf_puts(out, other);
		else
			buf_append(out, name, (size_t)(at - name));
	}
}

void shown_account(struct buf *out, const char *bare)
{
	const char *at = strchr(bare, '@');
	struct buf local = {0};

	if (at) {
		buf_append(&local, bare, (size_t)(at - bare));
		shown_name(out, buf_text(&local));
		buf_free(&local);
	}
	buf_puts(out, at ? at : bare);
}

bool shown_id(const char *id)
{
	size_t length = strlen(id);

	return length >= 4 && length <= 64 && strspn(id, id_characters) == length;
}
