/* "My app passwords": what there are, and revoking them. */
#include "service/password.h"

#include "base/arena.h"
#include "base/codec.h"
#include "dav/request.h"
#include "service/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char chosen[] = "passwords";

/* Bytes of an encoded path, so that all passwords have room in one answer. */
enum { WHERE_SHOWN = 160 };

static const char *date(struct arena *arena, int64_t milliseconds)
{
	char text[21];

	iso_date_format(text, milliseconds / 1000);
	return arena_printf(arena, "%.10s", text);
}

int password_url(struct run *run, struct tx *tx, int64_t collection, const char **url)
{
	const struct jid account = {.bare = run->from->bare, .domain = run->from->domain};
	struct path path = {.collection = true};
	struct buf href = {0};
	struct walk walk;
	int result = store_chain(tx, run->arena, collection ? collection : STORE_ROOT, &walk);

	*url = NULL;
	if (result < 0 || walk.count == 0)
		return result;
	path.depth = walk.count - 1;
	walk.path = &path;
	result = right_of_account(run->dav, tx, &account, &walk, RIGHT_READ);
	if (result <= 0)
		return result;
	walk_href(&href, &walk);
	*url = arena_printf(run->arena, "%s%s", run->dav->base_url, buf_text(&href));
	buf_free(&href);
	return 0;
}

/*
 * For a person: "read-only, /photos/, made 2026-11-25, last used 2026-11-26, never expires"; lives in run->arena. A collection that is gone, or not theirs to
 * see any more, has no name. 0 or negative errno.
 */
static int describe(
	struct run *run, struct tx *tx, const struct password *password, const char **text)
{
	const char *where = "everything that you may see", *url;
	int error = 0;

	if (password->collection) {
		error = password_url(run, tx, password->collection, &url);
		if (error < 0)
			return error;
		where = url ? url + strlen(run->dav->base_url)
			    : "a folder that is gone, or that you may not see any more";
	}
	*text = arena_printf(run->arena, "%s, %.*s%s, made %s, %s%s, %s%s",
		password->read_only ? "read-only" : "full", WHERE_SHOWN, where,
		strlen(where) > WHERE_SHOWN ? "\u2026" : "", date(run->arena, password->created),
		password->used ? "last used " : "never used",
		password->used ? date(run->arena, password->used) : "",
		password->expires ? "expires " : "never expires",
		password->expires ? date(run->arena, password->expires) : "");
	return 0;
}

static const char *number(struct arena *arena, int64_t value)
{
	return arena_printf(arena, "%" PRId64, value);
}

static const char *label_of(const struct password *password)
{
	return *password->label ? password->label : "(without a label)";
}

static const char not_all[] = "There is no room here for all that you have.";

/* Puts one into the form that is being made: a field of a result. 1; 0: there is no room for it; negative errno. */
static int put(struct run *run, struct tx *tx, const struct password *password)
{
	const char *text;
	int error = describe(run, tx, password, &text);

	if (error < 0)
		return error;
	return form_field(&run->form, &(struct form_field){number(run->arena, password->id),
					      "text-single", label_of(password), text});
}

static int list(struct run *run, struct tx *tx)
{
	struct password *passwords;
	size_t count;
	int error = store_passwords(tx, run->arena, run->from->bare, &passwords, &count);

	if (error < 0)
		return error;
	form_begin(&run->form, "result", "My app passwords", NULL);
	for (size_t i = 0; error >= 0 && i < count; i++)
		if ((error = put(run, tx, &passwords[i])) == 0)
			run->note = not_all;
	form_end(&run->form);
	if (count == 0)
		run->note = "You have no app passwords.";
	return error < 0 ? error : 0;
}

const struct command password_list_command = {
	.node = "password-list",
	.name = "My app passwords",
	.stages = {{false, list}},
};

static int ask_which(struct run *run, struct tx *tx)
{
	struct password *passwords;
	struct form_option *options;
	size_t count;
	int error = store_passwords(tx, run->arena, run->from->bare, &passwords, &count);

	if (error < 0)
		return error;
	if (count == 0) {
		run->note = "You have no app passwords.";
		run->completed = true;
		return 0;
	}
	options = arena_alloc(run->arena, count * sizeof(*options));
	for (size_t i = 0; error == 0 && i < count; i++) {
		const char *text = "";

		error = describe(run, tx, &passwords[i], &text);
		options[i].label =
			arena_printf(run->arena, "%s: %s", label_of(&passwords[i]), text);
		options[i].value = number(run->arena, passwords[i].id);
	}
	form_begin(&run->form, "form", "Revoke app passwords",
		"Clients that use one of these are let in no more.");
	if (!form_field(&run->form, &(struct form_field){.var = chosen,
					    .type = "list-multi",
					    .label = "App passwords",
					    .required = true,
					    .options = options,
					    .option_count = count}))
		run->note = not_all;
	form_end(&run->form);
	return error;
}

/* NULL: there is none of that number. */
static const struct password *find(const struct password *passwords, size_t count, const char *text)
{
	int64_t id;

	if (decimal_parse(text, &id) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (passwords[i].id == id)
			return &passwords[i];
	return NULL;
}

/* All that were chosen or none. */
static int revoke(struct run *run, struct tx *tx)
{
	struct password *passwords;
	const char *labels = "";
	size_t count, revoked = 0;
	int error = store_passwords(tx, run->arena, run->from->bare, &passwords, &count);

	form_begin(&run->form, "result", "Revoked", NULL);
	for (const struct form_value *one = run->submitted.values; error == 0 && one;
		one = one->next) {
		const struct password *password;

		if (strcmp(one->var, chosen) != 0)
			continue;
		password = find(passwords, count, one->value);
		if (!password)
			return run_refuse(run, "item-not-found",
				arena_printf(run->arena,
					"You have no app password of the number %.64s: nothing is "
					"revoked.",
					one->value));
		error = put(run, tx, password);
		/* 0: it was chosen twice. */
		if (error >= 0)
			error = store_password_remove(tx, run->from->bare, password->id);
		if (error == 1)
			labels = arena_join(run->arena, labels, revoked++ ? ", " : "",
				label_of(password), NULL);
		error = error < 0 ? error : 0;
	}
	form_end(&run->form);
	if (error == 0 && revoked == 0)
		return run_refuse(run, "bad-request", "Choose those that are to be revoked.");
	run_did(run, labels, NULL);
	run->note = arena_printf(run->arena, "Revoked: %zu.", revoked);
	return error;
}

const struct command password_revoke_command = {
	.node = "password-revoke",
	.name = "Revoke app passwords",
	.stages = {{false, ask_which}, {true, revoke}},
};
