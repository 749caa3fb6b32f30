/* JIDs. A name that was normalised is normal: who is known under one name is known under no other. Lines: a JID, another. */
#include "fuzz.h"

#include "base/jid.h"
#include "base/text.h"

static void check(struct arena *arena, const char *text, const struct jid *jid)
{
	const char *normal = jid_text(arena, jid);
	struct jid again, copy = jid_dup(arena, jid);

	assert(text_is_presentable(normal));
	assert(jid_is_bare(jid) == !jid->resourcepart);
	assert(!jid_is_bare(jid) || same(normal, jid->bare));
	assert(jid_has_localpart(jid) == (strchr(jid->bare, '@') != NULL));
	assert(!strchr(jid->bare, '/') && !strchr(jid->domain, '@'));
	assert(jid_equal(jid, &copy));
	assert(jid_parse(arena, normal, &again) == 0);
	assert(jid_equal(jid, &again) && same(jid_text(arena, &again), normal));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new();
	struct lines lines = {bytes, size};
	struct jid jid, other;

	for (int i = 0; i < 2; i++) {
		const char *text = line_next(arena, &lines);

		if (jid_parse(arena, text, i ? &other : &jid) < 0)
			break;
		check(arena, text, i ? &other : &jid);
		if (i)
			assert(jid_equal(&jid, &other) ==
				same(jid_text(arena, &jid), jid_text(arena, &other)));
	}
	arena_free(arena);
	return 0;
}
