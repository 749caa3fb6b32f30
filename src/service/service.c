#include "service/service.h"

#include "base/loop.h"
#include "base/text.h"
#include "service/inside.h"

#include <stdlib.h>

/* One row each. */
static const struct offer *const offers[] = {
	&commands_offer,
	&slot_offer,
	&notice_offer,
};

enum { OFFERS = sizeof(offers) / sizeof(*offers) };

bool service_is_admin(const struct service *service, const char *bare)
{
	return text_has_word(service->options.admins, bare);
}

struct service *service_open(const struct service_options *options)
{
	struct service *service = calloc(1, sizeof(*service));

	if (!service)
		abort();
	service->options = *options;
	service->changes = mailbox_open(options->loop, jobs_changed, service);
	for (size_t i = 0; i < OFFERS; i++) {
		struct xmpp_extension extension = offers[i]->extension;

		if (offers[i]->is_due && !offers[i]->is_due(service))
			continue;
		extension.arg = service;
		if (offers[i]->open)
			offers[i]->open(service);
		xmpp_extend(options->xmpp, &extension);
	}
	return service;
}

void service_use(struct service *service, const struct dav *dav, const char *admins)
{
	service->options.dav = dav;
	service->options.admins = admins;
}

void service_close(struct service *service)
{
	if (!service)
		return;
	service->closing = true;
	if (service->jobs > 0)
		loop_run(service->options.loop);
	for (size_t i = OFFERS; i-- > 0;)
		if (offers[i]->close)
			offers[i]->close(service);
	mailbox_close(service->changes);
	free(service);
}
