/* XEP-0030: how clients find us, and that we implement XEP-0129. */
#include "base/buf.h"
#include "xml/writer.h"
#include "xmpp/inside.h"

#include <inttypes.h>

#define NS_INFO  "http://jabber.org/protocol/disco#info"
#define NS_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_0129  "http://www.xmpp.org/extensions/xep-0129.html#ns"

static const char *const features[] = {
	NS_INFO,
	NS_ITEMS,
	NS_HTTP_AUTH,
	NS_0129,
	"urn:xmpp:ping",
	"jabber:iq:version",
	NULL,
};

static void put_field(struct buf *out, const char *name, const char *value)
{
	xml_write(out, "<field var='", name, "'><value>", value, "</value></field>", NULL);
}

/* Where to upload, and how much: a form of XEP-0128, so that a client needs nothing but its XMPP account. */
static void put_form(struct buf *out, const struct xmpp_options *options)
{
	struct buf url = {0}, size = {0};

	buf_printf(&url, "%s/", options->base_url);
	buf_printf(&size, "%" PRIu64, options->max_file_size);
	buf_puts(out, "<x xmlns='jabber:x:data' type='result'>"
		      "<field var='FORM_TYPE' type='hidden'><value>" NS_0129 "</value></field>");
	put_field(out, "url", buf_text(&url));
	put_field(out, "max-file-size", buf_text(&size));
	buf_puts(out, "</x>");
	buf_free(&url);
	buf_free(&size);
}

/* Who knows this node, answers; else nobody does. */
static void answer_node(struct xmpp *xmpp, const struct stanza *stanza, const char *node)
{
	const struct xmpp_extension *extension;

	for (size_t i = 0; (extension = xmpp_extension(xmpp, i)); i++)
		if (extension->node && extension->node(extension->arg, stanza, node))
			return;
	xmpp_reply_error(xmpp, stanza, "cancel", "item-not-found");
}

static void put_features(struct buf *out, const char *const *names)
{
	for (; *names; names++)
		xml_write(out, "<feature var='", *names, "'/>", NULL);
}

static void put_identity(struct buf *out, const char *category, const char *type)
{
	xml_write(out, "<identity category='", category, "' type='", type, "' name='Missive'/>",
		NULL);
}

void disco_info(struct xmpp *xmpp, const struct stanza *stanza)
{
	const char *node = xml_attribute(stanza->payload, "node");
	const struct xmpp_extension *extension;
	struct buf payload = {0};

	if (node) {
		answer_node(xmpp, stanza, node);
		return;
	}
	buf_puts(&payload, "<query xmlns='" NS_INFO "'>");
	for (size_t i = 0; (extension = xmpp_extension(xmpp, i)); i++)
		if (extension->category)
			put_identity(&payload, extension->category, extension->type);
	put_identity(&payload, "component", "generic");
	put_features(&payload, features);
	for (size_t i = 0; (extension = xmpp_extension(xmpp, i)); i++)
		put_features(&payload, extension->features);
	put_form(&payload, xmpp_options_of(xmpp));
	for (size_t i = 0; (extension = xmpp_extension(xmpp, i)); i++)
		if (extension->describe)
			extension->describe(extension->arg, &payload);
	buf_puts(&payload, "</query>");
	xmpp_reply(xmpp, stanza, &payload);
	buf_free(&payload);
}

void disco_items(struct xmpp *xmpp, const struct stanza *stanza)
{
	const char *node = xml_attribute(stanza->payload, "node");
	struct buf payload = {0};

	if (node) {
		answer_node(xmpp, stanza, node);
		return;
	}
	buf_puts(&payload, "<query xmlns='" NS_ITEMS "'/>");
	xmpp_reply(xmpp, stanza, &payload);
	buf_free(&payload);
}
