/* For administrators: who uses how much, whose a URL is, deleting, and purging an account. */
#include "base/arena.h"
#include "service/commands.h"
#include "service/file.h"

#include <inttypes.h>

enum { ACCOUNTS_SHOWN = 200, PURGED_AT_ONCE = 200 };

/* False: there is no more room. */
static bool show_account(struct run *run, const struct account_usage *account)
{
	const struct usage *usage = &account->usage;

	return form_field(&run->form,
		&(struct form_field){account->owner, "text-single", account->owner,
			arena_printf(run->arena, "%s (%" PRIu64 "), %" PRIu64 " resources",
				file_size(run->arena, usage->bytes), usage->bytes,
				usage->resources)});
}

static int show_usage(struct run *run, struct tx *tx)
{
	struct account_usage *usages;
	size_t count, shown = 0;
	int error = store_usages(tx, run->arena, ACCOUNTS_SHOWN + 1, &usages, &count);

	if (error < 0)
		return error;
	form_begin(&run->form, "result", "Usage by account", NULL);
	while (shown < count && shown < ACCOUNTS_SHOWN && show_account(run, &usages[shown]))
		shown++;
	form_end(&run->form);
	if (count > shown)
		run->note = arena_printf(run->arena, "These are the %zu that use most.", shown);
	return 0;
}

const struct command usage_command = {
	.node = "usage",
	.name = "Usage by account",
	.for_admins = true,
	.stages = {{false, show_usage}},
};

/* ---- find ---- */

static int ask_url(struct run *run, struct tx *tx)
{
	form_begin(&run->form, "form", "Find the uploader of a URL", NULL);
	form_field(&run->form, &(struct form_field){"url", "text-single", "URL", NULL, true});
	form_end(&run->form);
	return 0;
}

static int show_url(struct run *run, struct tx *tx)
{
	const char *url = form_value(&run->submitted, "url"), *sharing;
	const struct resource *resource;
	struct walk walk;
	int error = file_find(run, tx, url ? url : "", true, &walk);

	if (error < 0)
		return error;
	resource = &walk.chain[walk.count - 1];
	error = file_sharing(run, tx, resource, &sharing);
	if (error < 0)
		return error;
	form_begin(&run->form, "result", resource->spelling, NULL);
	form_field(&run->form,
		&(struct form_field){"owner", "jid-single", "Uploader", resource->owner});
	form_field(&run->form,
		&(struct form_field){"url", "text-single", "URL", file_url(run, &walk)});
	form_field(&run->form, &(struct form_field){"created", "text-single", "Made",
				       file_time(run->arena, resource->created)});
	form_field(&run->form, &(struct form_field){"facts", "text-single", "What it is",
				       file_facts(run, resource)});
	form_field(&run->form,
		&(struct form_field){"readers", "text-single", "Its own list", sharing});
	form_end(&run->form);
	return 0;
}

const struct command find_command = {
	.node = "find",
	.name = "Find the uploader of a URL",
	.for_admins = true,
	.stages = {{false, ask_url}, {false, show_url}},
};

/* ---- delete ---- */

static int ask_urls(struct run *run, struct tx *tx)
{
	form_begin(&run->form, "form", "Delete anybody's files",
		"What is named is deleted for good, a folder with all that is in it.");
	form_field(&run->form,
		&(struct form_field){"urls", "text-multi", "URLs, one a line", NULL, true});
	form_end(&run->form);
	return 0;
}

static int delete_urls(struct run *run, struct tx *tx)
{
	int count = file_each(run, tx, true, file_delete);

	if (count > 0)
		run->note = arena_printf(run->arena, "Deleted: %d.", count);
	return count < 0 ? count : 0;
}

const struct command delete_command = {
	.node = "delete",
	.name = "Delete anybody's files",
	.for_admins = true,
	.stages = {{false, ask_urls}, {true, delete_urls}},
};

/* ---- purge ---- */

static int ask_account(struct run *run, struct tx *tx)
{
	form_begin(&run->form, "form", "Purge an account",
		"All its files, its uploads that are not whole or not begun yet, and its app "
		"passwords are deleted for good.");
	form_field(&run->form, &(struct form_field){"jid", "jid-single", "Account", NULL, true});
	form_end(&run->form);
	return 0;
}

/* What an account owns lies in the root, with all that is below it: nobody creates in what is another's. */
static int purge(struct run *run, struct tx *tx)
{
	const char *text = form_value(&run->submitted, "jid");
	struct resource *members;
	size_t count = 0;
	struct jid jid;
	int error;

	if (!text || jid_parse(run->arena, text, &jid) < 0 || !jid_is_bare(&jid) ||
		!jid_has_localpart(&jid))
		return run_refuse(run, "bad-request",
			"Name the account by its bare JID, as in romeo@montague.lit.");
	error = store_root_owned(tx, run->arena, jid.bare, NULL, PURGED_AT_ONCE, &members, &count);
	for (size_t i = 0; error == 0 && i < count; i++)
		error = store_delete(tx, &members[i]);
	if (error == 0)
		error = store_partials_remove(tx, jid.bare);
	if (error == 0)
		error = store_slots_remove(tx, jid.bare);
	if (error == 0)
		error = store_passwords_remove(tx, jid.bare);
	if (error < 0)
		return error;
	run->again = count == PURGED_AT_ONCE;
	run->note = arena_printf(run->arena, "%s is purged.", jid.bare);
	run_did(run, jid.bare, NULL);
	return 0;
}

const struct command purge_command = {
	.node = "purge",
	.name = "Purge an account",
	.for_admins = true,
	.stages = {{false, ask_account}, {true, purge}},
};
