/* Ad-hoc commands (XEP-0050) of the file service, and the forms in them (XEP-0004). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct client;
struct xml_node;

/* One call of a command. What it points to lives in client->arena. */
struct call {
	const char *service, *node; /* the service's JID */
	const char *session;
	const struct xml_node *answer; /* the <command/> that came last */
	bool completed;
};

struct call_value {
	const char *var, *value; /* a field with several values stands there several times */
};

/* Each: 0, or 1 with the reason told. */
int call_begin(struct client *client, struct call *call, const char *service, const char *node);
int call_submit(
	struct client *client, struct call *call, const struct call_value *values, size_t count);

/* The fields of the form that came last, one after the other: `after` NULL is before the first. NULL: no more. */
const struct xml_node *call_field(const struct call *call, const struct xml_node *after);

/* The first value of a field; "" when it has none. */
const char *call_value(struct client *client, const struct xml_node *field);

/* The same by its name; NULL: there is no such field. */
const char *call_value_of(struct client *client, const struct call *call, const char *var);

/* The sentence beside the form; "": none. */
const char *call_note(struct client *client, const struct call *call);
