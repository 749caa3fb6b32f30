/* Who the user is: --account FILE, or MISSIVE_JID and MISSIVE_PASSWORD, or ~/.config/missive/missive.conf. */
#pragma once

#include "base/jid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account {
	struct jid jid;
	const char *password;
	const char *host; /* of the XMPP server; NULL: found by DNS */
	uint16_t port;
	const char *ca_file; /* NULL: the system's */
	const char *service; /* the file service's JID; NULL: found by disco */
	bool allow_plain;    /* files may go over HTTP without TLS, off this machine too */
};

/* file may be NULL. 0, or negative with the reason and what to do in error. Strings live in the arena. */
int account_load(
	struct arena *arena, const char *file, struct account *out, char *error, size_t size);

/* 0, or -EINVAL: it is no JID. */
int account_set_service(struct arena *arena, struct account *account, const char *jid);
