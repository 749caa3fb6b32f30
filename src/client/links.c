#include "client/links.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/text.h"
#include "base/uri.h"
#include "client/account.h"

#include <string.h>

static bool read_both(struct arena *arena, const char *text, struct url *url, struct path *path)
{
	return url_parse(arena, text, url) == 0 && path_parse(arena, url->target, path) == 0;
}

bool link_is_same(const char *a, const char *b)
{
	struct arena *arena = arena_new();
	struct path path_a, path_b;
	struct url url_a, url_b;
	bool same = read_both(arena, a, &url_a, &path_a) && read_both(arena, b, &url_b, &path_b) &&
		    strcmp(url_a.scheme, url_b.scheme) == 0 &&
		    strcmp(url_a.host, url_b.host) == 0 && url_a.port == url_b.port &&
		    strcmp(path_text(arena, &path_a), path_text(arena, &path_b)) == 0;

	arena_free(arena);
	return same;
}

static bool is_this_machine(struct arena *arena, const char *host)
{
	size_t length = strlen(host);

	if (host[0] == '[')
		return address_is_loopback(arena_strndup(arena, host + 1, length - 2));
	return strcmp(host, "localhost") == 0 || text_ends_with(host, ".localhost") ||
	       address_is_loopback(host);
}

const char *link_refused(struct arena *arena, const struct account *account, const char *text)
{
	struct path path;
	struct url url;

	if (!read_both(arena, text, &url, &path))
		return "this is no http or https URL of a file";
	if (strcmp(url.scheme, "https") != 0 && !account->allow_plain &&
		!is_this_machine(arena, url.host))
		return "it would go over the network without TLS; if that is safe, give "
		       "--allow-plain";
	return NULL;
}
