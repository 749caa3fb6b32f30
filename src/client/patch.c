#include "client/patch.h"

#include "base/arena.h"
#include "client/client.h"
#include "client/transfer.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <string.h>

#define NS_DAV  "DAV:"
#define NS_0129 "http://www.xmpp.org/extensions/xep-0129.html#ns"

static const char *body_of(struct arena *arena, const struct patch *patch)
{
	struct buf out = {0};
	const char *text;

	buf_puts(&out, "<?xml version='1.0' encoding='utf-8'?><D:propertyupdate xmlns:D='DAV:'>");
	if (patch->displayname)
		xml_write(&out, "<D:set><D:prop><D:displayname>", patch->displayname,
			"</D:displayname></D:prop></D:set>", NULL);
	if (patch->set_list) {
		buf_puts(&out, "<D:set><D:prop><jidlist xmlns='" NS_0129 "'>");
		for (size_t i = 0; i < patch->count; i++)
			xml_write(&out, "<jid>", patch->jids[i], "</jid>", NULL);
		buf_puts(&out, "</jidlist></D:prop></D:set>");
	}
	if (patch->remove_list)
		buf_puts(&out,
			"<D:remove><D:prop><jidlist xmlns='" NS_0129 "'/></D:prop></D:remove>");
	buf_puts(&out, "</D:propertyupdate>");
	text = arena_strdup(arena, buf_text(&out));
	buf_free(&out);
	return text;
}

/* RFC 4918, 9.2.1: every propstat must be well. */
static bool all_done(struct arena *arena, const struct buf *text)
{
	const struct xml_node *response, *propstat;
	struct xml_node *root;
	bool any = false;

	if (xml_read(arena, text->data, text->len, &xml_limits_dav, &root) < 0)
		return false;
	response = xml_child(root, NS_DAV, "response");
	for (propstat = xml_first_element(response); propstat;
		propstat = xml_next_element(propstat)) {
		const struct xml_node *status = xml_child(propstat, NS_DAV, "status");

		if (!xml_is(propstat, NS_DAV, "propstat"))
			continue;
		if (!status || !strstr(xml_text(arena, status), " 200"))
			return false;
		any = true;
	}
	return any;
}

int patch_properties(struct client *client, const char *url, const struct patch *patch)
{
	struct transfer transfer = {.method = "PROPPATCH",
		.url = url,
		.upload = -1,
		.body = body_of(client->arena, patch)};
	int code = 0;

	transfer.headers[0] = "Content-Type: application/xml; charset=utf-8";
	transfer_run(client->session, client->arena, &client->account, &transfer);
	if (transfer.status != 207)
		code = client_fail("%s: its readers could not be set: %s", url,
			transfer_refusal(client->arena, &transfer));
	else if (!all_done(client->arena, &transfer.text))
		code = client_fail("%s: the server does not take these readers", url);
	transfer_free(&transfer);
	return code;
}
