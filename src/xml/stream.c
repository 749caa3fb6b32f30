#include "base/buf.h"
#include "xml/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

const struct xml_limits xml_limits_stanza = {
	.bytes = 64 << 10,
	.depth = 32,
	.elements = 1024,
	.attributes = 64,
	.all_attributes = 2048,
	.namespaces = 256,
	.namespace_bytes = 1024,
};

/*
 * A tag that has not ended after this many bytes is no stanza of any server. They take up to 512 KiB from strangers, and write each
 * quotation mark in it as six bytes: what they hand on is up to 3 MiB.
 */
enum { TAG_MAX = 8 << 20 };

/* What expat holds of a tag it reads anew with whatever is added: beyond this it is given no more until the tag may have ended. */
enum { READ_AGAIN_MAX = 64 << 10 };

struct xml_stream {
	struct tree tree; /* of the child that is being read; first, for tree.c */
	const struct xml_stream_handler *handler;
	void *arg;
	size_t depth;    /* of open elements, the root's included */
	XML_Index begin; /* where the child begins */
	XML_Index fed;
	struct buf held; /* to be fed */
};

static void on_namespace(void *arg, const XML_Char *prefix, const XML_Char *ns)
{
	tree_namespace(&((struct xml_stream *)arg)->tree, prefix, ns);
}

static void measure(struct xml_stream *stream)
{
	XML_Index at = XML_GetCurrentByteIndex(stream->tree.parser);

	if ((size_t)(at - stream->begin) > stream->tree.limits->bytes)
		stream->tree.too_large = true;
}

static void on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct xml_stream *stream = arg;
	struct tree *tree = &stream->tree;

	stream->depth++;
	if (stream->depth == 1) {
		struct xml_node *root = tree_start(tree, name, attributes);

		stream->handler->start(stream->arg, root);
		tree_clear(tree);
		arena_reset(tree->arena);
		return;
	}
	if (stream->depth == 2)
		stream->begin = XML_GetCurrentByteIndex(tree->parser);
	measure(stream);
	tree_start(tree, name, attributes);
}

static void on_text(void *arg, const XML_Char *text, int length)
{
	struct xml_stream *stream = arg;

	if (stream->depth < 2)
		return;
	measure(stream);
	tree_text(&stream->tree, text, length);
}

static void hand_over(struct xml_stream *stream)
{
	struct tree *tree = &stream->tree;

	if (tree->too_large) {
		tree->root->child = NULL;
		stream->handler->too_large(stream->arg, tree->root);
	} else {
		stream->handler->stanza(stream->arg, tree->arena, tree->root);
	}
	tree_clear(tree);
	arena_reset(tree->arena);
}

static void on_end(void *arg, const XML_Char *name)
{
	struct xml_stream *stream = arg;

	if (--stream->depth == 0) {
		stream->handler->end(stream->arg);
		return;
	}
	measure(stream);
	tree_end(&stream->tree);
	if (stream->depth == 1)
		hand_over(stream);
}

struct xml_stream *xml_stream_new(
	const struct xml_stream_handler *handler, void *arg, const struct xml_limits *limits)
{
	struct xml_stream *stream = calloc(1, sizeof(*stream));
	XML_Parser parser;

	if (!stream)
		abort();
	stream->handler = handler;
	stream->arg = arg;
	stream->tree.limits = limits;
	stream->tree.arena = arena_new();
	stream->tree.parser = parser = tree_parser_new(stream);
	XML_SetNamespaceDeclHandler(parser, on_namespace, NULL);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetReparseDeferralEnabled(parser, XML_FALSE);
	return stream;
}

static int parse(struct xml_stream *stream, const char *bytes, size_t length)
{
	if (length > INT_MAX ||
		XML_Parse(stream->tree.parser, bytes, (int)length, XML_FALSE) != XML_STATUS_OK)
		return -EINVAL;
	stream->fed += (XML_Index)length;
	return 0;
}

/* Bytes of a tag, or of what else has not ended, that have been fed. */
static size_t pending(const struct xml_stream *stream)
{
	return (size_t)(stream->fed - XML_GetCurrentByteIndex(stream->tree.parser));
}

int xml_stream_feed(struct xml_stream *stream, const char *bytes, size_t length)
{
	struct buf *held = &stream->held;
	int error;

	if (pending(stream) <= READ_AGAIN_MAX)
		return parse(stream, bytes, length);
	buf_append(held, bytes, length);
	if (pending(stream) + held->len > TAG_MAX)
		return -EINVAL;
	if (!memchr(bytes, '>', length))
		return 0;
	error = parse(stream, held->data, held->len);
	buf_free(held);
	return error;
}

void xml_stream_free(struct xml_stream *stream)
{
	if (!stream)
		return;
	tree_free(&stream->tree);
	arena_free(stream->tree.arena);
	buf_free(&stream->held);
	free(stream);
}
