#include "base/config.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/settings.h"
#include "base/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Reads one file; the first error is kept with its line. */
struct reading {
	struct arena *arena;
	struct config *config;
	int line;     /* the last one of the file */
	int *written; /* for each row of the table: the line of its key, 0 when it is not there */
	const char **said; /* likewise, its value */
	char *error;
	size_t size;
	const char *name;
};

struct key {
	const char *section, *name;
	const char *standard; /* NULL: stays empty */
	value_set *set;
	size_t place;
	const char *least, *most; /* numbers, written as in the file; NULL: what `set` takes */
	enum { REPEATABLE = 1, LIVE = 2 } flags;
};

#define PLACE(member) offsetof(struct config, member)

/* clang-format off */
static const struct key keys[] = {
	{"http",   "listen",          "127.0.0.1:8080",              value_listen,    PLACE(http.listen), .flags = REPEATABLE},
	{"http",   "base-url",        "http://files.localhost:8080", value_base_url,  PLACE(http.base_url)},
	{"http",   "host",            "",                            value_hosts,     PLACE(http.host)},
	{"http",   "tls-cert",        NULL,                          value_readable,  PLACE(http.tls_cert)},
	{"http",   "tls-key",         NULL,                          value_readable,  PLACE(http.tls_key)},
	{"http",   "threads",         "0",                           value_threads,   PLACE(http.threads)},
	{"http",   "trusted-proxies", "",                            value_networks,  PLACE(http.trusted_proxies), .flags = LIVE},
	{"http",   "allow-plain",     "no",                          value_bool,      PLACE(http.allow_plain)},
	{"http",   "metrics",         "",                            value_metrics,   PLACE(http.metrics)},
	{"xmpp",   "server",          "127.0.0.1:5347",              value_server,    PLACE(xmpp.server)},
	{"xmpp",   "domain",          "files.localhost",             value_domain,    PLACE(xmpp.domain)},
	{"xmpp",   "secret",          NULL,                          value_text,      PLACE(xmpp.secret)},
	{"xmpp",   "secret-file",     NULL,                          value_secret_file, PLACE(xmpp.secret)},
	{"xmpp",   "users",           "localhost",                   value_users,     PLACE(xmpp.users), .flags = LIVE},
	{"xmpp",   "admins",          "",                            value_admins,    PLACE(xmpp.admins), .flags = LIVE},
	{"xmpp",   "confirm-timeout", "50s",                         value_duration,  PLACE(xmpp.confirm_timeout)},
	{"xmpp",   "confirm-reuse",   "5min",                        value_duration,  PLACE(xmpp.confirm_reuse)},
	{"store",  "path",            "/var/lib/missive",            value_text,      PLACE(store.path)},
	{"store",  "may-block",       "no",                          value_bool,      PLACE(store.may_block)},
	{"limits", "max-file-size",   "10G",                         value_bytes,     PLACE(limits.max_file_size), .flags = LIVE},
	{"limits", "keep-free",       "1G",                          value_bytes,     PLACE(limits.keep_free), .flags = LIVE},
	{"limits", "quota",           "0",                           value_bytes,     PLACE(limits.quota), .flags = LIVE},
	{"limits", "resources",       "1000000",                     value_resources, PLACE(limits.resources), .flags = LIVE},
	{"limits", "connections",     "10000",                       value_count,     PLACE(limits.connections), "1", "1000000", .flags = LIVE},
	{"limits", "connections-per-address", "256",                 value_count,     PLACE(limits.connections_per_address)},
	{"limits", "slots",           "32",                          value_count,     PLACE(limits.slots)},
	{"limits", "wrong-passwords", "10",                          value_rate,      PLACE(limits.wrong_passwords), .flags = LIVE},
	{"limits", "wrong-passwords-per-address", "60",              value_rate,      PLACE(limits.wrong_passwords_per_address), .flags = LIVE},
	{"limits", "expires",           "0",                         value_duration,  PLACE(limits.expires), .flags = LIVE},
	{"limits", "expires-message",   "90d",                       value_duration,  PLACE(limits.expires_message), .flags = LIVE},
	{"limits", "expires-profile",   "0",                         value_duration,  PLACE(limits.expires_profile), .flags = LIVE},
	{"limits", "expires-ephemeral", "7d",                        value_duration,  PLACE(limits.expires_ephemeral), .flags = LIVE},
	{"limits", "expires-permanent", "0",                         value_duration,  PLACE(limits.expires_permanent), .flags = LIVE},
	{"limits", "once-kept",         "24h",                       value_duration,  PLACE(limits.once_kept), .flags = LIVE},
	{"limits", "expiry-notice",     "24h",                       value_duration,  PLACE(limits.expiry_notice), .flags = LIVE},
	{"limits", "prompts",         "4096",                        value_count,     PLACE(limits.prompts), .flags = LIVE},
	{"limits", "prompts-per-pair", "5",                          value_rate,      PLACE(limits.prompts_per_pair), .flags = LIVE},
	{"limits", "prompts-per-address", "10",                      value_rate,      PLACE(limits.prompts_per_address), .flags = LIVE},
	{"limits", "prompts-per-known-pair", "64",                   value_count,     PLACE(limits.prompts_per_known_pair), .flags = LIVE},
	{"limits", "silence",         "10min",                       value_duration,  PLACE(limits.silence), "0", "24h"},
	{"limits", "refusals",        "60",                          value_rate,      PLACE(limits.refusals), .flags = LIVE},
	{"limits", "target",          "8K",                          value_bytes,     PLACE(limits.target), "256", "16K"},
	{"limits", "head",            "32K",                         value_bytes,     PLACE(limits.head), "1K", "64K"},
	{"limits", "fields",          "100",                         value_count,     PLACE(limits.fields), "10", "256"},
	{"limits", "head-time",       "15s",                         value_duration,  PLACE(limits.head_time), "1s", "5min"},
	{"limits", "idle-time",       "60s",                         value_duration,  PLACE(limits.idle_time), "1s", "1h"},
	{"limits", "body-rate",       "1K",                          value_bytes,     PLACE(limits.body_rate), "1", "1M"},
	{"limits", "drain",           "64K",                         value_bytes,     PLACE(limits.drain), "0", "1M"},
	{"limits", "drain-time",      "2s",                          value_duration,  PLACE(limits.drain_time), "100ms", "1min"},
	{"limits", "xml-body",        "256K",                        value_bytes,     PLACE(limits.xml_body), "1K", "4M"},
	{"limits", "properties",      "256",                         value_count,     PLACE(limits.properties), "1", "1024"},
	{"limits", "property-size",   "64K",                         value_bytes,     PLACE(limits.property_size), "256", "1M"},
	{"limits", "properties-size", "1M",                          value_bytes,     PLACE(limits.properties_size), "1K", "4M"},
	{"limits", "ranges",          "16",                          value_count,     PLACE(limits.ranges), "1", "256"},
	{"limits", "conditions",      "64",                          value_count,     PLACE(limits.conditions), "1", "256"},
	{"limits", "conditions-size", "8K",                          value_bytes,     PLACE(limits.conditions_size), "256", "32K"},
	{"limits", "locks-per-resource", "16",                       value_count,     PLACE(limits.locks_per_resource), "1", "64"},
	{"limits", "locks-per-account", "1000",                      value_count,     PLACE(limits.locks_per_account), "1", "4096"},
	{"limits", "lock-time",       "1h",                          value_duration,  PLACE(limits.lock_time), "1s", "1w"},
	{"limits", "nonce-time",      "5min",                        value_duration,  PLACE(limits.nonce_time), "1s", "1h"},
	{"log",    "format",          "text",                        value_log_format, PLACE(log.format), .flags = LIVE},
	{"log",    "level",           "info",                        value_log_level, PLACE(log.level), .flags = LIVE},
	{"slots",  "public",          "yes",                         value_bool,      PLACE(slots.links), .flags = LIVE},
	{"system", "fence",           "yes",                         value_bool,      PLACE(system.fence)},
	{"system", "user",            "missive",                     value_text,      PLACE(system.user)},
};
/* clang-format on */

