/* The If field (RFC 4918, 10.4): lists of conditions, tagged or not; and the lock tokens that it submits. */
#pragma once

#include <stdbool.h>

struct request;
struct tx;
struct walk;

/*
 * 0: there is none, or it is true; -ECANCELED: 400 (malformed, or over a limit) or 412 (false) is answered; or a negative
 * errno. A condition on a resource that the asker may not see is false.
 */
int if_check(struct request *request, struct tx *tx, const struct walk *walk);

/* Whether the field names the token, in whatever list, and not behind Not. */
bool if_submits(const struct request *request, const char *token);
