/* What the component answers: one table, a row each. */
#include "base/arena.h"
#include "base/log.h"
#include "xml/writer.h"
#include "xmpp/inside.h"

#include <errno.h>
#include <string.h>

/* An id, which is said back, is a stranger's: nobody's client makes longer ones. */
enum { ID_MAX = 1024 };

static void ping(struct xmpp *xmpp, const struct stanza *stanza);
static void version(struct xmpp *xmpp, const struct stanza *stanza);

/* clang-format off */
static const struct {
	const char *type, *ns, *name;
	void (*answer)(struct xmpp *xmpp, const struct stanza *stanza);
} queries[] = {
	{"get", "http://jabber.org/protocol/disco#info",  "query", disco_info},
	{"get", "http://jabber.org/protocol/disco#items", "query", disco_items},
	{"get", "urn:xmpp:ping",                          "ping",  ping},
	{"get", "jabber:iq:version",                      "query", version},
};
/* clang-format on */

/* XEP-0199 */
static void ping(struct xmpp *xmpp, const struct stanza *stanza)
{
	xmpp_reply(xmpp, stanza, NULL);
}

/* XEP-0092 */
static void version(struct xmpp *xmpp, const struct stanza *stanza)
{
	struct buf payload = {0};

	xml_write(&payload, "<query xmlns='jabber:iq:version'><name>Missive</name><version>",
		MISSIVE_VERSION, "</version></query>", NULL);
	xmpp_reply(xmpp, stanza, &payload);
	buf_free(&payload);
}

static void begin_reply(
	struct xmpp *xmpp, const struct stanza *stanza, struct buf *out, const char *type)
{
	xml_write(out, "<", stanza->kind, " type='", type, "' from='", xmpp_domain(xmpp), "' to='",
		jid_text(stanza->arena, &stanza->from), "' id='", stanza->id, "'>", NULL);
}

void xmpp_reply(struct xmpp *xmpp, const struct stanza *stanza, const struct buf *payload)
{
	struct buf out = {0};
	int error;

	begin_reply(xmpp, stanza, &out, "result");
	if (payload)
		buf_append(&out, payload->data, payload->len);
	buf_puts(&out, "</iq>");
	error = xmpp_send(xmpp, &out);
	buf_free(&out);
	if (error == -EMSGSIZE)
		xmpp_reply_error(xmpp, stanza, "wait", "resource-constraint");
}

void xmpp_refuse(struct xmpp *xmpp, const struct stanza *stanza, const struct xmpp_error *error)
{
	struct buf out = {0};

	begin_reply(xmpp, stanza, &out, "error");
	xml_write(&out, "<error type='", error->type, "'><", error->condition,
		" xmlns='" NS_STANZAS "'/>", NULL);
	if (error->text)
		xml_write(&out, "<text xmlns='" NS_STANZAS "' xml:lang='en'>", error->text,
			"</text>", NULL);
	if (error->specific)
		buf_puts(&out, error->specific);
	xml_write(&out, "</error></", stanza->kind, ">", NULL);
	xmpp_send(xmpp, &out);
	buf_free(&out);
}

void xmpp_reply_error(
	struct xmpp *xmpp, const struct stanza *stanza, const char *type, const char *condition)
{
	xmpp_refuse(xmpp, stanza, &(struct xmpp_error){type, condition, NULL, NULL});
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* False: from nobody, or not to us, or with an id that nobody's client has made. */
static bool read_start_tag(
	struct xmpp *xmpp, struct arena *arena, const struct xml_node *node, struct stanza *stanza)
{
	static const char *const kinds[] = {"iq", "message", "presence"};

	*stanza = (struct stanza){.node = node, .arena = arena};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (xml_is(node, NS_COMPONENT, kinds[i]))
			stanza->kind = kinds[i];
	stanza->type = or_empty(xml_attribute(node, "type"));
	stanza->id = or_empty(xml_attribute(node, "id"));
	return stanza->kind && strlen(stanza->id) <= ID_MAX &&
	       jid_parse(arena, or_empty(xml_attribute(node, "from")), &stanza->from) == 0 &&
	       jid_parse(arena, or_empty(xml_attribute(node, "to")), &stanza->to) == 0 &&
	       strcmp(stanza->to.bare, xmpp_domain(xmpp)) == 0;
}

static bool asks(const struct stanza *stanza)
{
	return strcmp(stanza->type, "get") == 0 || strcmp(stanza->type, "set") == 0;
}

/* A query of another room; false: nobody has it. */
static bool answer_extension(struct xmpp *xmpp, const struct stanza *stanza)
{
	const struct xmpp_extension *extension;

	for (size_t i = 0; (extension = xmpp_extension(xmpp, i)); i++)
		for (const struct xmpp_query *query = extension->queries; query->type; query++)
			if (strcmp(query->type, stanza->type) == 0 &&
				xml_is(stanza->payload, query->ns, query->name)) {
				query->answer(extension->arg, stanza);
				return true;
			}
	return false;
}

/* RFC 6120, 8.2.3: one child; what nobody here knows gets service-unavailable. */
static void answer_iq(struct xmpp *xmpp, const struct stanza *stanza)
{
	const struct xml_node *payload = stanza->payload;

	if (!payload || xml_next_element(payload)) {
		xmpp_reply_error(xmpp, stanza, "modify", "bad-request");
		return;
	}
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		if (strcmp(queries[i].type, stanza->type) == 0 &&
			xml_is(payload, queries[i].ns, queries[i].name)) {
			queries[i].answer(xmpp, stanza);
			return;
		}
	if (!answer_extension(xmpp, stanza))
		xmpp_reply_error(xmpp, stanza, "cancel", "service-unavailable");
}

void stanza_take(struct xmpp *xmpp, struct arena *arena, const struct xml_node *node)
{
	struct confirms *confirms = xmpp_confirms(xmpp);
	struct stanza stanza;
	bool answers;

	if (!read_start_tag(xmpp, arena, node, &stanza))
		return;
	/* Answers come to where the question came from. */
	answers = confirms && jid_is_bare(&stanza.to);
	if (strcmp(stanza.kind, "iq") == 0)
		stanza.payload = xml_first_element(node);
	if (confirms)
		confirm_hear(confirms, &stanza);
	if (strcmp(stanza.kind, "iq") == 0 && asks(&stanza))
		answer_iq(xmpp, &stanza);
	else if (strcmp(stanza.kind, "iq") == 0 && xmpp_survey(xmpp) &&
		 survey_take(xmpp_survey(xmpp), &stanza))
		;
	else if (strcmp(stanza.kind, "iq") == 0 && answers)
		confirm_take_iq(confirms, &stanza);
	else if (strcmp(stanza.kind, "message") == 0 && answers)
		confirm_take_message(confirms, &stanza);
}

void stanza_refuse(struct xmpp *xmpp, struct arena *arena, const struct xml_node *start_tag)
{
	struct stanza stanza;

	log_event(LOG_WARNING, "stanza-too-large", "from", xml_attribute(start_tag, "from"), NULL);
	if (!read_start_tag(xmpp, arena, start_tag, &stanza))
		return;
	if (asks(&stanza) ||
		(strcmp(stanza.kind, "message") == 0 && strcmp(stanza.type, "error") != 0))
		xmpp_reply_error(xmpp, &stanza, "modify", "policy-violation");
}