enum { KEYS = sizeof(keys) / sizeof(*keys) };

/* NULL, or what is wrong with the value or where it lies. */
static const char *set(struct reading *reading, const struct key *key, const char *value)
{
	const struct place place = {
		reading->arena, reading->config, (char *)reading->config + key->place};
	const char *wrong = key->set(&place, value);
	uint64_t *number = place.at, is, least, most;

	if (wrong || !key->least)
		return wrong;
	is = *number;
	key->set(&place, key->least);
	least = *number;
	key->set(&place, key->most);
	most = *number;
	*number = is;
	if (is >= least && is <= most)
		return NULL;
	return arena_printf(
		reading->arena, "%s must be from %s to %s", key->name, key->least, key->most);
}

static int wrong_at(struct reading *reading, int line, const char *what)
{
	snprintf(reading->error, reading->size, "%s:%d: %s", reading->name, line ? line : 1, what);
	return -EINVAL;
}

static int line_of(const struct reading *reading, const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0 && reading->written[i])
			return reading->written[i];
	return reading->line;
}

static const char *take(
	void *arg, int line, const char *section, const char *name, const char *value)
{
	struct reading *reading = arg;
	bool known = false;

	for (size_t i = 0; i < KEYS; i++) {
		known |= strcmp(keys[i].section, section) == 0;
		if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].name, name) != 0)
			continue;
		if (reading->written[i] && !(keys[i].flags & REPEATABLE))
			return arena_printf(reading->arena, "%s is already set in line %d", name,
				reading->written[i]);
		reading->written[i] = line;
		reading->said[i] = reading->said[i] ? arena_join(reading->arena, reading->said[i],
							      " ", value, NULL)
						    : arena_strdup(reading->arena, value);
		return set(reading, &keys[i], value);
	}
	if (known)
		return arena_printf(
			reading->arena, "there is no setting %s in [%s]", name, section);
	if (*section)
		return arena_printf(reading->arena, "there is no section [%s]", section);
	return arena_printf(reading->arena, "%s stands before the first section", name);
}

