/* "My files": what somebody has, and doing away with it. */
#include "base/arena.h"
#include "service/commands.h"
#include "service/file.h"

/* 1; 0 when there is no more room; or negative errno. */
static int show_file(struct run *run, struct tx *tx, const struct resource *resource)
{
	struct walk walk = file_in_root(run, resource);
	const char *sharing, *fetches;
	int error = file_sharing(run, tx, resource, &sharing);

	if (error == 0)
		error = file_fetches(run, tx, resource, &fetches);
	if (error < 0)
		return error;
	return form_field(&run->form,
		&(struct form_field){file_url(run, &walk), "text-multi", resource->spelling,
			arena_printf(run->arena, "%s\n%s\n%s%s", file_url(run, &walk),
				file_facts(run, resource), sharing, fetches)});
}

static int list(struct run *run, struct tx *tx)
{
	struct resource *members;
	size_t count, shown = 0;
	int more = store_root_owned(
		tx, run->arena, run->from->bare, NULL, FILES_SHOWN + 1, &members, &count);

	if (more < 0)
		return more;
	form_begin(&run->form, "result", "My files", NULL);
	while (shown < count && shown < FILES_SHOWN &&
		(more = show_file(run, tx, &members[shown])) == 1)
		shown++;
	form_end(&run->form);
	if (count == 0)
		run->note = "You have no files here.";
	else if (count > shown)
		run->note = arena_printf(run->arena,
			"These are the first %zu; a WebDAV client shows them all.", shown);
	return more < 0 ? more : 0;
}

const struct command files_command = {
	.node = "files",
	.name = "My files",
	.stages = {{false, list}},
};

static int ask_which(struct run *run, struct tx *tx)
{
	int error = file_form(run, tx, "Delete files",
		"What you choose is deleted for good, a folder with all that is in it.");

	form_end(&run->form);
	return error;
}

static int delete_chosen(struct run *run, struct tx *tx)
{
	int count = file_each(run, tx, false, file_delete);

	if (count > 0)
		run->note = arena_printf(run->arena, "Deleted: %d.", count);
	return count < 0 ? count : 0;
}

const struct command files_delete_command = {
	.node = "files-delete",
	.name = "Delete files",
	.stages = {{false, ask_which}, {true, delete_chosen}},
};
