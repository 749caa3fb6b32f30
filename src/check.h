/* missived check: looks at a daemon as its users do, from outside, and names the hop that is wrong. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/uri.h"
#include "http/probe.h"
#include "http/seen.h"
#include "store/store.h"

enum check_result { CHECK_OK, CHECK_WRONG, CHECK_UNSEEN };

/* A way to the daemon: straight to its listener, or by base-url. */
struct way {
	struct sockaddr_storage address;
	char source[ADDRESS_TEXT]; /* where from; "": anywhere */
	const char *tls;           /* the name to ask for; NULL: no TLS */
	bool works;
};

struct check {
	const struct config *config;
	struct arena *arena;
	unsigned char secret[STORE_SECRET];
	struct url base;
	const char *host; /* as base-url has it, with the port */
	struct way straight, outside;
	char jid[128], password[64]; /* an account that was made up; "": none */
	char name[64];               /* of its file, with a slash */
	bool wrong;
};

/* One line. */
void check_say(struct check *check, enum check_result result, const char *what, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/*
 * A request on a connection of its own; `fields` end in CRLF each, the body may be NULL. The answer behind any 100. 0 or negative errno, which the caller
 * tells of; *local, when it is not NULL: our end of the connection.
 */
int check_ask(struct check *check, const struct way *way, const char *method, const char *target,
	const char *fields, const char *body, struct probe_answer *answer,
	char local[ADDRESS_TEXT]);

/* The same for SEEN_PATH, signed. 1: our daemon has answered; 0: somebody else, *answer says what; negative errno. */
int check_see(struct check *check, const struct way *way, const char *fields,
	struct probe_answer *answer, char local[ADDRESS_TEXT]);

/* What our daemon has said of this, in the arena; "" when nothing. */
const char *check_told(struct check *check, const struct probe_answer *answer, const char *name);

/* "Authorization: ...\r\n" of the account that was made up. */
const char *check_credentials(struct check *check);

/* The name in base-url, and each of its addresses; the first that lets us in is check->outside (check_name.c). */
void check_name(struct check *check);

/* Everything about the way by base-url (check_outside.c). */
void check_outside(struct check *check);

/* The exit status. */
int check_run(const struct config *config);
