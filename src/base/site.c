#include "base/site.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_standard(const char *scheme, uint16_t port)
{
	return port == url_port(scheme);
}

int site_parse(struct arena *arena, const char *base_url, const char *names, struct site *out)
{
	char *rest = arena_strdup(arena, names ? names : ""), *word;

	*out = (struct site){0};
	if (url_parse(arena, base_url, &out->base) < 0)
		return -EINVAL;
	out->names = arena_alloc(arena, (strlen(rest) / 2 + 1) * sizeof(*out->names));
	while ((word = strtok_r(rest, " \t", &rest))) {
		struct site_name *name = &out->names[out->count++];

		if (authority_parse(arena, word, 0, &name->host, &name->port) < 0)
			return -EINVAL;
	}
	return 0;
}

static bool is_base(const struct url *base, const char *host, uint16_t port)
{
	if (strcmp(host, base->host) != 0)
		return false;
	if (is_standard(base->scheme, base->port))
		return is_standard("http", port) || is_standard("https", port);
	return port == base->port;
}

bool site_has(const struct site *site, const char *host, uint16_t port)
{
	if (is_base(&site->base, host, port))
		return true;
	for (size_t i = 0; i < site->count; i++) {
		const struct site_name *name = &site->names[i];

		if (strcmp(name->host, host) == 0 && (name->port == 0 || name->port == port))
			return true;
	}
	return false;
}

bool site_is_safe(const struct site *site)
{
	const char *host = site->base.host;
	char address[ADDRESS_TEXT];

	if (strcmp(site->base.scheme, "https") == 0)
		return true;
	if (strcmp(host, "localhost") == 0 || text_ends_with(host, ".localhost"))
		return true;
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(host + (*host == '['), "]"),
		host + (*host == '['));
	return address_is_loopback(address);
}

int site_path(struct arena *arena, const struct site *site, const char *text, struct path *out)
{
	struct url url;

	if (*text == '/')
		return path_parse(arena, text, out);
	if (url_parse(arena, text, &url) < 0)
		return -EINVAL;
	if (!site_has(site, url.host, url.port))
		return -EXDEV;
	return path_parse(arena, url.target, out);
}
