/* What the commands about app passwords have in common. */
#pragma once

#include "service/command.h"

/* The URL of the collection that one is good for, or base-url with a slash; NULL: it is gone, or not theirs to see any more. 0 or negative errno. */
int password_url(struct run *run, struct tx *tx, int64_t collection, const char **url);
