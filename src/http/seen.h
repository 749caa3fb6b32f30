/*
 * /-/check: what we see of a request, told to who can show that this store is theirs. So `missived check` recognises its daemon behind whatever stands in
 * between, and everybody else sees nothing: a 404, as anywhere.
 */
#pragma once

#include "base/digest.h"
#include "http/forwarded.h"

#include <stdbool.h>
#include <stddef.h>

struct connection;
struct target;

#define SEEN_FIELD "Missive-Check"
#define SEEN_PATH  "/-/check"

/* What stands in the field: the time, a random id, and their HMAC under the store's secret; good for a minute. And what the answer's first line has to be. */
enum { SEEN_TEXT = 192 };
void seen_sign(const unsigned char *secret, char field[SEEN_TEXT], char answer[SHA256_HEX]);

/* True: it was for us to answer, and has been. */
bool seen_answer(struct connection *connection, const struct target *target,
	const struct forwarded *forwarded);
