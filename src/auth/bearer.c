#include "auth/bearer.h"

#include "auth/scheme.h"
#include "base/digest.h"
#include "dav/method.h"
#include "dav/request.h"

#include <string.h>
#include <strings.h>

enum { LETTERS = 26 };

static const char prefix[] = "slot-";

void bearer_mint(char out[BEARER_TEXT])
{
	strcpy(out, prefix);
	random_letters(out + strlen(prefix), LETTERS);
}

bool bearer_is_form(const char *text)
{
	static const char either_case[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t start = strlen(prefix);

	return strncasecmp(text, prefix, start) == 0 && strlen(text) == start + LETTERS &&
	       strspn(text + start, either_case) == LETTERS;
}

const char *bearer_kept(struct arena *arena, const char *token)
{
	char *hex = arena_alloc(arena, SHA256_HEX);

	sha256_hex(hex, token, strlen(token));
	return hex;
}

enum credentials bearer_identify(struct request *request, const char *credentials)
{
	if (strcmp(request->method->name, "PUT") != 0 || !bearer_is_form(credentials))
		return CREDENTIALS_REFUSED;
	request->bearer = credentials;
	return CREDENTIALS_CLAIM;
}

/* Whether the slot's file would have the request URL. */
static bool is_for(const struct slot *slot, const struct path *path)
{
	return path->depth == 1 && !path->collection &&
	       strcmp(path->segments[0].name, slot->name) == 0;
}

/* Who knows a token of the URL's is told by browsers what became of it, also when it is too late. */
int bearer_verify(struct request *request, struct tx *tx)
{
	struct slot *slot = arena_alloc(request->arena, sizeof(*slot));
	int found =
		store_slot(tx, request->arena, bearer_kept(request->arena, request->bearer), slot);

	if (found < 0)
		return found;
	if (found == 0 || !is_for(slot, &request->path))
		return CREDENTIALS_REFUSED;
	request->any_origin = true;
	if (!slot_is_open(slot) || jid_parse(request->arena, slot->owner, &request->claim) < 0)
		return CREDENTIALS_REFUSED;
	request->slot = slot;
	return CREDENTIALS_PROVEN;
}
