#include "client/discover.h"

#include "base/arena.h"
#include "base/codec.h"
#include "client/client.h"
#include "client/links.h"
#include "xml/reader.h"

#include <string.h>

#define NS_INFO      "http://jabber.org/protocol/disco#info"
#define NS_ITEMS     "http://jabber.org/protocol/disco#items"
#define NS_DATA      "jabber:x:data"
#define NS_0129      "http://www.xmpp.org/extensions/xep-0129.html#ns"
#define NS_ADDRESSES "http://jabber.org/protocol/address"

enum { ITEMS_MAX = 50 };

/* The <query/> of a result; NULL: there is none. */
static const struct xml_node *query(struct client *client, const char *to, const char *ns)
{
	const struct xml_node *answer;
	const char *payload = arena_printf(client->arena, "<query xmlns='%s'/>", ns), *type;

	if (session_iq(client->session, client->arena, "get", to, payload, &answer) < 0)
		return NULL;
	type = xml_attribute(answer, "type");
	return type && strcmp(type, "result") == 0 ? xml_child(answer, ns, "query") : NULL;
}

static bool has_feature(const struct xml_node *info, const char *wanted)
{
	for (const struct xml_node *one = xml_first_element(info); one;
		one = xml_next_element(one)) {
		const char *var = xml_attribute(one, "var");

		if (xml_is(one, NS_INFO, "feature") && var && strcmp(var, wanted) == 0)
			return true;
	}
	return false;
}

/* A field's value in the form that the service describes itself with. */
static const char *form_value(
	struct client *client, const struct xml_node *info, const char *wanted)
{
	const struct xml_node *form = xml_child(info, NS_DATA, "x");

	for (const struct xml_node *field = xml_first_element(form); field;
		field = xml_next_element(field)) {
		const char *var = xml_attribute(field, "var");
		const struct xml_node *value = xml_child(field, NS_DATA, "value");

		if (var && value && strcmp(var, wanted) == 0)
			return xml_text(client->arena, value);
	}
	return NULL;
}

static void take_service(
	struct client *client, struct services *out, const char *jid, const struct xml_node *info)
{
	const char *url = form_value(client, info, "url"),
		   *size = form_value(client, info, "max-file-size");
	int64_t bytes;

	if (has_feature(info, NS_ADDRESSES) && !out->multicast)
		out->multicast = jid;
	if (!has_feature(info, NS_0129) || !url || out->files)
		return;
	out->files = jid;
	out->url = url[strlen(url) - 1] == '/' ? url : arena_printf(client->arena, "%s/", url);
	if (size && decimal_parse(size, &bytes) == 0)
		out->max_file_size = (uint64_t)bytes;
}

static void ask(struct client *client, struct services *out, const char *jid)
{
	const struct xml_node *info = query(client, jid, NS_INFO);

	if (info)
		take_service(client, out, arena_strdup(client->arena, jid), info);
}

int discover(struct client *client, struct services *out)
{
	const char *domain = session_jid(client->session)->domain, *refused;
	const struct xml_node *items;
	int count = 0;

	*out = (struct services){.max_file_size = UINT64_MAX};
	if (client->account.service)
		ask(client, out, client->account.service);
	ask(client, out, domain);
	items = query(client, domain, NS_ITEMS);
	for (const struct xml_node *item = xml_first_element(items); item && count < ITEMS_MAX;
		item = xml_next_element(item), count++)
		if (xml_attribute(item, "jid"))
			ask(client, out, xml_attribute(item, "jid"));
	if (!out->files)
		return client_fail(
			"%s offers no file service (XEP-0129). Ask its operator for one, or name "
			"one that you may use: --service JID",
			domain);
	refused = link_refused(client->arena, &client->account, out->url);
	return refused ? client_fail("%s: %s", out->url, refused) : 0;
}
