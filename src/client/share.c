#include "base/arena.h"
#include "client/client.h"
#include "client/patch.h"
#include "client/propfind.h"
#include "client/transfer.h"
#include "xml/reader.h"

#include <stdio.h>
#include <string.h>

static int show_readers(struct client *client, const char *url)
{
	const struct xml_node *list = propfind_run(client, url, "0", PROPFIND_JIDLIST), *jids;

	if (!list)
		return 1;
	jids = propfind_property(
		client->arena, xml_child(list, NS_DAV, "response"), NS_0129, "jidlist");
	if (!jids) {
		fprintf(stderr, "missive: it has no list of its own: who may read it is what its "
				"folder says\n");
		return 0;
	}
	for (const struct xml_node *jid = xml_first_element(jids); jid; jid = xml_next_element(jid))
		printf("%s\n", client_shown(xml_text(client->arena, jid)));
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
