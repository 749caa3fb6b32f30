/* What the commands about files have in common: naming them in a form, finding them, showing them. */
#pragma once

#include "service/command.h"

enum { FILES_SHOWN = 200 };

/* The URL of what the walk ends at; lives in run->arena. */
const char *file_url(struct run *run, const struct walk *walk);

/* A walk that ends at a member of the root. */
struct walk file_in_root(struct run *run, const struct resource *member);

/* "12 kB, image/png, 2026-11-25 10:20 UTC". */
const char *file_facts(struct run *run, const struct resource *resource);

/*
 * "shared with a@b, c@d", as its own list says (a member of the root inherits none), or that it is a link. 0 or negative errno.
 */
int file_sharing(
	struct run *run, struct tx *tx, const struct resource *resource, const char **text);

/* Lines of who has fetched it and when, and when it goes; "" when there is nothing to say. 0 or negative errno. */
int file_fetches(
	struct run *run, struct tx *tx, const struct resource *resource, const char **text);

/* Bytes for a person, as prompts have them. */
const char *file_size(struct arena *arena, uint64_t bytes);

/* "2026-11-25 10:20 UTC" from milliseconds. */
const char *file_time(struct arena *arena, int64_t milliseconds);

/*
 * A form in which the caller chooses among what they own in the root (field "files", each option a path), or names others (field "urls", a path or
 * URL a line). The caller ends the form. 0 or negative errno.
 */
int file_form(struct run *run, struct tx *tx, const char *title, const char *instructions);

/*
 * For each that was chosen in such a form: finds it, asks whether the caller owns it (`anybodys`: it may be anybody's) and that no lock
 * stands against a change, and calls `act`, which says who may read it now when it has set its list. Nothing chosen, or one that is not
 * to be found, is refused. How many there were, or negative.
 */
int file_each(struct run *run, struct tx *tx, bool anybodys,
	int (*act)(struct run *run, struct tx *tx, const struct walk *walk, const char **readers));

/* One path or URL: as above. */
int file_find(struct run *run, struct tx *tx, const char *text, bool anybodys, struct walk *walk);

/* For file_each(): it is deleted, with all that is in it. */
int file_delete(struct run *run, struct tx *tx, const struct walk *walk, const char **readers);
