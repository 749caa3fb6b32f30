#include "base/arena.h"
#include "client/client.h"
#include "client/discover.h"
#include "client/propfind.h"
#include "xml/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL "<D:resourcetype/><D:getcontentlength/><D:creationdate/><D:displayname/>"

static const char *text_of(
	struct arena *arena, const struct xml_node *response, const char *name, const char *absent)
{
	const struct xml_node *found = propfind_property(arena, response, NS_DAV, name);
	const char *text = found ? client_shown(xml_text(arena, found)) : "";

	return *text ? text : absent;
}

/* http://host:port, without a path. */
static const char *site_of(struct arena *arena, const char *url)
{
	const char *host = strstr(url, "://");

	return arena_strndup(
		arena, url, host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/") : 0);
}

/* ---- -l: how long a file is kept, and who has it ---- */

/* Somebody on the list, or who has fetched it all the same. */
struct recipient {
	struct jid jid;
	const char *whole; /* when they had all of it first; NULL: not yet */
	const char *bytes; /* of which they have the beginning; NULL: nothing */
	bool listed;
};

struct recipients {
	struct recipient *items;
	size_t count;
};

static void add(struct arena *arena, struct recipients *to, const char *text, bool listed)
{
	struct jid jid;

	if (text && jid_parse(arena, text, &jid) == 0)
		to->items[to->count++] = (struct recipient){.jid = jid, .listed = listed};
}

/* A bare JID on the list stands for all its resources. */
static bool stands_for(const struct recipient *recipient, const struct jid *jid)
{
	return recipient->listed && jid_is_bare(&recipient->jid)
		       ? strcmp(recipient->jid.bare, jid->bare) == 0
		       : jid_equal(&recipient->jid, jid);
}

static void note(struct recipient *recipient, const char *whole, const char *bytes)
{
	/* Times of this form are ordered as text is. */
	if (whole && (!recipient->whole || strcmp(whole, recipient->whole) < 0))
		recipient->whole = whole;
	if (bytes && (!recipient->bytes ||
			     strtoll(bytes, NULL, 10) > strtoll(recipient->bytes, NULL, 10)))
		recipient->bytes = bytes;
}

static void take_fetch(struct arena *arena, struct recipients *to, const struct xml_node *fetch)
{
	const char *text = xml_attribute(fetch, "jid"), *whole = xml_attribute(fetch, "whole"),
		   *bytes = xml_attribute(fetch, "bytes");
	bool known = false;
	struct jid jid;

	if (!text || jid_parse(arena, text, &jid) < 0)
		return;
	for (size_t i = 0; i < to->count; i++)
		if (stands_for(&to->items[i], &jid)) {
			note(&to->items[i], whole, bytes);
			known = true;
		}
	if (known)
		return;
	add(arena, to, text, false);
	note(&to->items[to->count - 1], whole, bytes);
}

static size_t count_elements(const struct xml_node *node)
{
	size_t count = 0;

	for (node = node ? xml_first_element(node) : NULL; node; node = xml_next_element(node))
		count++;
	return count;
}

static struct recipients recipients_of(
	struct arena *arena, const struct xml_node *list, const struct xml_node *fetches)
{
	size_t most = count_elements(list) + count_elements(fetches);
	struct recipients all = {.items = arena_alloc(arena, (most + 1) * sizeof(*all.items))};

	for (const struct xml_node *jid = list ? xml_first_element(list) : NULL; jid;
		jid = xml_next_element(jid))
		add(arena, &all, xml_text(arena, jid), true);
	for (const struct xml_node *fetch = xml_first_element(fetches); fetch;
		fetch = xml_next_element(fetch))
		take_fetch(arena, &all, fetch);
	return all;
}

static void print_recipients(struct arena *arena, const struct recipients *all)
{
	size_t width = 0;

	for (size_t i = 0; i < all->count; i++) {
		size_t length = strlen(jid_text(arena, &all->items[i].jid));

		width = length > width ? length : width;
	}
	for (size_t i = 0; i < all->count; i++) {
		const struct recipient *one = &all->items[i];

		printf("%14s%-*s  %s", "", (int)width, jid_text(arena, &one->jid),
			one->whole ? client_shown(one->whole) : "not yet");
		if (!one->whole && one->bytes)
			printf(" (%s bytes)", client_shown(one->bytes));
		printf("\n");
	}
}

/* Who has fetched it is told to its owner alone. */
static void list_keeping(struct arena *arena, const struct xml_node *response)
{
	const struct xml_node *expires = propfind_property(arena, response, NS_MISSIVE, "expires"),
			      *fetches = propfind_property(arena, response, NS_MISSIVE, "fetches"),
			      *list = propfind_property(arena, response, NS_0129, "jidlist");
	struct recipients all;

	if (expires)
		printf("%14suntil %s\n", "", client_shown(xml_text(arena, expires)));
	if (!fetches)
		return;
	all = recipients_of(arena, list, fetches);
	print_recipients(arena, &all);
}

/* ---- the list ---- */

static void list_one(struct client *client, const char *site, const struct xml_node *response)
{
	struct arena *arena = client->arena;
	const struct xml_node *href = xml_child(response, NS_DAV, "href");
	const struct xml_node *type = propfind_property(arena, response, NS_DAV, "resourcetype");

	if (!href)
		return;
	printf("%12s  %s  %s%s  %s\n",
		type && xml_child(type, NS_DAV, "collection")
			? "-"
			: text_of(arena, response, "getcontentlength", "-"),
		text_of(arena, response, "creationdate", "-"), site,
		client_shown(xml_text(arena, href)), text_of(arena, response, "displayname", ""));
	if (client->detailed)
		list_keeping(arena, response);
}

int ls_command(struct client *client, int argc, char **argv)
{
	const struct xml_node *list, *response;
	struct services services;
	const char *url = argc > 0 ? argv[0] : NULL;
	bool itself = true;

	if (argc > 1)
		return client_fail(
			"ls takes one URL, or none for all that is yours or shared with you");
	if (!url && discover(client, &services))
		return 1;
	url = url ? url : services.url;
	list = propfind_run(client, url, "1",
		client->detailed ? USUAL "<expires xmlns='" NS_MISSIVE
					 "'/><fetches xmlns='" NS_MISSIVE "'/>" PROPFIND_JIDLIST
				 : USUAL);
	if (!list)
		return 1;
	for (response = xml_first_element(list); response; response = xml_next_element(response)) {
		/* The collection itself comes first (it alone, when it is a file). */
		if (!itself || !xml_next_element(response)) {
			const struct xml_node *type =
				propfind_property(client->arena, response, NS_DAV, "resourcetype");

			if (!itself || !type || !xml_child(type, NS_DAV, "collection"))
				list_one(client, site_of(client->arena, url), response);
		}
		itself = false;
	}
	return 0;
}
