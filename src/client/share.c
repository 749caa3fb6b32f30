#include "base/arena.h"
#include "client/client.h"
#include "client/discover.h"
#include "client/patch.h"
#include "client/transfer.h"
#include "xml/reader.h"

#include <stdio.h>
#include <string.h>

#define NS_DAV  "DAV:"
#define NS_0129 "http://www.xmpp.org/extensions/xep-0129.html#ns"

static const struct xml_limits listing_limits = {
	.bytes = 1 << 20,
	.depth = 32,
	.elements = 100000,
	.attributes = 64,
	.all_attributes = 100000,
	.namespaces = 100000,
	.namespace_bytes = 256,
};

/* The multistatus; NULL: the reason was told. */
static const struct xml_node *propfind(
	struct client *client, const char *url, const char *depth, const char *properties)
{
	struct transfer transfer = {.method = "PROPFIND",
		.url = url,
		.upload = -1,
		.body = arena_printf(client->arena,
			"<?xml version='1.0'?><D:propfind "
			"xmlns:D='DAV:'><D:prop>%s</D:prop></D:propfind>",
			properties)};
	struct xml_node *root = NULL;

	transfer.headers[0] = arena_printf(client->arena, "Depth: %s", depth);
	transfer.headers[1] = "Content-Type: application/xml; charset=utf-8";
	transfer_run(client->session, client->arena, &client->account, &transfer);
	if (transfer.status != 207)
		client_fail("%s: %s", url, transfer_refusal(client->arena, &transfer));
	else if (xml_read(client->arena, transfer.text.data, transfer.text.len, &listing_limits,
			 &root) < 0) {
		client_fail("%s: the server's list cannot be read, or is too long", url);
		root = NULL;
	}
	transfer_free(&transfer);
	return root;
}

/* A property that the response has with 200; NULL: it has none. */
static const struct xml_node *property(
	struct arena *arena, const struct xml_node *response, const char *ns, const char *name)
{
	for (const struct xml_node *one = xml_first_element(response); one;
		one = xml_next_element(one)) {
		const struct xml_node *status = xml_child(one, NS_DAV, "status");
		const struct xml_node *prop = xml_child(one, NS_DAV, "prop");

		if (xml_is(one, NS_DAV, "propstat") && status && prop &&
			strstr(xml_text(arena, status), " 200") && xml_child(prop, ns, name))
			return xml_child(prop, ns, name);
	}
	return NULL;
}

static const char *text_of(
	struct arena *arena, const struct xml_node *response, const char *name, const char *absent)
{
	const struct xml_node *found = property(arena, response, NS_DAV, name);
	const char *text = found ? xml_text(arena, found) : "";

	return *text ? text : absent;
}

/* http://host:port, without a path. */
static const char *site_of(struct arena *arena, const char *url)
{
	const char *host = strstr(url, "://");

	return arena_strndup(
		arena, url, host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/") : 0);
}

static void list_one(struct client *client, const char *site, const struct xml_node *response)
{
	struct arena *arena = client->arena;
	const struct xml_node *href = xml_child(response, NS_DAV, "href");
	const struct xml_node *type = property(arena, response, NS_DAV, "resourcetype");

	if (!href)
		return;
	printf("%12s  %s  %s%s  %s\n",
		type && xml_child(type, NS_DAV, "collection")
			? "-"
			: text_of(arena, response, "getcontentlength", "-"),
		text_of(arena, response, "creationdate", "-"), site, xml_text(arena, href),
		text_of(arena, response, "displayname", ""));
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
	list = propfind(client, url, "1",
		"<D:resourcetype/><D:getcontentlength/><D:creationdate/><D:displayname/>");
	if (!list)
		return 1;
	for (response = xml_first_element(list); response; response = xml_next_element(response)) {
		/* The collection itself comes first (it alone, when it is a file). */
		if (!itself || !xml_next_element(response)) {
			const struct xml_node *type =
				property(client->arena, response, NS_DAV, "resourcetype");

			if (!itself || !type || !xml_child(type, NS_DAV, "collection"))
				list_one(client, site_of(client->arena, url), response);
		}
		itself = false;
	}
	return 0;
}

static int show_readers(struct client *client, const char *url)
{
	const struct xml_node *list = propfind(client, url, "0", "<jidlist xmlns='" NS_0129 "'/>"),
			      *jids;

	if (!list)
		return 1;
	jids = property(client->arena, xml_child(list, NS_DAV, "response"), NS_0129, "jidlist");
	if (!jids) {
		fprintf(stderr, "missive: it has no list of its own: who may read it is what its "
				"folder says\n");
		return 0;
	}
	for (const struct xml_node *jid = xml_first_element(jids); jid; jid = xml_next_element(jid))
		printf("%s\n", xml_text(client->arena, jid));
	return 0;
}

int share_command(struct client *client, int argc, char **argv)
{
	struct patch patch = {.set_list = true};
	struct jid jid;

	if (argc < 1)
		return client_fail("share takes a URL, and the JIDs that may read it");
	if (argc == 1 && !client->none && !client->inherit)
		return show_readers(client, argv[0]);
	if (argc > 1 && (client->none || client->inherit))
		return client_fail("--none and --inherit take no JIDs");
	patch.jids = arena_alloc(client->arena, (size_t)argc * sizeof(*patch.jids));
	for (int i = 1; i < argc; i++) {
		if (jid_parse(client->arena, argv[i], &jid) < 0)
			return client_fail("%s is no JID, as in juliet@capulet.lit", argv[i]);
		patch.jids[patch.count++] = jid_text(client->arena, &jid);
	}
	if (client->inherit)
		patch = (struct patch){.remove_list = true};
	return patch_properties(client, argv[0], &patch);
}

int rm_command(struct client *client, int argc, char **argv)
{
	int code = 0;

	if (argc < 1)
		return client_fail("rm takes the URLs of files");
	for (int i = 0; i < argc; i++) {
		struct transfer transfer = {.method = "DELETE", .url = argv[i], .upload = -1};

		transfer_run(client->session, client->arena, &client->account, &transfer);
		if (transfer.status != 204)
			code = client_fail(
				"%s: %s", argv[i], transfer_refusal(client->arena, &transfer));
		transfer_free(&transfer);
	}
	return code;
}
