#include "client/command.h"

#include "base/arena.h"
#include "base/buf.h"
#include "client/client.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <errno.h>
#include <string.h>

#define NS_COMMANDS "http://jabber.org/protocol/commands"
#define NS_DATA     "jabber:x:data"
#define NS_STANZAS  "urn:ietf:params:xml:ns:xmpp-stanzas"

static bool is(const char *value, const char *wanted)
{
	return value && strcmp(value, wanted) == 0;
}

static const char *text_of(struct client *client, const struct xml_node *node)
{
	return client_shown(node ? xml_text(client->arena, node) : "");
}

/* RFC 6120, 8.3. libstrophe leaves out the stream's own namespace. */
static int tell_error(struct client *client, const struct call *call, const struct xml_node *iq)
{
	const struct xml_node *error = xml_first_element(iq), *text;

	while (error && strcmp(error->name, "error") != 0)
		error = xml_next_element(error);
	text = error ? xml_child(error, NS_STANZAS, "text") : NULL;
	if (text)
		return client_fail("%s: %s", call->service, text_of(client, text));
	if (error && (xml_child(error, NS_STANZAS, "item-not-found") ||
			     xml_child(error, NS_STANZAS, "feature-not-implemented") ||
			     xml_child(error, NS_STANZAS, "service-unavailable")))
		return client_fail("%s does not do this (there is no command %s). Its operator may "
				   "have a newer version.",
			call->service, call->node);
	error = xml_first_element(error);
	return client_fail("%s refuses this: %s", call->service, error ? error->name : "no reason");
}

static int take(struct client *client, struct call *call, const struct xml_node *iq)
{
	if (!is(xml_attribute(iq, "type"), "result"))
		return tell_error(client, call, iq);
	call->answer = xml_child(iq, NS_COMMANDS, "command");
	if (!call->answer)
		return client_fail("%s: the answer cannot be read", call->service);
	call->session = xml_attribute(call->answer, "sessionid");
	call->completed = is(xml_attribute(call->answer, "status"), "completed");
	return 0;
}

static void put_form(struct buf *out, const struct call_value *values, size_t count)
{
	buf_puts(out, "<x xmlns='" NS_DATA "' type='submit'>");
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(values[i].var, values[i - 1].var) != 0)
			xml_write(out, "<field var='", values[i].var, "'>", NULL);
		xml_write(out, "<value>", values[i].value, "</value>", NULL);
		if (i + 1 == count || strcmp(values[i].var, values[i + 1].var) != 0)
			buf_puts(out, "</field>");
	}
	buf_puts(out, "</x>");
}

/* XEP-0050, 3 */
static int send(
	struct client *client, struct call *call, const struct call_value *values, size_t count)
{
	const struct xml_node *answer;
	struct buf out = {0};
	int result;

	xml_write(&out, "<command xmlns='" NS_COMMANDS "' node='", call->node, NULL);
	if (call->session)
		xml_write(&out, "' action='complete' sessionid='", call->session, "'>", NULL);
	else
		buf_puts(&out, "' action='execute'>");
	if (call->session)
		put_form(&out, values, count);
	buf_puts(&out, "</command>");
	result = session_iq(
		client->session, client->arena, "set", call->service, buf_text(&out), &answer);
	buf_free(&out);
	if (result == -ETIMEDOUT)
		return client_fail("%s does not answer. Try again in a while.", call->service);
	if (result < 0)
		return client_fail("%s", session_error(client->session));
	return take(client, call, answer);
}

int call_begin(struct client *client, struct call *call, const char *service, const char *node)
{
	*call = (struct call){.service = service, .node = node};
	return send(client, call, NULL, 0);
}

int call_submit(
	struct client *client, struct call *call, const struct call_value *values, size_t count)
{
	if (call->completed || !call->session)
		return client_fail("%s: the command has ended too early", call->service);
	return send(client, call, values, count);
}

const struct xml_node *call_field(const struct call *call, const struct xml_node *after)
{
	const struct xml_node *field =
		after ? xml_next_element(after)
		      : xml_first_element(xml_child(call->answer, NS_DATA, "x"));

	while (field && !xml_is(field, NS_DATA, "field"))
		field = xml_next_element(field);
	return field;
}

const char *call_value(struct client *client, const struct xml_node *field)
{
	return text_of(client, xml_child(field, NS_DATA, "value"));
}

const char *call_value_of(struct client *client, const struct call *call, const char *var)
{
	for (const struct xml_node *field = call_field(call, NULL); field;
		field = call_field(call, field))
		if (is(xml_attribute(field, "var"), var))
			return call_value(client, field);
	return NULL;
}

const char *call_note(struct client *client, const struct call *call)
{
	return text_of(client, xml_child(call->answer, NS_COMMANDS, "note"));
}
