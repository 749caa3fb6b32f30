#include "auth/parameters.h"

#include "base/arena.h"
#include "base/codec.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define ALPHANUMERIC "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static const char token_characters[] = ALPHANUMERIC "!#$%&'*+-.^_`|~";
static const char extended_characters[] = ALPHANUMERIC "!#$&+-.^_`|~";

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t");
}

/* How long a quoted string is with both quotes (RFC 9110, 5.6.4), 0: it does not end. The parser of the head has refused controls. */
static size_t quoted_length(const char *text)
{
	size_t length = 1;

	while (text[length] && text[length] != '"')
		length += text[length] == '\\' && text[length + 1] ? 2 : 1;
	return text[length] ? length + 1 : 0;
}

static char *unquote(struct arena *arena, const char *text, size_t length)
{
	char *value = arena_alloc(arena, length), *out = value;

	for (size_t i = 1; i < length - 1; i++) {
		i += text[i] == '\\';
		*out++ = text[i];
	}
	return value;
}

/* A value, and what lies behind it; NULL: it is none. */
static const char *read_value(struct arena *arena, const char *at, const char **value)
{
	bool quoted = *at == '"';
	size_t length = quoted ? quoted_length(at) : strspn(at, token_characters);

	if (length == 0)
		return NULL;
	*value = quoted ? unquote(arena, at, length) : arena_strndup(arena, at, length);
	return at + length;
}

static int keep(const char *name, size_t length, const char *value, const char *const *names,
	size_t count, const char **values)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i]) != length || strncasecmp(names[i], name, length) != 0)
			continue;
		if (values[i])
			return -EINVAL;
		values[i] = value;
	}
	return 0;
}

int parameters_parse(struct arena *arena, const char *text, const char *const *names, size_t count,
	const char **values)
{
	const char *at = skip_space(text);

	memset(values, 0, count * sizeof(*values));
	while (*at) {
		const char *name = at, *value;
		size_t length = strspn(at, token_characters);

		/* RFC 9110, 5.6.1.2: a list may have empty members. */
		if (*at == ',') {
			at = skip_space(at + 1);
			continue;
		}
		at = skip_space(at + length);
		if (length == 0 || *at != '=')
			return -EINVAL;
		at = read_value(arena, skip_space(at + 1), &value);
		if (!at || keep(name, length, value, names, count, values) < 0)
			return -EINVAL;
		at = skip_space(at);
		if (*at && *at != ',')
			return -EINVAL;
	}
	return 0;
}

const char *parameter_extended(struct arena *arena, const char *value)
{
	static const char charset[] = "UTF-8'";
	char *text = arena_alloc(arena, strlen(value) + 1), *out = text;
	size_t length;

	if (strncasecmp(value, charset, strlen(charset)) != 0)
		return NULL;
	value += strlen(charset);
	value += strspn(value, ALPHANUMERIC "-"); /* the language */
	if (*value++ != '\'')
		return NULL;
	while (*value) {
		int high = *value == '%' ? hex_digit(value[1]) : -1;
		int low = high >= 0 ? hex_digit(value[2]) : -1;

		length = strspn(value, extended_characters);
		memcpy(out, value, length);
		out += length;
		value += length;
		if (length > 0)
			continue;
		if (low < 0 || (high == 0 && low == 0))
			return NULL;
		*out++ = (char)(high << 4 | low);
		value += 3;
	}
	return text;
}
