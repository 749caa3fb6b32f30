/*
 * What a yes is good for beyond the request that it was given to (DESIGN 2, "Proof"): the same reading request again for a while, from the same
 * address; and, after HEAD or OPTIONS, one download or upload of the same URL. On the XMPP loop.
 */
#pragma once

#include "auth/proof.h"

struct grants;

/* reuse: milliseconds. */
struct grants *grants_open(struct loop *loop, uint64_t reuse);
void grants_close(struct grants *grants);

/* A person said yes to this. */
void grants_add(struct grants *grants, const struct proof *proof);

/* Whether an earlier yes covers it; what is good for once is used up. */
bool grants_use(struct grants *grants, const struct proof *proof);

/* Whether a yes to this method also admits one GET, or one PUT with If-None-Match: *. */
bool grant_admits_more(const char *method);
