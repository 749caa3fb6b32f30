/*
 * The component: one stream to the XMPP server (XEP-0114), which comes back by itself, and a table of the stanzas
 * that it answers. All on the XMPP loop, but for xmpp_is_up() and the counts.
 */
#pragma once

#include "base/jid.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct buf;
struct loop;
struct xml_node;
struct xmpp;

struct xmpp_options {
	const char *server; /* host:port */
	const char *domain; /* the component's own JID */
	const char *secret;
	const char *base_url;   /* told to clients that look for us */
	uint64_t max_file_size; /* bytes; likewise */
};

/* The options' strings must outlive it. 0 or negative errno; that the server is away is no error. */
int xmpp_open(struct xmpp **xmpp, struct loop *loop, const struct xmpp_options *options);

/* Ends the stream. */
void xmpp_close(struct xmpp *xmpp);

/* Whether the handshake has succeeded and the stream stands. From any thread. */
bool xmpp_is_up(const struct xmpp *xmpp);

/* How often it has come up since the start; and how often it was lost, or could not be had. From any thread. */
uint64_t xmpp_ups(const struct xmpp *xmpp);
uint64_t xmpp_losses(const struct xmpp *xmpp);

/* Called on the XMPP loop each time the stream is up (true) or lost (false). One listener. */
void xmpp_on_link(struct xmpp *xmpp, void (*link)(void *arg, bool up), void *arg);

/* What clients are told from now on. */
void xmpp_set_max_file_size(struct xmpp *xmpp, uint64_t bytes);

/* What came in. `from` and `to` are normalised; stanzas without a valid from, or not to our domain, never get this far. */
struct stanza {
	const struct xml_node *node;
	struct jid from, to;
	const char *kind;      /* "iq", "message", "presence" */
	const char *type, *id; /* "" when absent */
	const struct xml_node
		*payload; /* the first child element of an iq; NULL when there is none */
	struct arena *arena;
};

const char *xmpp_domain(const struct xmpp *xmpp);

/* What another room answers for the component. Strings and tables must outlive it. */
struct xmpp_query {
	const char *type, *ns, *name; /* "get" or "set", and the payload's element */
	void (*answer)(void *arg, const struct stanza *stanza);
};
struct xmpp_extension {
	const struct xmpp_query *queries; /* ended by a row without type */
	const char *category,
		*type; /* an identity of disco#info that it gives the component; NULL: none */
	const char *const *features; /* of disco#info, NULL-terminated */
	void (*describe)(void *arg,
		struct buf *out); /* appends forms to disco#info (XEP-0128); NULL: none */
	/*
	 * disco#info or disco#items (the payload's namespace tells which) of a node: true when it has answered. NULL: no nodes.
	 */
	bool (*node)(void *arg, const struct stanza *stanza, const char *node);
	/* Each time the stream is up (true) or lost (false). NULL: it does not matter. */
	void (*link)(void *arg, bool up);
	void *arg;
};
enum { XMPP_EXTENSIONS = 8 };
void xmpp_extend(struct xmpp *xmpp, const struct xmpp_extension *extension);

/* Queues bytes that are one whole stanza. -ENOTCONN: dropped, the link is down; -ENOBUFS: dropped, too much waits; -EMSGSIZE: dropped, a
 * server might end the stream for it. */
int xmpp_send(struct xmpp *xmpp, const struct buf *stanza);

/* Whether all that was queued has been taken by the system; what is broken is noticed behind it. Not within an answer to a stanza. */
bool xmpp_flush(struct xmpp *xmpp);

#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

/* An error of RFC 6120, 8.3. */
struct xmpp_error {
	const char *type, *condition;
	const char *text;     /* a sentence for a person; NULL: none */
	const char *specific; /* markup of an application's own condition; NULL: none */
};

/*
 * Answers an iq: result with this payload (markup; NULL: empty), or an error. Of the stanza its kind, from, id and arena are used.
 */
void xmpp_reply(struct xmpp *xmpp, const struct stanza *stanza, const struct buf *payload);
void xmpp_reply_error(
	struct xmpp *xmpp, const struct stanza *stanza, const char *type, const char *condition);
void xmpp_refuse(struct xmpp *xmpp, const struct stanza *stanza, const struct xmpp_error *error);
