/*
 * Digests that clients send with content, which is then refused when it is not what they say, and ask for: Repr-Digest and Want-Repr-Digest (RFC
 * 9530), and ownCloud's OC-Checksum and its property.
 */
#pragma once

#include "dav/request.h"

/* Before content is read: what its digests must be. STEP_NEXT, or 400. Algorithms that are not known are passed over. */
enum step_result checksum_read(struct request *request);

/* Which digests the upload must make: bits of 1 << enum hash_kind. */
unsigned checksum_kinds(const struct request *request);

/* In a commit, of a finished upload: 0, or -ECANCELED: 400 is answered. */
int checksum_check(struct request *request);

/*
 * Adds the digests that are known, or asked for, of content that is about to be sent. Those that take long are left to
 * checksum_find(): answer.digest_due is set.
 */
void checksum_headers(struct request *request, const struct resource *resource);

/*
 * On the pool: reads some of the content, so that others have their turn. 1: there is more; 0: that was all, and checksum_found()
 * completes the answer on the loop; negative errno.
 */
int checksum_find(struct request *request);
void checksum_found(struct request *request);
