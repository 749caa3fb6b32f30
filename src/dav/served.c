#include "dav/served.h"
#include "dav/request.h"

#include <string.h>
#include <strings.h>

/* RFC 9110, 5.6.2 */
static size_t token(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789"
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* The length of a quoted-string of printable ASCII, 0 when it is none (RFC 9110, 5.6.4). */
static size_t quoted(const char *text)
{
	const char *p = text;

	if (*p++ != '"')
		return 0;
	for (; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if (*p < ' ' || *p > '~')
			return 0;
	}
	return (size_t)(p - text) + 1;
}

const char *served_media_type(const char *content_type)
{
	const char *p = content_type;
	size_t length;

	if (!p || strlen(p) > 255)
		return NULL;
	for (int part = 0; part < 2; part++) {
		length = token(p);
		if (!length || (part == 0 && p[length] != '/'))
			return NULL;
		p += length + (part == 0);
	}
	while (*p) {
		p += strspn(p, " \t");
		if (*p++ != ';')
			return NULL;
		p += strspn(p, " \t");
		length = token(p);
		if (!length || p[length] != '=')
			return NULL;
		p += length + 1;
		length = *p == '"' ? quoted(p) : token(p);
		if (!length)
			return NULL;
		p += length;
	}
	return content_type;
}

bool served_is_same_type(const char *a, const char *b)
{
	size_t length = strcspn(a, "; \t");

	if (strcspn(b, "; \t") != length || strncasecmp(a, b, length) != 0)
		return false;
	for (a += length, b += length; *a || *b; a++, b++) {
		a += strspn(a, " \t");
		b += strspn(b, " \t");
		if (*a != *b || !*a)
			return *a == *b;
	}
	return true;
}

const char *served_content_type(const struct resource *resource)
{
	return resource->content_type ? resource->content_type : "application/octet-stream";
}

bool served_is_identity(const char *coding)
{
	return strcasecmp(coding, "identity") == 0 || !*coding;
}

/* RFC 6839, 3.8: whatever the type, scripts of XHTML or SVG would run in it. */
static bool is_xml(const char *type)
{
	size_t length = strcspn(type, "; \t");

	return length >= 4 && strncasecmp(type + length - 4, "+xml", 4) == 0;
}

/* Browsers show these by themselves and run nothing in them. */
static bool is_shown(const char *type)
{
	static const char *const shown[] = {"image/", "audio/", "video/", "text/plain"};

	if (strncasecmp(type, "image/svg", 9) == 0 || is_xml(type))
		return false;
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		size_t length = strlen(shown[i]);

		if (strncasecmp(type, shown[i], length) == 0 &&
			(shown[i][length - 1] == '/' || !type[length] ||
				strchr("; \t", type[length])))
			return true;
	}
	return false;
}

void served_headers(struct request *request, const struct resource *resource)
{
	const char *type = served_content_type(resource);
	const char *name = resource->displayname ? resource->displayname : resource->spelling;
	struct buf out = {0};

	buf_puts(&out, is_shown(type) ? "inline" : "attachment");
	buf_puts(&out, "; filename=\"");
	for (const char *p = name; *p; p++)
		buf_append(&out, *p < ' ' || *p > '~' || strchr("\"\\%/", *p) ? "_" : p, 1);
	buf_puts(&out, "\"; filename*=UTF-8''");
	uri_encode(&out, name);
	answer_header(request, "Content-Type", type);
	answer_header(request, "Content-Disposition", arena_strdup(request->arena, buf_text(&out)));
	buf_free(&out);
}
