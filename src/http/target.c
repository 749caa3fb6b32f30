#include "http/target.h"

#include "base/site.h"
#include "http/forwarded.h"

#include <errno.h>
#include <string.h>

/* The host that was asked for. Host is looked at even where it does not count (RFC 9112, 3.2). */
static int check_host(struct arena *arena, const struct site *site, const char *host,
	const struct forwarded *forwarded, bool *ours)
{
	uint16_t standard = url_port(forwarded->scheme ? forwarded->scheme : site->base.scheme);
	const char *name;
	uint16_t port;

	if (host && authority_parse(arena, host, standard, &name, &port) < 0)
		return -400;
	if (forwarded->host && authority_parse(arena, forwarded->host, standard, &name, &port) < 0)
		return -400;
	*ours = (!host && !forwarded->host) || site_has(site, name, port);
	return 0;
}

/* RFC 9112, 3.2.2: it counts instead of Host; what is left of it is the path. */
static int strip_absolute(
	struct arena *arena, const struct site *site, const char **target, bool *ours)
{
	struct url url;

	if (url_parse(arena, *target, &url) < 0)
		return -400;
	*ours = site_has(site, url.host, url.port);
	*target = url.target;
	return 0;
}

static bool is_own_room(const struct path *path)
{
	return path->depth > 0 && strcmp(path->segments[0].name, "-") == 0;
}

int target_parse(struct arena *arena, const struct site *site, const char *target, const char *host,
	const struct forwarded *forwarded, struct target *out)
{
	bool ours;

	*out = (struct target){0};
	if (check_host(arena, site, host, forwarded, &ours) < 0)
		return -400;
	out->server_wide = strcmp(target, "*") == 0;
	if (!out->server_wide && *target != '/' && strip_absolute(arena, site, &target, &ours) < 0)
		return -400;
	if (!out->server_wide && path_parse(arena, target, &out->path) < 0)
		return -400;
	out->own_room = is_own_room(&out->path);
	out->health = out->own_room && strcmp(target, "/-/health") == 0;
	out->foreign = !ours;
	return ours || out->health ? 0 : -421;
}

int destination_parse(
	struct arena *arena, const struct site *site, const char *destination, struct path *out)
{
	int error = destination ? site_path(arena, site, destination, out) : -EINVAL;

	if (error < 0)
		return error == -EXDEV ? -502 : -400;
	return is_own_room(out) ? -403 : 0;
}
