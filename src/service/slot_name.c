#include "service/slot_name.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/text.h"
#include "base/uri.h"

#include <errno.h>
#include <string.h>

enum { LETTERS = 26, ENDING_MAX = 32 /* bytes, with its dot: a longer one is none */ };

/* Behind the last separator of either kind. */
static const char *last_segment(const char *filename)
{
	const char *segment = filename;

	for (; *filename; filename++)
		if (*filename == '/' || *filename == '\\')
			segment = filename + 1;
	return segment;
}

/* Where the ending begins; the end of the name when it has none. */
static const char *ending_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot > name && dot[1] && strlen(dot) <= ENDING_MAX ? dot : name + strlen(name);
}

/* Bytes of the stem that fit: no character is cut in two. */
static int fitting(const char *stem, size_t length, size_t most)
{
	if (length <= most)
		return (int)length;
	while (most > 0 && ((unsigned char)stem[most] & 0xc0) == 0x80)
		most--;
	return (int)most;
}

int slot_name_make(struct arena *arena, const char *filename, struct slot_name *out)
{
	const char *name = last_segment(filename), *ending;
	char random[LETTERS + 1];
	size_t stem, rest;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		!text_is_presentable(name))
		return -EINVAL;
	name = text_nfc(arena, name);
	ending = ending_of(name);
	stem = (size_t)(ending - name);
	rest = NAME_MAX_BYTES - strlen(ending);
	random_letters(random, LETTERS);
	out->displayname = arena_printf(arena, "%.*s%s", fitting(name, stem, rest), name, ending);
	out->name = arena_printf(
		arena, "%.*s-%s%s", fitting(name, stem, rest - LETTERS - 1), name, random, ending);
	return 0;
}
