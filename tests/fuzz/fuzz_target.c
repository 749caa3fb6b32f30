/* Which resource a URL names. Lines: target, Host, Destination, base-url, further names, X-Forwarded-Host. */
#include "fuzz.h"

#include "base/buf.h"
#include "base/site.h"
#include "base/text.h"
#include "http/forwarded.h"
#include "http/target.h"

#include <stdio.h>

static bool is_same(const struct path *a, const struct path *b)
{
	if (a->depth != b->depth || a->collection != b->collection)
		return false;
	for (size_t i = 0; i < a->depth; i++)
		if (!same(a->segments[i].name, b->segments[i].name) ||
			!same(a->segments[i].spelling, b->segments[i].spelling))
			return false;
	return true;
}

/* A path that was let in has safe names, and is the same when it comes back as we write it. */
static void check_path(struct arena *arena, const struct path *path)
{
	const char *text = path_text(arena, path);
	struct path again;

	assert(path->depth <= PATH_DEPTH_MAX);
	for (size_t i = 0; i < path->depth; i++) {
		const char *name = path->segments[i].name;

		assert(*name && strlen(name) <= NAME_MAX_BYTES && text_is_utf8(name, strlen(name)));
		assert(!same(name, ".") && !same(name, "..") && !strpbrk(name, "/\\"));
		for (; *name; name++)
			assert((unsigned char)*name >= ' ' && *name != 0x7f);
		/* One name of each: NFC of NFC is itself. */
		assert(same(text_nfc(arena, path->segments[i].name), path->segments[i].name));
	}
	assert(path_parse(arena, text, &again) == 0 && is_same(path, &again));
	assert(same(path_text(arena, &again), text));
}

/* A URL that was understood is the same when it is put together again. */
static void check_url(struct arena *arena, const char *text)
{
	struct url url, again;
	const char *whole;

	if (url_parse(arena, text, &url) < 0)
		return;
	assert(same(url.scheme, "http") || same(url.scheme, "https"));
	assert(*url.host && !strpbrk(url.host, "/@?# \\") && url.port > 0 && *url.target == '/');
	whole = arena_printf(arena, "%s://%s:%u%s", url.scheme, url.host, url.port, url.target);
	assert(url_parse(arena, whole, &again) == 0);
	assert(same(url.scheme, again.scheme) && same(url.host, again.host) &&
		url.port == again.port && same(url.target, again.target));
}

static void check_site(struct arena *arena, const char *base, const char *names)
{
	struct site site;

	if (site_parse(arena, base, names, &site) < 0)
		return;
	assert(site_has(&site, site.base.host, site.base.port));
	for (size_t i = 0; i < site.count; i++)
		assert(site_has(&site, site.names[i].host, site.names[i].port));
	site_is_safe(&site);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new();
	struct lines lines = {bytes, size};
	const char *target = line_next(arena, &lines), *host = line_next(arena, &lines);
	const char *destination = line_next(arena, &lines), *base = line_next(arena, &lines);
	const char *names = line_next(arena, &lines), *forwarded_host = line_next(arena, &lines);
	struct forwarded forwarded = {.host = *forwarded_host ? forwarded_host : NULL,
		.scheme = *forwarded_host ? "https" : NULL};
	struct site site;
	struct target out;
	struct path path;
	int status;

	assert(site_parse(arena, "http://files.localhost:8080", "other.example any.example:81",
		       &site) == 0);
	check_site(arena, base, names);
	check_url(arena, target);
	check_url(arena, destination);
	/* The parser of heads lets nothing else through. */
	if (*target) {
		status = target_parse(arena, &site, target, *host ? host : NULL, &forwarded, &out);
		assert(status == 0 || status == -400 || status == -421);
		if (status == 0 && !out.server_wide)
			check_path(arena, &out.path);
		if (status == 0 && out.own_room)
			assert(same(out.path.segments[0].name, "-"));
	}
	status = destination_parse(arena, &site, *destination ? destination : NULL, &path);
	assert(status == 0 || status == -400 || status == -403 || status == -502);
	if (status == 0) {
		check_path(arena, &path);
		assert(path.depth == 0 || !same(path.segments[0].name, "-"));
	}
	arena_free(arena);
	return 0;
}
