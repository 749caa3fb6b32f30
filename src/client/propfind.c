#include "client/propfind.h"

#include "base/arena.h"
#include "client/client.h"
#include "client/transfer.h"
#include "xml/reader.h"

#include <string.h>

static const struct xml_limits listing_limits = {
	.bytes = 1 << 20,
	.depth = 32,
	.elements = 100000,
	.attributes = 64,
	.all_attributes = 100000,
	.namespaces = 100000,
	.namespace_bytes = 256,
};

const struct xml_node *propfind_run(
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

const struct xml_node *propfind_property(
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
