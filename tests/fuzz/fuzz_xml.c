/*
 * XML from strangers: as a document, and as what a stream hands over. What was read and is written again reads the same; a stream is the
 * same wherever it is cut.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdlib.h>

static const struct xml_attribute *attribute_of(
	const struct xml_node *node, const char *ns, const char *name)
{
	for (const struct xml_attribute *one = node->attributes; one; one = one->next)
		if (same(one->ns, ns) && same(one->name, name))
			return one;
	return NULL;
}

/* The same elements, attributes and text; a copy that stands alone may declare more namespaces. */
static void compare(const struct xml_node *a, const struct xml_node *b, size_t *nodes)
{
	for (; a && b; a = a->next, b = b->next) {
		++*nodes;
		assert(!a->name == !b->name);
		if (!a->name) {
			assert(same(a->text, b->text));
			continue;
		}
		assert(same(a->name, b->name) && same(a->ns, b->ns) && same(a->prefix, b->prefix));
		for (const struct xml_attribute *one = a->attributes; one; one = one->next) {
			const struct xml_attribute *other = attribute_of(b, one->ns, one->name);

			assert(other && same(one->value, other->value));
		}
		compare(a->child, b->child, nodes);
	}
	assert(!a && !b);
}

static size_t attributes_of(const struct xml_node *node)
{
	size_t count = 0;

	for (const struct xml_attribute *one = node->attributes; one; one = one->next)
		count++;
	return count;
}

/* What the limits say holds for what was let in. */
static size_t measure(const struct xml_node *node, size_t depth)
{
	size_t elements = 0;

	assert(depth <= xml_limits_dav.depth || !node || !node->name);
	for (; node; node = node->next) {
		if (!node->name)
			continue;
		assert(attributes_of(node) <= xml_limits_dav.attributes);
		assert(strlen(node->ns) <= xml_limits_dav.namespace_bytes);
		elements += 1 + measure(node->child, depth + 1);
	}
	return elements;
}

/* Each element can stand alone (RFC 4918, 4.3). */
static void check_written(struct arena *arena, const struct xml_node *node)
{
	/* What is written may declare each namespace anew and escape each character: it is larger than what was let in. */
	static const struct xml_limits wide = {
		4 << 20, 64, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20};
	struct xml_node *again;
	struct buf out = {0};
	size_t nodes = 0;
	int error;

	xml_write_node(&out, node);
	error = xml_read(arena, out.data, out.len, &wide, &again);
	assert(error == 0 || error == -E2BIG);
	if (error == 0) {
		struct xml_node alone = *node;

		alone.next = NULL;
		compare(&alone, again, &nodes);
		assert((xml_lang(node) == NULL) == (xml_lang(again) == NULL));
		assert(!xml_lang(node) || same(xml_lang(node), xml_lang(again)));
	}
	buf_free(&out);
}

static void check_document(const char *bytes, size_t size)
{
	struct arena *arena = arena_new();
	struct xml_node *root;
	int error = xml_read(arena, bytes, size, &xml_limits_dav, &root);

	assert(error == 0 || error == -EINVAL || error == -E2BIG);
	if (error == 0) {
		assert(root && root->name && !root->next);
		assert(measure(root, 1) <= xml_limits_dav.elements);
		check_written(arena, root);
		for (const struct xml_node *one = xml_first_element(root); one;
			one = xml_next_element(one)) {
			check_written(arena, one);
			assert(strlen(xml_text_trimmed(arena, one)) <=
				strlen(xml_text(arena, one)));
			assert(xml_child(root, one->ns, one->name));
		}
	}
	arena_free(arena);
}

/* ---- streams ---- */

static void on_start(void *arg, const struct xml_node *root)
{
	xml_write(arg, "start ", root->name, " ", root->ns, "\n", NULL);
}

static void on_stanza(void *arg, struct arena *arena, const struct xml_node *node)
{
	buf_puts(arg, "stanza ");
	xml_write_node(arg, node);
	buf_puts(arg, "\n");
}

static void on_too_large(void *arg, const struct xml_node *node)
{
	assert(node && node->name && !node->child);
	xml_write(arg, "too large ", node->name, "\n", NULL);
}

static void on_end(void *arg)
{
	buf_puts(arg, "end\n");
}

static const struct xml_stream_handler handler = {on_start, on_stanza, on_too_large, on_end};

/* 0 or -EINVAL; what was heard. */
static int feed(const char *bytes, size_t size, size_t piece, struct buf *heard)
{
	/* So small that inputs of some kB go over them. */
	static const struct xml_limits limits = {1024, 8, 32, 8, 64, 16, 64};
	struct xml_stream *stream = xml_stream_new(&handler, heard, &limits);
	int error = 0;

	for (size_t at = 0; error == 0 && at < size; at += piece)
		error = xml_stream_feed(stream, bytes + at, piece < size - at ? piece : size - at);
	xml_stream_free(stream);
	buf_text(heard);
	return error;
}

static void check_stream(const char *bytes, size_t size)
{
	struct buf whole = {0}, pieces = {0};
	int error = feed(bytes, size, size, &whole);

	/* What is wrong in UTF-16 expat may tell of only with the next bytes. */
	assert(error == feed(bytes, size, 1 + size / 64, &pieces) || memchr(bytes, '\0', size));
	assert(same(whole.data, pieces.data));
	buf_free(&whole);
	buf_free(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	check_document((const char *)bytes, size);
	if (size > 0)
		check_stream((const char *)bytes, size);
	return 0;
}
