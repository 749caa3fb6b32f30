/* Who may read somebody's files: "Share files", "Stop sharing files", "Shared with me". */
#include "base/arena.h"
#include "dav/audit.h"
#include "dav/right.h"
#include "service/commands.h"
#include "service/file.h"

#include <errno.h>
#include <string.h>

struct people {
	struct jid jids[STORE_LIST_MAX];
	size_t count;
};

enum { WRITTEN_MAX = 20000 /* entries of lists in one change, behind which everybody's wait */ };

/* Whom the form names, read before anything is changed; and room for the list of one file. */
struct sharing {
	struct people named, list;
	size_t written; /* entries of lists, so far */
};

static bool is_among(const struct jid *jids, size_t count, const struct jid *jid)
{
	for (size_t i = 0; i < count; i++)
		if (jid_equal(&jids[i], jid))
			return true;
	return false;
}

/* The field "jids". A person has a localpart: a whole domain is nobody. */
static int read_people(struct run *run)
{
	struct sharing *sharing = arena_alloc(run->arena, sizeof(*sharing));
	struct people *people = &sharing->named;

	for (const struct form_value *one = run->submitted.values; one; one = one->next) {
		struct jid *jid = &people->jids[people->count];

		if (strcmp(one->var, "jids") != 0 || !*one->value)
			continue;
		if (people->count == STORE_LIST_MAX)
			return run_refuse(run, "bad-request", "These are too many people.");
		if (jid_parse(run->arena, one->value, jid) < 0 || !jid_has_localpart(jid))
			return run_refuse(run, "bad-request",
				arena_printf(run->arena,
					"%.512s is no JID of a person, as in juliet@capulet.lit.",
					one->value));
		people->count += !is_among(people->jids, people->count, jid);
	}
	run->state = sharing;
	return 0;
}

/* The list that holds now: its own, or that of the nearest collection that has one. */
static int list_now(struct run *run, struct tx *tx, const struct walk *walk, struct people *now)
{
	struct jid *jids;
	size_t count = 0;
	int error = 0;

	for (size_t i = walk->count; i-- > 0;)
		if (walk->chain[i].has_list) {
			error = store_list(tx, run->arena, walk->chain[i].id, &jids, &count);
			break;
		}
	if (error < 0)
		return error;
	if (count > STORE_LIST_MAX)
		return -EINVAL;
	if (count)
		memcpy(now->jids, jids, count * sizeof(*jids));
	now->count = count;
	return 0;
}

/* `list` becomes that of what the walk ends at. */
static int write_list(struct run *run, struct tx *tx, const struct walk *walk, const char **readers)
{
	struct sharing *sharing = run->state;

	sharing->written += sharing->list.count;
	if (sharing->written > WRITTEN_MAX)
		return run_refuse(run, "bad-request",
			"Their lists are too long for all of them at once. Choose fewer files.");
	*readers = audit_readers(run->arena, sharing->list.jids, sharing->list.count);
	return store_list_set(
		tx, walk->chain[walk->count - 1].id, sharing->list.jids, sharing->list.count);
}

static int share_one(struct run *run, struct tx *tx, const struct walk *walk, const char **readers)
{
	struct sharing *sharing = run->state;
	const struct people *people = &sharing->named;
	struct people *now = &sharing->list;
	int error = list_now(run, tx, walk, now);

	for (size_t i = 0; error == 0 && i < people->count; i++) {
		if (is_among(now->jids, now->count, &people->jids[i]))
			continue;
		if (now->count == STORE_LIST_MAX)
			return run_refuse(
				run, "bad-request", "With these its list would be too long.");
		now->jids[now->count++] = people->jids[i];
	}
	return error < 0 ? error : write_list(run, tx, walk, readers);
}

/* Whether that entry of a list is meant: a bare JID means each resource of it. */
static bool is_meant(const struct people *people, const struct jid *entry)
{
	for (size_t i = 0; i < people->count; i++)
		if (jid_equal(&people->jids[i], entry) ||
			(jid_is_bare(&people->jids[i]) &&
				strcmp(people->jids[i].bare, entry->bare) == 0))
			return true;
	return false;
}

