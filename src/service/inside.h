/* What the files of this room share. */
#pragma once

#include "service/service.h"
#include "store/store.h"
#include "xmpp/xmpp.h"

struct commands;
struct told;

struct service {
	struct service_options options;
	struct mailbox *changes; /* jobs come back from the committer */
	struct commands *commands;
	struct told *told;
	unsigned jobs; /* under way */
	bool closing;
};

/* What comes back from the committer (job.c). */
void jobs_changed(void *arg, struct message *list);

/* Whether this bare JID is an administrator's. */
bool service_is_admin(const struct service *service, const char *bare);

/* Each fills in what it answers, in the order of the table; `is_due`, `open` and `close` may be NULL. */
struct offer {
	struct xmpp_extension extension;               /* `arg` becomes the service */
	bool (*is_due)(const struct service *service); /* false: it is not offered here */
	void (*open)(struct service *service);
	void (*close)(struct service *service);
};

extern const struct offer commands_offer, slot_offer, notice_offer;
