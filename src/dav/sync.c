/* Live properties for clients that ask for changes (RFC 6578; RFC 3253): on collections of the asker's own. */
#include "dav/sync.h"
#include "base/codec.h"
#include "dav/live.h"
#include "dav/request.h"

#include <string.h>

#define SYNC_TOKEN "urn:missive:sync:"

static bool is_synced(const struct view *view)
{
	return view->resource->collection && view_owned(view);
}

void sync_token(
	struct buf *out, const struct tx *tx, const struct resource *collection, int64_t change)
{
	buf_printf(out, SYNC_TOKEN "%s:%lld:%lld", store_opening(tx), (long long)collection->id,
		(long long)change);
}

/* What stands before the next colon or the end; *at goes behind it. */
static const char *next_word(struct arena *arena, const char **at)
{
	size_t length = strcspn(*at, ":");
	const char *word = arena_strndup(arena, *at, length);

	*at += length + ((*at)[length] == ':');
	return word;
}

int sync_token_read(struct tx *tx, struct arena *arena, const char *token,
	const struct resource *collection, int64_t *change)
{
	const char *at = token + strlen(SYNC_TOKEN), *opening;
	int64_t id;

	if (strncmp(token, SYNC_TOKEN, strlen(SYNC_TOKEN)) != 0)
		return 0;
	opening = next_word(arena, &at);
	if (decimal_parse(next_word(arena, &at), &id) < 0 || id != collection->id ||
		decimal_parse(at, change) < 0)
		return 0;
	return store_holds(tx, opening, *change);
}

/* RFC 6578, 4 */
int live_sync_token(const struct view *view, struct buf *out)
{
	int64_t last, forgotten;
	int error;

	if (!is_synced(view))
		return 0;
	error = store_changes(view->tx, &last, &forgotten);
	sync_token(out, view->tx, view->resource, last);
	return error < 0 ? error : 1;
}

/* RFC 3253, 3.1.5 */
int live_supported_report_set(const struct view *view, struct buf *out)
{
	if (is_synced(view))
		buf_puts(out, "<D:supported-report><D:report><D:sync-collection/></D:report>"
			      "</D:supported-report>");
	return 1;
}
