#include "auth/refusals.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rate.h"
#include "dav/method.h"

#include <stdlib.h>

enum { ADDRESSES = 32768, MINUTE = 60000 };

struct refusals {
	_Atomic uint64_t most;
	struct rates *rates;
};

struct refusals *refusals_open(uint64_t most)
{
	struct refusals *refusals = calloc(1, sizeof(*refusals));

	if (!refusals)
		abort();
	refusals->most = most;
	refusals->rates = rates_open(ADDRESSES, MINUTE);
	return refusals;
}

void refusals_use(struct refusals *refusals, uint64_t most)
{
	refusals->most = most;
}

void refusals_close(struct refusals *refusals)
{
	if (!refusals)
		return;
	rates_close(refusals->rates);
	free(refusals);
}

enum step_result refusals_limit(struct request *request)
{
	const struct refusals *refusals = request->dav->refusals;
	uint64_t now = clock_now();
	char key[ADDRESS_TEXT];

	if (!request->claimed || request->proven || !refusals->most)
		return STEP_NEXT;
	address_limit_key(request->address, key);
	if (rate_look(refusals->rates, key, now) < refusals->most)
		return STEP_NEXT;
	return answer_limited(request, rate_left(refusals->rates, key, now),
		"Too much that may not be done was asked for from this address. Try again in a "
		"while.");
}

void refusals_count(struct request *request)
{
	const struct refusals *refusals = request->dav->refusals;
	char key[ADDRESS_TEXT];

	if (!request->refused || request->proven)
		return;
	request->refused = false;
	log_event(LOG_AUDIT, "refused", "address", request->address, "jid", request->claim.bare,
		"method", request->method->name, "url", request->url, NULL);
	if (!refusals->most)
		return;
	address_limit_key(request->address, key);
	rate_count(refusals->rates, key, clock_now());
}
