#include "xml/tree.h"

#include <errno.h>

const struct xml_limits xml_limits_dav = {
	.bytes = 256 << 10,
	.depth = 32,
	.elements = 4096,
	.attributes = 64,
	.all_attributes = 2048,
	.namespaces = 64,
	.namespace_bytes = 256,
};

/*
 * A tag is understood when it is whole, and with each attribute goes its namespace, which the same tag may make long: longer ones are
 * given up before they end.
 */
enum { PIECE = 1 << 10, TAG_MAX = 4 << 10 };

static void check(struct tree *tree)
{
	if (tree->too_large)
		XML_StopParser(tree->parser, XML_FALSE);
}

static void on_namespace(void *arg, const XML_Char *prefix, const XML_Char *ns)
{
	tree_namespace(arg, prefix, ns);
	check(arg);
}

static void on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	tree_start(arg, name, attributes);
	check(arg);
}

static void on_text(void *arg, const XML_Char *text, int length)
{
	tree_text(arg, text, length);
}

static void on_end(void *arg, const XML_Char *name)
{
	tree_end(arg);
}

static enum XML_Status parse(struct tree *tree, const char *bytes, size_t length)
{
	enum XML_Status status;
	size_t at = 0, piece;

	do {
		piece = length - at < PIECE ? length - at : PIECE;
		status = XML_Parse(tree->parser, bytes + at, (int)piece, at + piece == length);
		at += piece;
		if (status == XML_STATUS_OK && at < length &&
			(XML_Index)at - XML_GetCurrentByteIndex(tree->parser) > TAG_MAX)
			tree->too_large = true;
	} while (status == XML_STATUS_OK && at < length && !tree->too_large);
	return status;
}

int xml_read(struct arena *arena, const char *bytes, size_t length, const struct xml_limits *limits,
	struct xml_node **root)
{
	struct tree tree = {.limits = limits, .arena = arena};
	enum XML_Status status;

	*root = NULL;
	if (length > limits->bytes)
		return -E2BIG;
	if (length == 0)
		return -EINVAL;
	tree.parser = tree_parser_new(&tree);
	XML_SetNamespaceDeclHandler(tree.parser, on_namespace, NULL);
	XML_SetElementHandler(tree.parser, on_start, on_end);
	XML_SetCharacterDataHandler(tree.parser, on_text);
	XML_SetReparseDeferralEnabled(tree.parser, XML_FALSE);
	status = parse(&tree, bytes, length);
	*root = tree.root;
	tree_free(&tree);
	if (tree.too_large)
		return -E2BIG;
	return status == XML_STATUS_OK ? 0 : -EINVAL;
}