static int set_standards(struct reading *reading)
{
	for (size_t i = 0; i < KEYS; i++) {
		const char *wrong = NULL;

		if (!reading->written[i])
			reading->said[i] = keys[i].standard ? keys[i].standard : "";
		if (!reading->written[i] && keys[i].standard)
			wrong = set(reading, &keys[i], keys[i].standard);
		if (wrong)
			return wrong_at(reading, reading->line,
				arena_printf(
					reading->arena, "%s must be set: %s", keys[i].name, wrong));
	}
	return 0;
}

/* Whether a listener would carry credentials over a network without TLS. */
static bool is_exposed(const struct config *config)
{
	for (const char **listen = config->http.listen; *listen; listen++) {
		struct sockaddr_storage address;
		char text[ADDRESS_TEXT];

		address_parse(*listen, &address);
		address_text((struct sockaddr *)&address, text);
		if (!address_is_loopback(text))
			return true;
	}
	return false;
}

/* What the values mean together. */
static int check(struct reading *reading)
{
	const struct config *config = reading->config;

	if (!config->xmpp.secret)
		return wrong_at(reading, reading->line,
			"secret or secret-file must be set in [xmpp]: the word that the XMPP "
			"server knows");
	if (!*config->xmpp.secret)
		return wrong_at(reading, line_of(reading, "secret"),
			"the secret is empty: anybody could speak for this component");
	if (!config->http.tls_cert != !config->http.tls_key)
		return wrong_at(reading,
			line_of(reading, config->http.tls_cert ? "tls-cert" : "tls-key"),
			"tls-cert and tls-key are set together or not at all");
	if (is_exposed(config) && !config->http.tls_cert && !config->http.allow_plain)
		return wrong_at(reading, line_of(reading, "listen"),
			"this address is not loopback and there is no TLS: set tls-cert and "
			"tls-key, "
			"or allow-plain = yes if a proxy on a safe network speaks TLS");
	if (config->xmpp.confirm_timeout < 1000)
		return wrong_at(reading, line_of(reading, "confirm-timeout"),
			"nobody can answer in less than a second");
	if (!*config->store.path)
		return wrong_at(reading, line_of(reading, "path"), "path is empty");
	return 0;
}

int config_load(struct arena *arena, const char *file, struct config *out, char *error, size_t size)
{
	struct reading reading = {
		.arena = arena,
		.config = out,
		.written = arena_alloc(arena, KEYS * sizeof(int)),
		.said = arena_alloc(arena, KEYS * sizeof(char *)),
		.error = error,
		.size = size,
		.name = file,
	};
	int result;

	*out = (struct config){.said = reading.said};
	result = settings_read(file, take, &reading, &reading.line, error, size);
	if (result == 0)
		result = set_standards(&reading);
	/* Both were looked at when they were read. */
	if (result == 0)
		result = site_parse(arena, out->http.base_url, out->http.host, &out->http.site);
	return result < 0 ? result : check(&reading);
}

void config_compare(const struct config *now, const struct config *next,
	void (*differs)(void *arg, const char *section, const char *name, bool live), void *arg)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(now->said[i], next->said[i]) != 0)
			differs(arg, keys[i].section, keys[i].name, keys[i].flags & LIVE);
	/* Another word in the same file is no other setting. */
	if (now->xmpp.secret_file && next->xmpp.secret_file &&
		strcmp(now->xmpp.secret_file, next->xmpp.secret_file) == 0 &&
		strcmp(now->xmpp.secret, next->xmpp.secret) != 0)
		differs(arg, "xmpp", "secret-file", false);
}
