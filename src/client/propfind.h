/* Reads properties of files (RFC 4918, 9.1). */
#pragma once

#define NS_DAV           "DAV:"
#define NS_0129          "http://www.xmpp.org/extensions/xep-0129.html#ns"
#define NS_MISSIVE       "urn:missive:dav"
#define PROPFIND_JIDLIST "<jidlist xmlns='" NS_0129 "'/>"

struct arena;
struct client;
struct xml_node;

/* The multistatus, in the client's arena; NULL: the reason was told. `properties` is markup of what DAV:prop asks for. */
const struct xml_node *propfind_run(
	struct client *client, const char *url, const char *depth, const char *properties);

/* A property that a response has with 200; NULL: it has none. */
const struct xml_node *propfind_property(
	struct arena *arena, const struct xml_node *response, const char *ns, const char *name);
