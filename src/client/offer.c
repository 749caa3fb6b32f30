#include "client/offer.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/text.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <string.h>
#include <strings.h>

#define NS_OOB       "jabber:x:oob"
#define NS_ADDRESSES "http://jabber.org/protocol/address"

enum { NAME_LONGEST = 200 };

void offer_write(struct buf *out, const char *id, const char *to, const char *const *addresses,
	size_t count, const char *url, const char *name)
{
	xml_write(out, "<message type='chat' to='", to, "' id='", id, "'><body>", url, "</body>",
		NULL);
	if (count) {
		buf_puts(out, "<addresses xmlns='" NS_ADDRESSES "'>");
		for (size_t i = 0; i < count; i++)
			xml_write(out, "<address type='to' jid='", addresses[i], "'/>", NULL);
		buf_puts(out, "</addresses>");
	}
	xml_write(out, "<x xmlns='" NS_OOB "'><url>", url, "</url><desc>", name,
		"</desc></x></message>", NULL);
}

const char *offer_url(struct arena *arena, const struct xml_node *message)
{
	const struct xml_node *oob = xml_child(message, NS_OOB, "x"), *url;

	url = oob ? xml_child(oob, NS_OOB, "url") : NULL;
	return url ? xml_text(arena, url) : NULL;
}

/* How many bytes the character here has. */
static size_t character(const char *at)
{
	unsigned char first = (unsigned char)*at;

	return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

const char *offer_safe_name(struct arena *arena, const char *name)
{
	struct buf out = {0};
	const char *safe;

	if (!text_is_utf8(name, strlen(name)))
		return "file";
	for (const char *slash; (slash = strpbrk(name, "/\\"));)
		name = slash + 1;
	while (*name == '.' || *name == ' ')
		name++;
	while (*name) {
		char one[5] = "";
		size_t length = character(name);

		memcpy(one, name, length);
		if (out.len + length > NAME_LONGEST)
			break;
		buf_puts(&out, text_is_presentable(one) ? one : "_");
		name += length;
	}
	safe = out.len ? arena_strdup(arena, buf_text(&out)) : "file";
	buf_free(&out);
	return safe;
}

/* RFC 8187, 3.2: UTF-8''percent-encoded. */
static const char *extended(struct arena *arena, const char *value)
{
	char *out;
	size_t at = 0;

	if (strncasecmp(value, "UTF-8'", 6) != 0 || !(value = strchr(value + 6, '\'')))
		return NULL;
	out = arena_alloc(arena, strlen(value) + 1);
	for (value++; *value && *value != ';' && *value != ' '; value++) {
		int high = *value == '%' ? hex_digit(value[1]) : -1,
		    low = high < 0 ? -1 : hex_digit(value[2]);

		out[at++] = low < 0 ? *value : (char)(high << 4 | low);
		if (low >= 0)
			value += 2;
	}
	return at && strlen(out) == at ? out : NULL;
}

static const char *quoted(struct arena *arena, const char *value)
{
	char *out = arena_alloc(arena, strlen(value) + 1);
	size_t at = 0;

	if (*value != '"')
		return arena_strndup(arena, value, strcspn(value, "; "));
	for (value++; *value && *value != '"'; value++) {
		if (*value == '\\' && value[1])
			value++;
		out[at++] = *value;
	}
	return out;
}

const char *offer_name_of(struct arena *arena, const char *content_disposition)
{
	const char *plain = NULL, *at = content_disposition;

	while ((at = strchr(at, ';'))) {
		at += 1 + strspn(at + 1, " \t");
		if (strncasecmp(at, "filename*=", 10) == 0) {
			const char *name = extended(arena, at + 10);

			if (name)
				return name;
		} else if (strncasecmp(at, "filename=", 9) == 0) {
			plain = quoted(arena, at + 9);
		}
	}
	return plain;
}
