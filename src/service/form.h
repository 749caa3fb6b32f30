/* Data forms (XEP-0004): what people are shown, and what they fill in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define NS_DATA "jabber:x:data"

struct arena;
struct buf;
struct xml_node;

/* ---- what was submitted ---- */

struct form_value {
	const char *var, *value;
	const struct form_value *next;
};
struct form {
	const struct form_value
		*values; /* in their order; a field with several stands there several times */
};

/* `x` is the form's element. Fields without var are passed over. The values live in the arena. */
struct form form_read(struct arena *arena, const struct xml_node *x);

/* The first value of that field; NULL: it is not there. */
const char *form_value(const struct form *form, const char *var);

/* ---- what is shown ---- */

struct form_option {
	const char *label, *value;
};

struct form_field {
	const char *var;
	const char *type;  /* "text-single", "list-multi", ... */
	const char *label; /* NULL: none */
	const char *
		value; /* what stands in it, or NULL; of "text-multi" and "jid-multi" each line is a value */
	bool required;
	const struct form_option *options;
	size_t option_count;
};

/* type: "form" or "result". Title and instructions: NULL for none. */
void form_begin(struct buf *out, const char *type, const char *title, const char *instructions);

/*
 * Bytes of a form: a server takes what is much larger for an attack. Options leave some room for the fields behind them.
 */
enum { FORM_MAX = 48 << 10, OPTIONS_MAX = 40 << 10 };

/* False: there is no room for it, or for all its options: what does not fit is left out. */
bool form_field(struct buf *out, const struct form_field *field);
void form_end(struct buf *out);
