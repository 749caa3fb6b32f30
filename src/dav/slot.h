/*
 * Filling a slot (XEP-0363, 7): a PUT that its token has proven, of what was announced, once. request->slot is set (auth/bearer.h).
 */
#pragma once

#include "dav/request.h"

/* 1: the request URL is promised to an open slot; 0: it is not; negative errno. */
int slot_find(struct request *request, struct tx *tx);

/* Before content is sent: STEP_NEXT, or what of the request is not as it was announced. `walk` ends at the request URL. */
enum step_result slot_check(struct request *request, const struct walk *walk);

/* While content comes: STEP_NEXT, or 413 when it is longer now than was announced. */
enum step_result slot_check_length(struct request *request, uint64_t length);

/* What the file is (XEP-0363, 7): what was announced, or else what the request says; NULL: nobody has said it. */
const char *slot_media_type(const struct request *request);

/* In the commit, before the file is made: the slot is used up. 0, a negative errno, or -ECANCELED with an answer. */
int slot_use(struct request *request, struct tx *tx, const struct walk *walk);

/* Makes of the new file what the slot has promised. 0 or negative errno. */
int slot_fill(struct request *request, struct tx *tx, struct resource *made);
