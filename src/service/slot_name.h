/* What the file of a slot is called: a name that people know again, and a URL that nobody guesses. */
#pragma once

struct arena;

struct slot_name {
	const char *
		name; /* of the member of the root: in NFC, 255 bytes at most, with 130 random bits before its ending */
	const char *displayname; /* likewise, without them */
};

/*
 * From what a client calls its file: of a path the last segment; what is too long loses the end of its stem. 0, or -EINVAL: it is empty, no
 * name of a file, or holds what people and logs cannot be shown.
 */
int slot_name_make(struct arena *arena, const char *filename, struct slot_name *out);
