#include "service/file.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/site.h"
#include "dav/request.h"
#include "dav/served.h"
#include "xmpp/language.h"

#include <errno.h>
#include <string.h>

/* What is said of one file, in bytes, so that many have room in one answer. */
enum { FETCHES_SHOWN = 20, SHARING_MAX = 1024, FETCHES_MAX = 2048 };

const char *file_url(struct run *run, const struct walk *walk)
{
	struct buf href = {0};
	const char *url;

	walk_href(&href, walk);
	url = arena_printf(run->arena, "%s%s", run->dav->base_url, buf_text(&href));
	buf_free(&href);
	return url;
}

struct walk file_in_root(struct run *run, const struct resource *member)
{
	struct resource *chain = arena_alloc(run->arena, 2 * sizeof(*chain));

	chain[0].id = STORE_ROOT;
	chain[1] = *member;
	return (struct walk){.chain = chain, .count = 2};
}

const char *file_size(struct arena *arena, uint64_t bytes)
{
	struct buf out = {0};
	const char *text;

	language_put_size(&out, language_of(NULL), bytes);
	text = arena_strdup(arena, buf_text(&out));
	buf_free(&out);
	return text;
}

const char *file_time(struct arena *arena, int64_t milliseconds)
{
	char date[21];

	iso_date_format(date, milliseconds / 1000);
	return arena_printf(arena, "%.10s %.5s UTC", date, date + 11);
}

const char *file_facts(struct run *run, const struct resource *resource)
{
	const char *time = file_time(run->arena, resource->modified);

	if (resource->collection)
		return arena_printf(run->arena, "a folder, %s", time);
	return arena_printf(run->arena, "%s, %s, %s", file_size(run->arena, resource->length),
		served_content_type(resource), time);
}

int file_sharing(struct run *run, struct tx *tx, const struct resource *resource, const char **text)
{
	struct buf out = {0};
	struct jid *jids;
	size_t count, shown = 0;
	int error = store_list(tx, run->arena, resource->id, &jids, &count);

	for (; error == 0 && shown < count && out.len < SHARING_MAX; shown++)
		buf_printf(&out, "%s%s", shown ? ", " : "shared with ",
			jid_text(run->arena, &jids[shown]));
	if (error == 0 && count > shown)
		buf_printf(&out, " and %zu more", count - shown);
	*text = resource->link && run->dav->links ? "whoever has the URL may read it"
		: out.len                         ? arena_strdup(run->arena, buf_text(&out))
						  : "shared with nobody";
	buf_free(&out);
	return error;
}

int file_fetches(struct run *run, struct tx *tx, const struct resource *resource, const char **text)
{
	struct buf out = {0};
	struct fetch *fetches;
	size_t count = 0, shown = 0;
	int error = resource->collection
			    ? 0
			    : store_fetches(tx, run->arena, resource->id, &fetches, &count);

	for (; error == 0 && shown < count && shown < FETCHES_SHOWN && out.len < FETCHES_MAX;
		shown++) {
		const struct fetch *fetch = &fetches[shown];

		buf_printf(&out, "\n%s by %s, %s", fetch->whole ? "fetched" : "begun",
			jid_text(run->arena, &fetch->jid),
			file_time(run->arena, fetch->whole ? fetch->whole : fetch->time));
	}
	if (error == 0 && count > shown)
		buf_printf(&out, "\nand by %zu more", count - shown);
	if (resource->expires)
		buf_printf(&out, "\nkept until %s", file_time(run->arena, resource->expires));
	*text = out.len ? arena_strdup(run->arena, buf_text(&out)) : "";
	buf_free(&out);
	return error;
}

/* ---- choosing ---- */

