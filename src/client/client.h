/* What every sub-command has at hand. */
#pragma once

#include "client/account.h"
#include "client/session.h"

#include <stdint.h>

struct client {
	struct arena *arena;
	struct account account;
	struct session *session;
	const char *output;    /* -o: file, or folder for receive */
	const char **accepted; /* --accept, NULL-terminated */
	bool yes, once, none, inherit, notify,
		detailed;                         /* the options of these names; detailed: -l */
	const char *label, *collection, *expires; /* likewise, as text; NULL: not given */
	bool read_only;
};

/* Says what went wrong on standard error, after "missive: "; returns 1. */
int client_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What others have written goes to a terminal: the text, or "(unprintable)" when it could be more there than text. */
const char *client_shown(const char *text);

/* Each returns the exit code. argv is what follows the options. */
int send_command(struct client *client, int argc, char **argv);
int receive_command(struct client *client, int argc, char **argv);
int get_command(struct client *client, int argc, char **argv);
int ls_command(struct client *client, int argc, char **argv);
int share_command(struct client *client, int argc, char **argv);
int rm_command(struct client *client, int argc, char **argv);
int password_command(struct client *client, int argc, char **argv);
