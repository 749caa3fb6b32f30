/* How expat's events become a tree; document.c and stream.c are the two uses. Within this room only. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "xml/reader.h"

#include <expat.h>

struct tree {
	XML_Parser parser;
	const struct xml_limits *limits;
	struct arena *arena; /* nodes are taken from it */
	struct xml_node *root;
	struct xml_node *open; /* the innermost open element; NULL outside the root */
	size_t depth, elements, all_attributes, namespaces;
	struct xml_binding *bindings, **bindings_end; /* told before their element starts */
	struct buf text;                              /* since the last tag */
	bool too_large; /* a limit was passed: nothing is added any more */
};

/* A parser for namespaces, which refuses a DOCTYPE. Its events must be wired to the functions below. */
XML_Parser tree_parser_new(void *arg);

void tree_namespace(struct tree *tree, const XML_Char *prefix, const XML_Char *ns);

/* Returns the element, also when it is over a limit: then with what fits of its attributes. */
struct xml_node *tree_start(struct tree *tree, const XML_Char *name, const XML_Char **attributes);
void tree_text(struct tree *tree, const XML_Char *text, int length);
void tree_end(struct tree *tree);

/* Empty again, for the next child of a stream; the arena is the caller's. */
void tree_clear(struct tree *tree);
void tree_free(struct tree *tree);
