#include "client/account.h"

#include "base/arena.h"
#include "base/settings.h"
#include "base/uri.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reading {
	struct arena *arena;
	struct account *account;
};

static const char *set_server(struct reading *reading, const char *value)
{
	const char *host;

	if (authority_parse(reading->arena, value, 5222, &host, &reading->account->port) < 0)
		return "this is no host and port, as in xmpp.example.org:5222";
	if (host[0] == '[')
		host = arena_strndup(reading->arena, host + 1, strlen(host) - 2);
	reading->account->host = host;
	return NULL;
}

static const char *set_plain(struct reading *reading, const char *value)
{
	reading->account->allow_plain = strcmp(value, "yes") == 0;
	return reading->account->allow_plain || strcmp(value, "no") == 0
		       ? NULL
		       : "this is neither yes nor no";
}

int account_set_service(struct arena *arena, struct account *account, const char *jid)
{
	struct jid parsed;

	if (jid_parse(arena, jid, &parsed) < 0)
		return -EINVAL;
	account->service = jid_text(arena, &parsed);
	return 0;
}

static const char *take(
	void *arg, int line, const char *section, const char *name, const char *value)
{
	struct reading *reading = arg;
	struct account *account = reading->account;
	const char *copy = arena_strdup(reading->arena, value);

	if (*section && strcmp(section, "account") != 0)
		return "there is one section, [account]";
	if (strcmp(name, "jid") == 0)
		return jid_parse(reading->arena, value, &account->jid) < 0 ||
				       !jid_has_localpart(&account->jid)
			       ? "this is no account, as in romeo@montague.lit"
			       : NULL;
	if (strcmp(name, "server") == 0)
		return set_server(reading, value);
	if (strcmp(name, "allow-plain") == 0)
		return set_plain(reading, value);
	if (strcmp(name, "password") == 0)
		account->password = copy;
	else if (strcmp(name, "ca-file") == 0)
		account->ca_file = copy;
	else if (strcmp(name, "service") == 0)
		return account_set_service(reading->arena, account, value) < 0
			       ? "this is no JID, as in files.montague.lit"
			       : NULL;
	else
		return "there is no such setting; known are jid, password, server, ca-file, "
		       "service, allow-plain";
	return NULL;
}

/* A password that others can read is one that others have read. */
static int check_private(const char *file, char *error, size_t size)
{
	struct stat status;

	if (stat(file, &status) == 0 && status.st_mode & 077) {
		snprintf(error, size, "%s holds a password and others may read it: chmod 600 %s",
			file, file);
		return -EACCES;
	}
	return 0;
}

static int load_file(struct reading *reading, const char *file, char *error, size_t size)
{
	int result = settings_read(file, take, reading, NULL, error, size);

	return result < 0 ? result : check_private(file, error, size);
}

static const char *standard_file(struct arena *arena)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return arena_printf(arena, "%s/missive/missive.conf", config);
	return arena_printf(arena, "%s/.config/missive/missive.conf", home ? home : "");
}

static int load_environment(struct reading *reading, const char *jid, char *error, size_t size)
{
	const char *server = getenv("MISSIVE_SERVER"), *wrong = take(reading, 0, "", "jid", jid);

	if (!wrong && server)
		wrong = set_server(reading, server);
	if (wrong) {
		snprintf(error, size, "MISSIVE_JID or MISSIVE_SERVER: %s", wrong);
		return -EINVAL;
	}
	reading->account->password = getenv("MISSIVE_PASSWORD");
	reading->account->ca_file = getenv("MISSIVE_CA_FILE");
	return 0;
}

int account_load(
	struct arena *arena, const char *file, struct account *out, char *error, size_t size)
{
	struct reading reading = {arena, out};
	const char *jid = getenv("MISSIVE_JID");
	int result;

	*out = (struct account){.port = 5222};
	if (!file && jid)
		result = load_environment(&reading, jid, error, size);
	else if (!file && access(standard_file(arena), F_OK) < 0) {
		snprintf(error, size,
			"no account: write jid = and password = into %s (chmod 600), or set "
			"MISSIVE_JID and "
			"MISSIVE_PASSWORD, or give --account FILE",
			standard_file(arena));
		result = -ENOENT;
	} else
		result = load_file(&reading, file ? file : standard_file(arena), error, size);
	if (result == 0 && (!out->jid.bare || !out->password || !*out->password)) {
		snprintf(error, size, "the account lacks its %s",
			out->jid.bare ? "password (password =, or MISSIVE_PASSWORD)"
				      : "jid (jid =)");
		result = -EINVAL;
	}
	return result;
}
