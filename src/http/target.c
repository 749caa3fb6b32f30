#include "http/target.h"

#include "base/arena.h"

#include <string.h>
#include <strings.h>

static uint16_t standard_port(const char *scheme)
{
	return strcmp(scheme, "https") == 0 ? 443 : 80;
}

/* One of http.host: with a port it must be that one, without any will do. */
static bool is_named(struct arena *arena, const char *word, const char *host, uint16_t port)
{
	const char *name;
	uint16_t wanted;

	if (authority_parse(arena, word, 0, &name, &wanted) < 0)
		return false;
	return strcmp(name, host) == 0 && (wanted == 0 || wanted == port);
}

static bool is_ours(struct arena *arena, const struct site *site, const char *host, uint16_t port)
{
	char *rest, *word;

	if (strcmp(host, site->base.host) == 0 && port == site->base.port)
		return true;
	rest = arena_strdup(arena, site->hosts ? site->hosts : "");
	while ((word = strtok_r(rest, " \t", &rest)))
		if (is_named(arena, word, host, port))
			return true;
	return false;
}

/* RFC 9112, 3.2.2: it counts instead of Host; what is left of it is the path. */
static int strip_absolute(
	struct arena *arena, const struct site *site, const char **target, bool *ours)
{
	struct url url;

	if (url_parse(arena, *target, &url) < 0)
		return -400;
	*ours = is_ours(arena, site, url.host, url.port);
	*target = url.target;
	return 0;
}

static bool is_own_room(const struct path *path)
{
	return path->depth > 0 && strcmp(path->segments[0].name, "-") == 0;
}

int target_parse(struct arena *arena, const struct site *site, const char *target, const char *host,
	struct target *out)
{
	const char *name;
	bool ours = true;
	uint16_t port;

	*out = (struct target){0};
	if (host &&
		authority_parse(arena, host, standard_port(site->base.scheme), &name, &port) < 0)
		return -400;
	if (host)
		ours = is_ours(arena, site, name, port);
	out->server_wide = strcmp(target, "*") == 0;
	if (!out->server_wide && *target != '/' && strip_absolute(arena, site, &target, &ours) < 0)
		return -400;
	if (!out->server_wide && path_parse(arena, target, &out->path) < 0)
		return -400;
	out->own_room = is_own_room(&out->path);
	out->health = out->own_room && strcmp(target, "/-/health") == 0;
	return ours || out->health ? 0 : -421;
}

static int destination_path(struct arena *arena, const char *text, struct path *out)
{
	if (path_parse(arena, text, out) < 0)
		return -400;
	return is_own_room(out) ? -403 : 0;
}

int destination_parse(struct arena *arena, const struct site *site, const char *destination,
	const char *host, struct path *out)
{
	const char *named = "";
	struct url url;
	uint16_t port;

	if (!destination)
		return -400;
	if (*destination == '/')
		return destination_path(arena, destination, out);
	if (url_parse(arena, destination, &url) < 0)
		return -400;
	/* Behind a proxy that speaks TLS the client's scheme is not ours: the name that it asked for, and we answered to, is enough. */
	if (host && authority_parse(arena, host, standard_port(url.scheme), &named, &port) < 0)
		named = "";
	if (!is_ours(arena, site, url.host, url.port) &&
		(strcmp(named, url.host) != 0 || port != url.port))
		return -502;
	return destination_path(arena, url.target, out);
}
