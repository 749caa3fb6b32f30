/* App passwords of the user's own: what `missive password` does. */
#include "base/arena.h"
#include "base/text.h"
#include "client/client.h"
#include "client/command.h"
#include "client/discover.h"
#include "xml/reader.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So that the list tells later where it was made. */
static const char *usual_label(struct client *client)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) < 0 || !*host)
		return "made by missive";
	return arena_printf(client->arena, "made by missive on %.200s", host);
}

/* The password alone goes to standard output, so that a script can take it. */
static int new_password(struct client *client, const char *service, int argc, char **argv)
{
	const struct call_value values[] = {
		{"label", client->label ? client->label : usual_label(client)},
		{"right", client->read_only ? "read-only" : "full"},
		{"collection", client->collection ? client->collection : ""},
		{"expires", client->expires ? client->expires : "never"},
	};
	const char *password, *url, *name;
	struct call call;

	if (argc > 0)
		return client_fail("password new takes options only: %s is none", argv[0]);
	if (call_begin(client, &call, service, "password-new") ||
		call_submit(client, &call, values, sizeof(values) / sizeof(*values)))
		return 1;
	password = call_value_of(client, &call, "password");
	url = call_value_of(client, &call, "url");
	name = call_value_of(client, &call, "username");
	if (!password || !url || !name)
		return client_fail(
			"%s: the answer cannot be read; see missive password ls", service);
	fprintf(stderr,
		"URL:        %s\nUser name:  %s\nPassword:   the line below; it is shown this "
		"once\n",
		url, name);
	printf("%s\n", password);
	return 0;
}

static void print_fields(struct client *client, const struct call *call, FILE *out)
{
	for (const struct xml_node *field = call_field(call, NULL); field;
		field = call_field(call, field)) {
		const char *id = xml_attribute(field, "var"),
			   *label = xml_attribute(field, "label");

		if (id && label && text_is_presentable(id) && text_is_presentable(label))
			fprintf(out, "%6s  %s: %s\n", id, label, call_value(client, field));
	}
}

static int list_passwords(struct client *client, const char *service, int argc, char **argv)
{
	struct call call;

	if (argc > 0)
		return client_fail("password ls takes no arguments: %s is one", argv[0]);
	if (call_begin(client, &call, service, "password-list"))
		return 1;
	print_fields(client, &call, stdout);
	return 0;
}

static int revoke_passwords(struct client *client, const char *service, int argc, char **argv)
{
	struct call_value *values =
		arena_alloc(client->arena, ((size_t)argc + 1) * sizeof(*values));
	struct call call;

	if (argc == 0)
		return client_fail("password rm takes the numbers that password ls shows");
	for (int i = 0; i < argc; i++)
		values[i] = (struct call_value){"passwords", argv[i]};
	if (call_begin(client, &call, service, "password-revoke"))
		return 1;
	if (call.completed)
		return client_fail("%s: %s", service, call_note(client, &call));
	if (call_submit(client, &call, values, (size_t)argc))
		return 1;
	fputs("missive: revoked:\n", stderr);
	print_fields(client, &call, stderr);
	return 0;
}

/* clang-format off */
static const struct {
	const char *name;
	int (*run)(struct client *client, const char *service, int argc, char **argv);
} actions[] = {
	{"new", new_password},
	{"ls",  list_passwords},
	{"rm",  revoke_passwords},
};
/* clang-format on */

int password_command(struct client *client, int argc, char **argv)
{
	struct services services;

	for (size_t i = 0; argc > 0 && i < sizeof(actions) / sizeof(*actions); i++)
		if (strcmp(argv[0], actions[i].name) == 0)
			return discover(client, &services)
				       ? 1
				       : actions[i].run(client, services.files, argc - 1, argv + 1);
	return client_fail(
		"password takes new, ls or rm, as in missive password new --label laptop");
}
