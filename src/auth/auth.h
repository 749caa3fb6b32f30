/*
 * Who asks: the Authorization field turned into a claim. A table of schemes; a claim is nothing until it is proven
 * (auth/proof.h).
 */
#pragma once

#include "dav/request.h"

/*
 * Fills in request->claim and transaction_id. STEP_ANSWER: 401 with every scheme's challenge, or a refused form of credentials. Methods that
 * answer anonymously, or may fetch a link, go on without a claim.
 */
enum step_result auth_identify(struct request *request);

/*
 * An app password or a slot's token, in a read transaction: STEP_NEXT when there is none, or when it proves the claim; else 401, or 429 when too many were wrong of late; also where
 * auth_identify() has found no claim. Methods that answer anonymously go on without one.
 */
enum step_result auth_verify(struct request *request, struct tx *tx);

/* The person has said that the claim is theirs (XEP-0070): it is proven. */
void auth_confirmed(struct request *request);
