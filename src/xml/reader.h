/*
 * Reads XML from strangers into a small tree, through expat: stops at DOCTYPE, at any limit, at the first error. The
 * face of expat. Two uses: a whole document (a DAV body), and a stream of which each child of the root is handed over
 * (XEP-0114).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;

struct xml_attribute {
	const char *ns; /* "" when it has no prefix */
	const char *prefix;
	const char *name;
	const char *value;
	struct xml_attribute *next;
};

/* xmlns declarations that stand on an element, in document order. */
struct xml_binding {
	const char *prefix; /* "" for the default */
	const char *ns;
	struct xml_binding *next;
};

/* An element, or a run of text: then name is NULL and text holds it. */
struct xml_node {
	const char *ns, *prefix, *name; /* ns and prefix are "" when there are none */
	const char *text;
	struct xml_attribute *attributes;
	struct xml_binding *bindings;
	struct xml_node *parent, *child, *last_child, *next;
};

struct xml_limits {
	size_t bytes; /* of a document, or of one child of a stream's root */
	size_t depth; /* of elements */
	size_t elements;
	size_t attributes; /* on one element */
	size_t all_attributes;
	size_t namespaces;      /* declarations in all */
	size_t namespace_bytes; /* of one: every name in it is handed out with it */
};

extern const struct xml_limits xml_limits_dav; /* RULES "WebDAV" */
extern const struct xml_limits xml_limits_stanza;

/* 0; -EINVAL: not well-formed, or a DOCTYPE; -E2BIG: over a limit. The tree lives in the arena. */
int xml_read(struct arena *arena, const char *bytes, size_t length, const struct xml_limits *limits,
	struct xml_node **root);

bool xml_is(const struct xml_node *node, const char *ns, const char *name);
const struct xml_node *xml_child(const struct xml_node *node, const char *ns, const char *name);

/* The next element behind node among its siblings, NULL at the end; text is passed over. */
const struct xml_node *xml_first_element(const struct xml_node *node);
const struct xml_node *xml_next_element(const struct xml_node *node);

/* NULL when it is not there. Only attributes without a prefix. */
const char *xml_attribute(const struct xml_node *node, const char *name);

/* All the text directly inside, joined; "" when there is none. */
const char *xml_text(struct arena *arena, const struct xml_node *node);

/* The same without white space round it. */
const char *xml_text_trimmed(struct arena *arena, const struct xml_node *node);

/* The nearest xml:lang, looking upwards; NULL when there is none. */
const char *xml_lang(const struct xml_node *node);

/*
 * A stream: the root's start, then each child whole. `stanza` owns nothing after it returns: the arena
 * is reset. A child over a limit is skipped and told as `too_large` with its start tag alone, so that no stranger ends the
 * stream. Text between children is passed over.
 */
struct xml_stream;
struct xml_stream_handler {
	void (*start)(void *arg, const struct xml_node *root);
	void (*stanza)(void *arg, struct arena *arena, const struct xml_node *node);
	void (*too_large)(void *arg, const struct xml_node *start_tag);
	void (*end)(void *arg); /* </stream:stream> */
};
struct xml_stream *xml_stream_new(
	const struct xml_stream_handler *handler, void *arg, const struct xml_limits *limits);

/* 0, or -EINVAL: the stream is broken and must be closed. A handler must not free the stream. */
int xml_stream_feed(struct xml_stream *stream, const char *bytes, size_t length);
void xml_stream_free(struct xml_stream *stream);
