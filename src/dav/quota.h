/* What an account may use (limits.quota, limits.resources), and how much of it is left (RFC 4331). */
#pragma once

#include <stdint.h>

struct dav;
struct tx;

/* What is left of the account's quota, UINT64_MAX without one. 0 or negative errno. */
int quota_rest(const struct dav *dav, struct tx *tx, const char *account, uint64_t *bytes);

/* Bytes that the account may still store: the less of its quota's rest and of the disk's. 0 or negative errno. */
int quota_left(const struct dav *dav, struct tx *tx, const char *account, uint64_t *bytes);

/*
 * Round a change: quota_before() tells what the account uses, quota_check() says -EDQUOT when it uses more than it may and more than
 * before. 0 or negative errno.
 */
struct usage;
int quota_before(const struct dav *dav, struct tx *tx, const char *account, struct usage *before);
int quota_check(
	const struct dav *dav, struct tx *tx, const char *account, const struct usage *before);
