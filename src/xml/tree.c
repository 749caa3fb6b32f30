#include "xml/tree.h"

#include <stdlib.h>
#include <string.h>

/* Between namespace, local name and prefix; expat refuses it inside a namespace. */
enum { SEPARATOR = '\n' };

/* RFC 4918, 20.6: entities are a way to make a server read and to fill its memory; nothing here needs them. */
static void doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public,
	int internal)
{
	/* expat hands out what XML_SetUserData() was given, and each use keeps its parser first in it. */
	XML_StopParser(*(XML_Parser *)arg, XML_FALSE);
}

XML_Parser tree_parser_new(void *arg)
{
	XML_Parser parser = XML_ParserCreateNS(NULL, SEPARATOR);

	if (!parser)
		abort();
	XML_SetReturnNSTriplet(parser, XML_TRUE);
	XML_SetUserData(parser, arg);
	XML_SetStartDoctypeDeclHandler(parser, doctype);
	return parser;
}

/* "ns SEPARATOR name SEPARATOR prefix", the first and the last of which may be missing. */
static void split(struct arena *arena, const XML_Char *triplet, const char **ns, const char **name,
	const char **prefix)
{
	char *text = arena_strdup(arena, triplet), *second, *third;

	*ns = *prefix = "";
	*name = text;
	second = strchr(text, SEPARATOR);
	if (!second)
		return;
	*second++ = '\0';
	*ns = text;
	*name = second;
	third = strchr(second, SEPARATOR);
	if (!third)
		return;
	*third++ = '\0';
	*prefix = third;
}

void tree_namespace(struct tree *tree, const XML_Char *prefix, const XML_Char *ns)
{
	struct xml_binding *binding;

	if (++tree->namespaces > tree->limits->namespaces ||
		(ns && strlen(ns) > tree->limits->namespace_bytes))
		tree->too_large = true;
	if (tree->too_large)
		return;
	if (!tree->bindings)
		tree->bindings_end = &tree->bindings;
	binding = arena_alloc(tree->arena, sizeof(*binding));
	binding->prefix = prefix ? arena_strdup(tree->arena, prefix) : "";
	binding->ns = ns ? arena_strdup(tree->arena, ns) : "";
	*tree->bindings_end = binding;
	tree->bindings_end = &binding->next;
}

static void append(struct tree *tree, struct xml_node *node)
{
	struct xml_node *parent = tree->open;

	node->parent = parent;
	if (!parent)
		tree->root = node;
	else if (parent->last_child)
		parent->last_child->next = node;
	else
		parent->child = node;
	if (parent)
		parent->last_child = node;
}

static void flush_text(struct tree *tree)
{
	struct xml_node *node;

	if (tree->text.len == 0 || !tree->open)
		return;
	node = arena_alloc(tree->arena, sizeof(*node));
	node->ns = node->prefix = "";
	node->text = arena_strndup(tree->arena, tree->text.data, tree->text.len);
	append(tree, node);
	tree->text.len = 0;
}

static void add_attributes(struct tree *tree, struct xml_node *node, const XML_Char **attributes)
{
	struct xml_attribute **end = &node->attributes;

	for (size_t i = 0; attributes[2 * i]; i++) {
		struct xml_attribute *attribute;

		if (i == tree->limits->attributes ||
			++tree->all_attributes > tree->limits->all_attributes) {
			tree->too_large = true;
			return;
		}
		attribute = arena_alloc(tree->arena, sizeof(*attribute));
		split(tree->arena, attributes[2 * i], &attribute->ns, &attribute->name,
			&attribute->prefix);
		attribute->value = arena_strdup(tree->arena, attributes[2 * i + 1]);
		*end = attribute;
		end = &attribute->next;
	}
}

struct xml_node *tree_start(struct tree *tree, const XML_Char *name, const XML_Char **attributes)
{
	struct xml_node *node;

	tree->depth++;
	if (tree->depth > tree->limits->depth || ++tree->elements > tree->limits->elements)
		tree->too_large = true;
	if (tree->too_large && tree->root)
		return NULL;
	flush_text(tree);
	node = arena_alloc(tree->arena, sizeof(*node));
	split(tree->arena, name, &node->ns, &node->name, &node->prefix);
	node->bindings = tree->bindings;
	tree->bindings = NULL;
	add_attributes(tree, node, attributes);
	append(tree, node);
	tree->open = node;
	return node;
}

void tree_text(struct tree *tree, const XML_Char *text, int length)
{
	if (!tree->too_large && tree->open)
		buf_append(&tree->text, text, (size_t)length);
}

void tree_end(struct tree *tree)
{
	tree->depth--;
	if (tree->too_large)
		return;
	flush_text(tree);
	tree->open = tree->open->parent;
}

void tree_clear(struct tree *tree)
{
	tree->root = tree->open = NULL;
	tree->bindings = NULL;
	tree->depth = tree->elements = tree->all_attributes = tree->namespaces = 0;
	tree->text.len = 0;
	tree->too_large = false;
}

void tree_free(struct tree *tree)
{
	XML_ParserFree(tree->parser);
	buf_free(&tree->text);
}