int file_form(struct run *run, struct tx *tx, const char *title, const char *instructions)
{
	struct form_option *options;
	struct resource *members;
	size_t count;
	bool all;
	int error = store_root_owned(
		tx, run->arena, run->from->bare, NULL, FILES_SHOWN + 1, &members, &count);

	if (error < 0)
		return error;
	all = count <= FILES_SHOWN;
	count = all ? count : FILES_SHOWN;
	options = arena_alloc(run->arena, (count + 1) * sizeof(*options));
	for (size_t i = 0; i < count; i++) {
		struct walk walk = file_in_root(run, &members[i]);

		options[i].label = arena_printf(
			run->arena, "%s (%s)", members[i].spelling, file_facts(run, &members[i]));
		options[i].value = file_url(run, &walk) + strlen(run->dav->base_url);
	}
	form_begin(&run->form, "form", title, instructions);
	all &= form_field(&run->form, &(struct form_field){.var = "files",
					      .type = "list-multi",
					      .label = "Files",
					      .options = options,
					      .option_count = count});
	if (!all)
		run->note = "These are the first of your files. Name others by their URLs.";
	form_field(&run->form,
		&(struct form_field){"urls", "text-multi", "Or their URLs, one a line"});
	return 0;
}

static int refuse_unknown(struct run *run, const char *text, bool anybodys)
{
	return run_refuse(run, "item-not-found",
		arena_printf(run->arena, "%.512s: %s.", text,
			anybodys ? "there is nothing of that name"
				 : "you have nothing of that name"));
}

int file_find(struct run *run, struct tx *tx, const char *text, bool anybodys, struct walk *walk)
{
	struct path *path = arena_alloc(run->arena, sizeof(*path));
	const struct resource *last;
	int error = site_path(run->arena, run->dav->site, text, path);

	if (error < 0)
		return run_refuse(run, "bad-request",
			arena_printf(run->arena, "%.512s: this is no URL of this service.", text));
	error = store_walk(tx, run->arena, path, walk);
	if (error < 0)
		return error;
	last = &walk->chain[walk->count - 1];
	if (walk->count <= path->depth || last->id == STORE_ROOT ||
		(!anybodys && strcmp(last->owner, run->from->bare) != 0))
		return refuse_unknown(run, text, anybodys);
	return 0;
}

/* RFC 4918, 7: whoever holds a lock counts on it; in here nobody can show its token. */
static int check_locks(struct run *run, struct tx *tx, const struct walk *walk)
{
	const struct resource *last = &walk->chain[walk->count - 1];
	struct lock *locks;
	size_t count = 0;
	int error = 0;

	for (size_t i = walk->count - 2; error == 0 && count == 0 && i < walk->count; i++)
		error = store_locks(tx, run->arena, walk->chain[i].id, &locks, &count);
	if (error == 0 && count == 0 && last->collection)
		error = store_locks_below(tx, run->arena, last->id, last->owner, &locks, &count);
	if (error == 0 && count > 0)
		return run_refuse(run, "conflict",
			arena_printf(run->arena,
				"%s is locked by a program that has it open. Close it there first.",
				file_url(run, walk)));
	return error;
}

static void log_act(struct run *run, const struct walk *walk, const char *readers)
{
	run_did(run,
		arena_printf(run->arena, "%s of %s", file_url(run, walk),
			walk->chain[walk->count - 1].owner),
		readers);
}

int file_each(struct run *run, struct tx *tx, bool anybodys,
	int (*act)(struct run *run, struct tx *tx, const struct walk *walk, const char **readers))
{
	int count = 0, error = 0;

	for (const struct form_value *one = run->submitted.values; error == 0 && one;
		one = one->next) {
		const char *readers = NULL;
		struct walk walk;

		if ((strcmp(one->var, "files") != 0 && strcmp(one->var, "urls") != 0) ||
			!*one->value)
			continue;
		/* One change: while it is made nobody else changes anything. */
		if (count == FILES_SHOWN)
			return run_refuse(run, "bad-request",
				"These are too many files. Choose some of them first.");
		error = file_find(run, tx, one->value, anybodys, &walk);
		if (error == 0)
			error = check_locks(run, tx, &walk);
		if (error == 0)
			error = act(run, tx, &walk, &readers);
		if (error == 0)
			log_act(run, &walk, readers);
		count++;
	}
	if (error == 0 && count == 0)
		return run_refuse(run, "bad-request", "Choose a file, or give its URL.");
	return error < 0 ? error : count;
}

int file_delete(struct run *run, struct tx *tx, const struct walk *walk, const char **readers)
{
	return store_delete(tx, &walk->chain[walk->count - 1]);
}
