#include "base/arena.h"
#include "base/buf.h"
#include "xml/reader.h"

#include <string.h>

static const char xml_ns[] = "http://www.w3.org/XML/1998/namespace";

bool xml_is(const struct xml_node *node, const char *ns, const char *name)
{
	return node && node->name && strcmp(node->name, name) == 0 && strcmp(node->ns, ns) == 0;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *ns, const char *name)
{
	for (node = xml_first_element(node); node; node = xml_next_element(node))
		if (xml_is(node, ns, name))
			return node;
	return NULL;
}

const struct xml_node *xml_first_element(const struct xml_node *node)
{
	const struct xml_node *child = node ? node->child : NULL;

	return child && !child->name ? xml_next_element(child) : child;
}

const struct xml_node *xml_next_element(const struct xml_node *node)
{
	do {
		node = node->next;
	} while (node && !node->name);
	return node;
}

const char *xml_attribute(const struct xml_node *node, const char *name)
{
	for (const struct xml_attribute *one = node->attributes; one; one = one->next)
		if (!*one->prefix && strcmp(one->name, name) == 0)
			return one->value;
	return NULL;
}

const char *xml_text(struct arena *arena, const struct xml_node *node)
{
	struct buf text = {0};
	const char *joined;

	for (node = node->child; node; node = node->next)
		if (!node->name)
			buf_puts(&text, node->text);
	joined = arena_strdup(arena, buf_text(&text));
	buf_free(&text);
	return joined;
}

const char *xml_text_trimmed(struct arena *arena, const struct xml_node *node)
{
	static const char white[] = " \t\r\n";
	const char *text = xml_text(arena, node);
	size_t length;

	text += strspn(text, white);
	length = strlen(text);
	while (length > 0 && strchr(white, text[length - 1]))
		length--;
	return arena_strndup(arena, text, length);
}

const char *xml_lang(const struct xml_node *node)
{
	for (; node; node = node->parent)
		for (const struct xml_attribute *one = node->attributes; one; one = one->next)
			if (strcmp(one->ns, xml_ns) == 0 && strcmp(one->name, "lang") == 0)
				return one->value;
	return NULL;
}
