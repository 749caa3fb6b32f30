#include "dav/quota.h"

#include "dav/request.h"

#include <errno.h>

int quota_rest(const struct dav *dav, struct tx *tx, const char *account, uint64_t *bytes)
{
	struct usage usage;
	int error;

	*bytes = UINT64_MAX;
	if (!dav->quota)
		return 0;
	error = store_usage(tx, account, &usage);
	if (error == 0)
		*bytes = usage.bytes < dav->quota ? dav->quota - usage.bytes : 0;
	return error;
}

int quota_left(const struct dav *dav, struct tx *tx, const char *account, uint64_t *bytes)
{
	uint64_t rest;
	int error = store_room(tx, bytes);

	if (error == 0)
		error = quota_rest(dav, tx, account, &rest);
	if (error == 0 && rest < *bytes)
		*bytes = rest;
	return error;
}

int quota_before(const struct dav *dav, struct tx *tx, const char *account, struct usage *before)
{
	return dav->quota || dav->resources ? store_usage(tx, account, before) : 0;
}

static bool is_over(uint64_t most, uint64_t before, uint64_t now)
{
	return most && now > most && now > before;
}

int quota_check(
	const struct dav *dav, struct tx *tx, const char *account, const struct usage *before)
{
	struct usage now;
	int error = quota_before(dav, tx, account, &now);

	if (error < 0 || (!dav->quota && !dav->resources))
		return error;
	return is_over(dav->quota, before->bytes, now.bytes) ||
			       is_over(dav->resources, before->resources, now.resources)
		       ? -EDQUOT
		       : 0;
}
