/* "New app password": for a WebDAV client that mounts or syncs, with a scope of its own. */
#include "auth/password.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/site.h"
#include "base/text.h"
#include "dav/request.h"
#include "service/commands.h"
#include "service/password.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { LABEL_MAX = 255 };

#define TIME_MAX (3660 * 86400000ULL) /* ms */

static const struct form_option rights[] = {
	{"Everything that you may do", "full"},
	{"Reading only", "read-only"},
};

static const struct form_option times[] = {
	{"Never", "never"},
	{"In a day", "1d"},
	{"In a week", "1w"},
	{"In 30 days", "30d"},
	{"In a year", "365d"},
};

/* 1: this account has to do with us, so strangers do not fill the table; 0: it has not; negative errno. */
static int is_welcome(const struct run *run, struct tx *tx)
{
	const struct jid account = {.bare = run->from->bare, .domain = run->from->domain};
	struct path path = {.collection = true};
	struct walk walk;
	int error = store_walk(tx, run->arena, &path, &walk);

	return error < 0 ? error : right_of_account(run->dav, tx, &account, &walk, RIGHT_READ);
}

static int check_welcome(struct run *run, struct tx *tx)
{
	int welcome = is_welcome(run, tx);

	if (welcome == 0)
		return run_refuse(run, "forbidden",
			"Nothing here is yours or shared with you: an app password would be good "
			"for nothing.");
	return welcome < 0 ? welcome : 0;
}

static int ask(struct run *run, struct tx *tx)
{
	const struct form_field fields[] = {
		{"label", "text-single", "What it is for, as in: laptop", NULL, true},
		{"right", "list-single", "What it may be used for", "full", .options = rights,
			.option_count = sizeof(rights) / sizeof(*rights)},
		{"collection", "text-single", "For one folder alone: its URL; empty: for all"},
		{"expires", "list-single", "When it expires", "never", .options = times,
			.option_count = sizeof(times) / sizeof(*times)},
	};
	int error = check_welcome(run, tx);

	if (error < 0)
		return error;
	form_begin(&run->form, "form", "New app password",
		"For a WebDAV client that mounts or syncs: with it nobody is asked over XMPP.");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		form_field(&run->form, &fields[i]);
	form_end(&run->form);
	return 0;
}

/* What was filled in; "" when nothing was. */
static const char *filled(const struct run *run, const char *var)
{
	const char *value = form_value(&run->submitted, var);

	return value ? value : "";
}

static int read_label(struct run *run, struct password *password)
{
	password->label = filled(run, "label");
	if (!*password->label)
		return run_refuse(
			run, "bad-request", "It needs a label, so that you know it again.");
	if (strlen(password->label) > LABEL_MAX || !text_is_presentable(password->label))
		return run_refuse(run, "bad-request", "The label is too long, or cannot be shown.");
	return 0;
}

static int read_right(struct run *run, struct password *password)
{
	const char *right = filled(run, "right");

	password->read_only = strcmp(right, "read-only") == 0;
	if (*right && !password->read_only && strcmp(right, "full") != 0)
		return run_refuse(run, "bad-request", "The right is full or read-only.");
	return 0;
}

static int read_expires(struct run *run, struct password *password)
{
	const char *text = filled(run, "expires");
	struct timespec now;
	uint64_t time;

	password->expires = 0;
	if (!*text || strcmp(text, "never") == 0)
		return 0;
	if (duration_parse(text, &time) < 0 || time == 0 || time > TIME_MAX)
		return run_refuse(run, "bad-request",
			"When it expires is never, or a time as in 12h, 7d or 4w, of ten years at "
			"most.");
	clock_gettime(CLOCK_REALTIME, &now);
	password->expires = (int64_t)now.tv_sec * 1000 + (int64_t)time;
	return 0;
}

/* A collection that they may see; the root is all. */
static int read_collection(struct run *run, struct tx *tx, struct password *password)
{
	const struct jid account = {.bare = run->from->bare, .domain = run->from->domain};
	const char *text = filled(run, "collection");
	struct path path;
	struct walk walk;
	int result;

	password->collection = 0;
	if (!*text)
		return 0;
	if (site_path(run->arena, run->dav->site, text, &path) < 0)
		return run_refuse(run, "bad-request",
			arena_printf(run->arena,
				"Name the folder by its URL, which begins with %s/, or by its "
				"path, as in /photos/.",
				run->dav->base_url));
	result = store_walk(tx, run->arena, &path, &walk);
	if (result == 0)
		result = right_of_account(run->dav, tx, &account, &walk, RIGHT_READ);
	if (result < 0)
		return result;
	if (result == 0 || !walk.chain[walk.count - 1].collection)
		return run_refuse(run, "item-not-found",
			"There is no folder of that name, or it is not for you.");
	if (path.depth > 0)
		password->collection = walk.chain[walk.count - 1].id;
	return 0;
}

static int show(struct run *run, struct tx *tx, const struct password *made, const char *secret)
{
	const char *url;
	int error = password_url(run, tx, made->collection, &url);

	if (error < 0)
		return error;
	form_begin(&run->form, "result", "Your new app password", NULL);
	form_field(&run->form, &(struct form_field){"password", "text-single", "Password", secret});
	form_field(&run->form, &(struct form_field){"url", "text-single", "URL", url});
	form_field(&run->form,
		&(struct form_field){"username", "text-single", "User name", run->from->bare});
	form_field(&run->form, &(struct form_field){"label", "text-single", "Label", made->label});
	form_end(&run->form);
	run->note = arena_printf(run->arena,
		"It is shown this once. In your WebDAV client type the URL %s, the user name %s "
		"and this password.",
		url, run->from->bare);
	return 0;
}

static int make(struct run *run, struct tx *tx)
{
	char secret[PASSWORD_TEXT];
	struct password asked = {0}, kept;
	int error = check_welcome(run, tx);

	if (error == 0)
		error = read_label(run, &asked);
	if (error == 0)
		error = read_right(run, &asked);
	if (error == 0)
		error = read_expires(run, &asked);
	if (error == 0)
		error = read_collection(run, tx, &asked);
	if (error < 0)
		return error;
	password_mint(secret);
	kept = password_kept(run->arena, run->from->bare, asked.label, secret);
	kept.read_only = asked.read_only;
	kept.collection = asked.collection;
	kept.expires = asked.expires;
	error = store_password_make(tx, &kept);
	if (error == -EDQUOT)
		return run_refuse(run, "resource-constraint",
			arena_printf(run->arena,
				"You have %d app passwords already. Revoke those that you do not "
				"use.",
				STORE_PASSWORDS_MAX));
	run_did(run, asked.label, NULL);
	return error < 0 ? error : show(run, tx, &kept, secret);
}

const struct command password_new_command = {
	.node = "password-new",
	.name = "New app password",
	.stages = {{false, ask}, {true, make}},
};
