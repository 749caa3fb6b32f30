/* What the commands about app passwords have in common. */
#pragma once

#include "service/command.h"

/*
 * For a person: "read-only, /photos/, made 2026-11-25, last used 2026-11-26, expires never"; lives in run->arena. A collection that is gone, or not theirs to
 * see any more, has no name. 0 or negative errno.
 */
int password_describe(
	struct run *run, struct tx *tx, const struct password *password, const char **text);

/* The URL of the collection that one is good for, or base-url with a slash; NULL: it is gone, or not theirs to see any more. As above. */
int password_url(struct run *run, struct tx *tx, int64_t collection, const char **url);
