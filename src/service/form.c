#include "service/form.h"

#include "base/arena.h"
#include "base/buf.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <string.h>

struct form form_read(struct arena *arena, const struct xml_node *x)
{
	struct form form = {0};
	const struct form_value **end = &form.values;

	for (const struct xml_node *field = xml_first_element(x); field;
		field = xml_next_element(field)) {
		const char *var = xml_attribute(field, "var");

		if (!var || !xml_is(field, NS_DATA, "field"))
			continue;
		for (const struct xml_node *value = xml_first_element(field); value;
			value = xml_next_element(value)) {
			struct form_value *one;

			if (!xml_is(value, NS_DATA, "value"))
				continue;
			one = arena_alloc(arena, sizeof(*one));
			one->var = arena_strdup(arena, var);
			one->value = arena_strdup(arena, xml_text(arena, value));
			*end = one;
			end = &one->next;
		}
	}
	return form;
}

const char *form_value(const struct form *form, const char *var)
{
	for (const struct form_value *value = form->values; value; value = value->next)
		if (strcmp(value->var, var) == 0)
			return value->value;
	return NULL;
}

void form_begin(struct buf *out, const char *type, const char *title, const char *instructions)
{
	xml_write(out, "<x xmlns='" NS_DATA "' type='", type, "'>", NULL);
	if (title)
		xml_write(out, "<title>", title, "</title>", NULL);
	if (instructions)
		xml_write(out, "<instructions>", instructions, "</instructions>", NULL);
}

/* XEP-0004, 3.3: of these each line is a value. */
static bool has_lines(const char *type)
{
	return strcmp(type, "text-multi") == 0 || strcmp(type, "jid-multi") == 0;
}

static void put_values(struct buf *out, const char *type, const char *value)
{
	if (!has_lines(type)) {
		xml_write(out, "<value>", value, "</value>", NULL);
		return;
	}
	while (*value) {
		size_t length = strcspn(value, "\n");
		struct buf line = {0};

		buf_append(&line, value, length);
		xml_write(out, "<value>", buf_text(&line), "</value>", NULL);
		buf_free(&line);
		value += length + (value[length] == '\n');
	}
}

static bool put_option(struct buf *out, const struct form_option *option)
{
	size_t before = out->len;

	xml_write(out, "<option label='", option->label, "'><value>", option->value,
		"</value></option>", NULL);
	if (out->len <= OPTIONS_MAX)
		return true;
	out->len = before;
	return false;
}

bool form_field(struct buf *out, const struct form_field *field)
{
	size_t before = out->len;
	bool whole = true;

	xml_write(out, "<field type='", field->type, NULL);
	if (field->var)
		xml_write(out, "' var='", field->var, NULL);
	if (field->label)
		xml_write(out, "' label='", field->label, NULL);
	buf_puts(out, "'>");
	if (field->required)
		buf_puts(out, "<required/>");
	if (field->value)
		put_values(out, field->type, field->value);
	for (size_t i = 0; whole && i < field->option_count; i++)
		whole = put_option(out, &field->options[i]);
	buf_puts(out, "</field>");
	if (out->len <= FORM_MAX)
		return whole;
	out->len = before;
	return false;
}

void form_end(struct buf *out)
{
	buf_puts(out, "</x>");
}
