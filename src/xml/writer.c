#include "xml/writer.h"

#include "base/buf.h"
#include "base/text.h"
#include "xml/reader.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd";

/* The bytes of the character that begins here, 0 when it is none that XML 1.0 can hold. */
static size_t character(const char *text)
{
	unsigned char first = (unsigned char)*text;
	size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (first < ' ')
		return first == '\t' || first == '\n' || first == '\r';
	if (strnlen(text, length) < length || !text_is_utf8(text, length))
		return 0;
	return strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0
		       ? 0
		       : length;
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	case '\r':
		return "&#13;"; /* a bare one would be read as a line feed (XML 1.0, 2.11) */
	}
	return NULL;
}

/* The bytes that stand for themselves, and need no look at what is behind them. */
static size_t plain(const char *text)
{
	/* A bit for each: all of ASCII from the space on, but the five that mark. */
	static const uint64_t bits[4] = {
		~(UINT64_C(0xffffffff) | UINT64_C(1) << '&' | UINT64_C(1) << '<' |
			UINT64_C(1) << '>' | UINT64_C(1) << '"' | UINT64_C(1) << '\''),
		~UINT64_C(0)};
	size_t length = 0;

	while (bits[(unsigned char)text[length] >> 6] >> (text[length] & 63) & 1)
		length++;
	return length;
}

void xml_escape(struct buf *out, const char *text)
{
	for (;;) {
		size_t length = plain(text);
		const char *escaped;

		buf_append(out, text, length);
		text += length;
		if (!*text)
			return;
		length = character(text);
		escaped = entity(*text);
		if (length == 0)
			buf_puts(out, replacement);
		else if (escaped)
			buf_puts(out, escaped);
		else
			buf_append(out, text, length);
		text += length ? length : 1;
	}
}

/* White space in an attribute would be read as a space each (XML 1.0, 3.3.3). */
static void escape_attribute(struct buf *out, const char *text)
{
	while (*text) {
		size_t plain = strcspn(text, "\t\n");
		struct buf piece = {0};

		buf_append(&piece, text, plain);
		xml_escape(out, buf_text(&piece));
		buf_free(&piece);
		text += plain;
		if (*text)
			buf_puts(out, *text++ == '\t' ? "&#9;" : "&#10;");
	}
}

void xml_write(struct buf *out, const char *markup, ...)
{
	bool is_markup = true;
	va_list args;

	va_start(args, markup);
	for (const char *piece = markup; piece; piece = va_arg(args, const char *)) {
		if (is_markup)
			buf_puts(out, piece);
		else
			xml_escape(out, piece);
		is_markup = !is_markup;
	}
	va_end(args);
}

static void put_name(struct buf *out, const char *prefix, const char *name)
{
	if (*prefix)
		buf_printf(out, "%s:", prefix);
	buf_puts(out, name);
}

static void put_attribute(struct buf *out, const char *prefix, const char *name, const char *value)
{
	buf_puts(out, " ");
	put_name(out, prefix, name);
	buf_puts(out, "=\"");
	escape_attribute(out, value);
	buf_puts(out, "\"");
}

static void put_binding(struct buf *out, const struct xml_binding *binding)
{
	put_attribute(out, *binding->prefix ? "xmlns" : "",
		*binding->prefix ? binding->prefix : "xmlns", binding->ns);
}

/* Whether an element nearer to `node` than `holder`, or an earlier one on holder, binds the prefix anew. */
static bool is_hidden(const struct xml_node *node, const struct xml_node *holder,
	const struct xml_binding *binding)
{
	for (; node != holder; node = node->parent)
		for (const struct xml_binding *one = node->bindings; one; one = one->next)
			if (strcmp(one->prefix, binding->prefix) == 0)
				return true;
	return false;
}

/* What was in force where the element stood. */
static void put_inherited(struct buf *out, const struct xml_node *node)
{
	const char *lang = xml_lang(node);

	for (const struct xml_node *holder = node->parent; holder; holder = holder->parent)
		for (const struct xml_binding *one = holder->bindings; one; one = one->next)
			if (!is_hidden(node, holder, one) && (*one->prefix || *one->ns))
				put_binding(out, one);
	for (const struct xml_attribute *one = node->attributes; one; one = one->next)
		if (strcmp(one->prefix, "xml") == 0 && strcmp(one->name, "lang") == 0)
			return;
	if (lang)
		put_attribute(out, "xml", "lang", lang);
}

static void put_node(struct buf *out, const struct xml_node *node, bool alone)
{
	if (!node->name) {
		xml_escape(out, node->text);
		return;
	}
	buf_puts(out, "<");
	put_name(out, node->prefix, node->name);
	for (const struct xml_binding *one = node->bindings; one; one = one->next)
		put_binding(out, one);
	for (const struct xml_attribute *one = node->attributes; one; one = one->next)
		put_attribute(out, one->prefix, one->name, one->value);
	if (alone)
		put_inherited(out, node);
	if (!node->child) {
		buf_puts(out, "/>");
		return;
	}
	buf_puts(out, ">");
	for (const struct xml_node *child = node->child; child; child = child->next)
		put_node(out, child, false);
	buf_puts(out, "</");
	put_name(out, node->prefix, node->name);
	buf_puts(out, ">");
}

void xml_write_node(struct buf *out, const struct xml_node *node)
{
	put_node(out, node, true);
}
