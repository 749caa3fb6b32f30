#include "client/patch.h"

#include "base/arena.h"
#include "base/codec.h"
#include "client/client.h"
#include "client/propfind.h"
#include "client/transfer.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <string.h>
#include <time.h>

static void put_one(struct buf *out, const char *name, const char *value)
{
	xml_write(out, "<D:set><D:prop><", name, " xmlns='" NS_MISSIVE "'>", value, "</", name,
		"></D:prop></D:set>", NULL);
}

static void put_keeping(struct buf *out, const struct patch *patch)
{
	char date[21];

	iso_date_format(date, (int64_t)time(NULL) + (int64_t)(patch->expires / 1000));
	if (patch->expires)
		put_one(out, "expires", date);
	if (patch->once)
		put_one(out, "once", "1");
	if (patch->notify)
		put_one(out, "notify", "1");
}

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
	put_keeping(&out, patch);
	buf_puts(&out, "</D:propertyupdate>");
	text = arena_strdup(arena, buf_text(&out));
	buf_free(&out);
	return text;
}

/* RFC 4918, 9.2.1: NULL when every propstat is well, else what is not, in the server's words where it has some. */
static const char *failed(struct arena *arena, const struct buf *text)
{
	const char *why = NULL;
	struct xml_node *root;
	bool any = false;

	if (xml_read(arena, text->data, text->len, &xml_limits_dav, &root) < 0)
		return "its answer cannot be read";
	for (const struct xml_node *propstat =
			xml_first_element(xml_child(root, NS_DAV, "response"));
		propstat; propstat = xml_next_element(propstat)) {
		const struct xml_node *status = xml_child(propstat, NS_DAV, "status"),
				      *said = xml_child(propstat, NS_DAV, "responsedescription");

		if (!xml_is(propstat, NS_DAV, "propstat"))
			continue;
		any = true;
		if (said)
			why = client_shown(xml_text(arena, said));
		else if (!why && (!status || !strstr(xml_text(arena, status), " 200")))
			why = "not all of them can be set";
	}
	return any ? why : "its answer says nothing of them";
}

int patch_properties(struct client *client, const char *url, const struct patch *patch)
{
	struct transfer transfer = {.method = "PROPPATCH",
		.url = url,
		.upload = -1,
		.body = body_of(client->arena, patch)};
	const char *why = NULL;
	int code = 0;

	transfer.headers[0] = "Content-Type: application/xml; charset=utf-8";
	transfer_run(client->session, client->arena, &client->account, &transfer);
	if (transfer.status != 207)
		code = client_fail("%s: its readers could not be set: %s", url,
			transfer_refusal(client->arena, &transfer));
	else if ((why = failed(client->arena, &transfer.text)))
		code = client_fail("%s: the server does not take these readers, or how long it is "
				   "to be kept: %s",
			url, why);
	transfer_free(&transfer);
	return code;
}