/* Nobody named: nobody is left. */
static int unshare_one(
	struct run *run, struct tx *tx, const struct walk *walk, const char **readers)
{
	struct sharing *sharing = run->state;
	const struct people *people = &sharing->named;
	struct people *now = &sharing->list;
	size_t kept = 0;
	int error = list_now(run, tx, walk, now);

	if (error < 0)
		return error;
	for (size_t i = 0; people->count && i < now->count; i++)
		if (!is_meant(people, &now->jids[i]))
			now->jids[kept++] = now->jids[i];
	now->count = kept;
	return write_list(run, tx, walk, readers);
}

/* ---- the commands ---- */

static int ask(struct run *run, struct tx *tx, const char *title, const char *instructions,
	const char *label, bool required)
{
	int error = file_form(run, tx, title, instructions);

	form_field(&run->form, &(struct form_field){"jids", "jid-multi", label, NULL, required});
	form_end(&run->form);
	return error;
}

static int ask_share(struct run *run, struct tx *tx)
{
	return ask(run, tx, "Share files",
		"Those whom you name may read the files from now on; send them the URLs. What "
		"whoever has its URL could read is then for those on its list alone.",
		"With whom: their JIDs, one a line", true);
}

static int share(struct run *run, struct tx *tx)
{
	int result = read_people(run);

	if (result == 0 && ((struct sharing *)run->state)->named.count == 0)
		return run_refuse(run, "bad-request", "Say with whom.");
	if (result == 0)
		result = file_each(run, tx, false, share_one);
	if (result > 0)
		run->note = arena_printf(run->arena, "Shared: %d.", result);
	return result < 0 ? result : 0;
}

const struct command files_share_command = {
	.node = "files-share",
	.name = "Share files",
	.stages = {{false, ask_share}, {true, share}},
};

static int ask_unshare(struct run *run, struct tx *tx)
{
	return ask(run, tx, "Stop sharing files",
		"What somebody has fetched already stays with them.",
		"With whom no longer: their JIDs, one a line; empty: nobody but you may read the "
		"files",
		false);
}

static int unshare(struct run *run, struct tx *tx)
{
	int result = read_people(run);

	if (result == 0)
		result = file_each(run, tx, false, unshare_one);
	if (result > 0)
		run->note = arena_printf(run->arena, "No longer shared: %d.", result);
	return result < 0 ? result : 0;
}

const struct command files_unshare_command = {
	.node = "files-unshare",
	.name = "Stop sharing files",
	.stages = {{false, ask_unshare}, {true, unshare}},
};

/* False: there is no more room. */
static bool show_shared(struct run *run, const struct resource *file)
{
	struct walk walk = file_in_root(run, file);

	return form_field(&run->form,
		&(struct form_field){file_url(run, &walk), "text-multi", file->spelling,
			arena_printf(run->arena, "%s\n%s\nfrom %s", file_url(run, &walk),
				file_facts(run, file), file->owner)});
}

/* What is the caller's own is left out. */
static int list_shared(struct run *run, struct tx *tx)
{
	struct resource *members;
	size_t count, shown = 0;
	int error = store_root_shared(tx, run->arena, run->from, FILES_SHOWN + 1, &members, &count);

	if (error < 0)
		return error;
	form_begin(&run->form, "result", "Files shared with me", NULL);
	while (shown < count && shown < FILES_SHOWN && show_shared(run, &members[shown]))
		shown++;
	form_end(&run->form);
	if (count == 0)
		run->note = "Nobody has shared anything with you here.";
	else if (count > shown)
		run->note = arena_printf(run->arena,
			"These are the first %zu; a WebDAV client shows them all.", shown);
	return 0;
}

const struct command shared_command = {
	.node = "shared",
	.name = "Files shared with me",
	.stages = {{false, list_shared}},
};
