#include "base/config.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/jid.h"
#include "base/rate.h"
#include "base/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

struct key;

/* Writes the value into its place: NULL, or what is wrong with it. */
typedef const char *key_set(struct reading *reading, const struct key *key, const char *value);

static key_set set_text, set_listen, set_metrics, set_base_url, set_hosts, set_readable, set_count,
	set_resources, set_rate, set_threads, set_bool, set_server, set_domain, set_users,
	set_log_format, set_log_level, set_networks, set_admins, set_secret_file, set_duration,
	set_bytes;

struct key {
	const char *section, *name;
	const char *standard; /* NULL: stays empty */
	key_set *set;
	size_t place;
	const char *least, *most; /* numbers, written as in the file; NULL: what `set` takes */
	enum { REPEATABLE = 1, LIVE = 2 } flags;
};

#define PLACE(member) offsetof(struct config, member)

/* clang-format off */
static const struct key keys[] = {
	{"http",   "listen",          "127.0.0.1:8080",              set_listen,      PLACE(http.listen), .flags = REPEATABLE},
	{"http",   "base-url",        "http://files.localhost:8080", set_base_url,    PLACE(http.base_url)},
	{"http",   "host",            "",                            set_hosts,       PLACE(http.host)},
	{"http",   "tls-cert",        NULL,                          set_readable,    PLACE(http.tls_cert)},
	{"http",   "tls-key",         NULL,                          set_readable,    PLACE(http.tls_key)},
	{"http",   "threads",         "0",                           set_threads,     PLACE(http.threads)},
	{"http",   "trusted-proxies", "",                            set_networks,    PLACE(http.trusted_proxies), .flags = LIVE},
	{"http",   "allow-plain",     "no",                          set_bool,        PLACE(http.allow_plain)},
	{"http",   "metrics",         "",                            set_metrics,     PLACE(http.metrics)},
	{"xmpp",   "server",          "127.0.0.1:5347",              set_server,      PLACE(xmpp.server)},
	{"xmpp",   "domain",          "files.localhost",             set_domain,      PLACE(xmpp.domain)},
	{"xmpp",   "secret",          NULL,                          set_text,        PLACE(xmpp.secret)},
	{"xmpp",   "secret-file",     NULL,                          set_secret_file, PLACE(xmpp.secret)},
	{"xmpp",   "users",           "localhost",                   set_users,       PLACE(xmpp.users), .flags = LIVE},
	{"xmpp",   "admins",          "",                            set_admins,      PLACE(xmpp.admins), .flags = LIVE},
	{"xmpp",   "confirm-timeout", "50s",                         set_duration,    PLACE(xmpp.confirm_timeout)},
	{"xmpp",   "confirm-reuse",   "5min",                        set_duration,    PLACE(xmpp.confirm_reuse)},
	{"store",  "path",            "/var/lib/missive",            set_text,        PLACE(store.path)},
	{"store",  "may-block",       "no",                          set_bool,        PLACE(store.may_block)},
	{"limits", "max-file-size",   "10G",                         set_bytes,       PLACE(limits.max_file_size), .flags = LIVE},
	{"limits", "keep-free",       "1G",                          set_bytes,       PLACE(limits.keep_free), .flags = LIVE},
	{"limits", "quota",           "0",                           set_bytes,       PLACE(limits.quota), .flags = LIVE},
	{"limits", "resources",       "1000000",                     set_resources,   PLACE(limits.resources), .flags = LIVE},
	{"limits", "connections",     "10000",                       set_count,       PLACE(limits.connections), "1", "1000000", .flags = LIVE},
	{"limits", "connections-per-address", "256",                 set_count,       PLACE(limits.connections_per_address)},
	{"limits", "slots",           "32",                          set_count,       PLACE(limits.slots)},
	{"limits", "wrong-passwords", "10",                          set_rate,        PLACE(limits.wrong_passwords), .flags = LIVE},
	{"limits", "wrong-passwords-per-address", "60",              set_rate,        PLACE(limits.wrong_passwords_per_address), .flags = LIVE},
	{"limits", "expires",           "0",                         set_duration,    PLACE(limits.expires), .flags = LIVE},
	{"limits", "expires-message",   "90d",                       set_duration,    PLACE(limits.expires_message), .flags = LIVE},
	{"limits", "expires-profile",   "0",                         set_duration,    PLACE(limits.expires_profile), .flags = LIVE},
	{"limits", "expires-ephemeral", "7d",                        set_duration,    PLACE(limits.expires_ephemeral), .flags = LIVE},
	{"limits", "expires-permanent", "0",                         set_duration,    PLACE(limits.expires_permanent), .flags = LIVE},
	{"limits", "once-kept",         "24h",                       set_duration,    PLACE(limits.once_kept), .flags = LIVE},
	{"limits", "expiry-notice",     "24h",                       set_duration,    PLACE(limits.expiry_notice), .flags = LIVE},
	{"limits", "prompts",         "4096",                        set_count,       PLACE(limits.prompts), .flags = LIVE},
	{"limits", "prompts-per-pair", "5",                          set_rate,        PLACE(limits.prompts_per_pair), .flags = LIVE},
	{"limits", "prompts-per-address", "10",                      set_rate,        PLACE(limits.prompts_per_address), .flags = LIVE},
	{"limits", "prompts-per-known-pair", "64",                   set_count,       PLACE(limits.prompts_per_known_pair), .flags = LIVE},
	{"limits", "silence",         "10min",                       set_duration,    PLACE(limits.silence), "0", "24h"},
	{"limits", "refusals",        "60",                          set_rate,        PLACE(limits.refusals), .flags = LIVE},
	{"limits", "target",          "8K",                          set_bytes,       PLACE(limits.target), "256", "16K"},
	{"limits", "head",            "32K",                         set_bytes,       PLACE(limits.head), "1K", "64K"},
	{"limits", "fields",          "100",                         set_count,       PLACE(limits.fields), "10", "256"},
	{"limits", "head-time",       "15s",                         set_duration,    PLACE(limits.head_time), "1s", "5min"},
	{"limits", "idle-time",       "60s",                         set_duration,    PLACE(limits.idle_time), "1s", "1h"},
	{"limits", "body-rate",       "1K",                          set_bytes,       PLACE(limits.body_rate), "1", "1M"},
	{"limits", "drain",           "64K",                         set_bytes,       PLACE(limits.drain), "0", "1M"},
	{"limits", "drain-time",      "2s",                          set_duration,    PLACE(limits.drain_time), "100ms", "1min"},
	{"limits", "xml-body",        "256K",                        set_bytes,       PLACE(limits.xml_body), "1K", "4M"},
	{"limits", "properties",      "256",                         set_count,       PLACE(limits.properties), "1", "1024"},
	{"limits", "property-size",   "64K",                         set_bytes,       PLACE(limits.property_size), "256", "1M"},
	{"limits", "properties-size", "1M",                          set_bytes,       PLACE(limits.properties_size), "1K", "4M"},
	{"limits", "ranges",          "16",                          set_count,       PLACE(limits.ranges), "1", "256"},
	{"limits", "conditions",      "64",                          set_count,       PLACE(limits.conditions), "1", "256"},
	{"limits", "conditions-size", "8K",                          set_bytes,       PLACE(limits.conditions_size), "256", "32K"},
	{"limits", "locks-per-resource", "16",                       set_count,       PLACE(limits.locks_per_resource), "1", "64"},
	{"limits", "locks-per-account", "1000",                      set_count,       PLACE(limits.locks_per_account), "1", "4096"},
	{"limits", "lock-time",       "1h",                          set_duration,    PLACE(limits.lock_time), "1s", "1w"},
	{"limits", "nonce-time",      "5min",                        set_duration,    PLACE(limits.nonce_time), "1s", "1h"},
	{"log",    "format",          "text",                        set_log_format,  PLACE(log.format), .flags = LIVE},
	{"log",    "level",           "info",                        set_log_level,   PLACE(log.level), .flags = LIVE},
	{"slots",  "public",          "yes",                         set_bool,        PLACE(slots.links), .flags = LIVE},
	{"system", "fence",           "yes",                         set_bool,        PLACE(system.fence)},
	{"system", "user",            "missive",                     set_text,        PLACE(system.user)},
};
/* clang-format on */

enum { KEYS = sizeof(keys) / sizeof(*keys), SECRET_MAX = 1024 };

static void *place_of(struct reading *reading, const struct key *key)
{
	return (char *)reading->config + key->place;
}

static const char *set_text(struct reading *reading, const struct key *key, const char *value)
{
	*(const char **)place_of(reading, key) = arena_strdup(reading->arena, value);
	return NULL;
}

static const char *set_listen(struct reading *reading, const struct key *key, const char *value)
{
	const char ***place = place_of(reading, key), **old = *place;
	struct sockaddr_storage address;
	size_t count = 0;

	if (address_parse(value, &address) < 0)
		return "this is no address and port, as in 127.0.0.1:8080 or [::1]:8080";
	while (old && old[count])
		count++;
	*place = arena_alloc(reading->arena, (count + 2) * sizeof(**place));
	if (count)
		memcpy(*place, old, count * sizeof(*old));
	(*place)[count] = arena_strdup(reading->arena, value);
	return NULL;
}

static const char *set_metrics(struct reading *reading, const struct key *key, const char *value)
{
	struct sockaddr_storage address;

	if (*value && address_parse(value, &address) < 0)
		return "this is no address and port, as in 127.0.0.1:9190";
	return set_text(reading, key, value);
}

static const char *set_base_url(struct reading *reading, const struct key *key, const char *value)
{
	struct url url;

	if (url_parse(reading->arena, value, &url) < 0)
		return "this is no http or https URL, as in https://files.example.org";
	if (strcmp(url.target, "/") != 0)
		return "the base URL has no path: give the daemon a host name of its own";
	*(const char **)place_of(reading, key) = arena_printf(reading->arena, "%.*s",
		(int)(strlen(value) - (value[strlen(value) - 1] == '/')), value);
	return NULL;
}

static const char *set_hosts(struct reading *reading, const struct key *key, const char *value)
{
	struct site site;

	if (site_parse(reading->arena, "http://localhost", value, &site) < 0)
		return "these are no host names, as in files.example.net or files.example.net:8443";
	return set_text(reading, key, value);
}

static const char *set_readable(struct reading *reading, const struct key *key, const char *value)
{
	if (access(value, R_OK) < 0)
		return arena_printf(reading->arena, "%s: %s", value, strerror(errno));
	return set_text(reading, key, value);
}

static const char *set_bytes(struct reading *reading, const struct key *key, const char *value)
{
	static const struct unit units[] = {{"", 1}, {"K", 1ULL << 10}, {"M", 1ULL << 20},
		{"G", 1ULL << 30}, {"T", 1ULL << 40}, {NULL, 0}};

	if (unit_parse(value, units, place_of(reading, key)) < 0)
		return "this is no number of bytes, as in 500M or 10G";
	return NULL;
}

static const char *set_duration(struct reading *reading, const struct key *key, const char *value)
{
	if (duration_parse(value, place_of(reading, key)) < 0)
		return "this is no time, as in 50s, 5min or 90d";
	return NULL;
}

/* Zero or more of them. NULL, or what is wrong. */
static const char *set_number(
	struct reading *reading, const struct key *key, const char *value, uint64_t most)
{
	uint64_t *count = place_of(reading, key);
	int64_t number;

	if (decimal_parse(value, &number) < 0 || (*count = (uint64_t)number) > most)
		return arena_printf(reading->arena, "this is no number from 0 to %llu",
			(unsigned long long)most);
	return NULL;
}

static const char *set_resources(struct reading *reading, const struct key *key, const char *value)
{
	return set_number(reading, key, value, 1000000000);
}

static const char *set_count(struct reading *reading, const struct key *key, const char *value)
{
	return set_number(reading, key, value, 1000000);
}

/* What is counted in base/rate.h. */
static const char *set_rate(struct reading *reading, const struct key *key, const char *value)
{
	return set_number(reading, key, value, RATE_MOST);
}

static const char *set_threads(struct reading *reading, const struct key *key, const char *value)
{
	uint64_t *count = place_of(reading, key);
	const char *wrong = set_count(reading, key, value);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (!wrong && *count > 256)
		return "more than 256 threads help nobody";
	if (!wrong && *count == 0)
		*count = cores < 1 ? 1 : cores > 256 ? 256 : (uint64_t)cores;
	return wrong;
}

static const char *set_bool(struct reading *reading, const struct key *key, const char *value)
{
	bool *place = place_of(reading, key);

	*place = strcmp(value, "yes") == 0;
	return *place || strcmp(value, "no") == 0 ? NULL : "this is neither yes nor no";
}

static const char *set_log_format(struct reading *reading, const struct key *key, const char *value)
{
	enum log_format *place = place_of(reading, key);

	*place = strcmp(value, "json") == 0 ? LOG_JSON : LOG_TEXT;
	return *place == LOG_JSON || strcmp(value, "text") == 0 ? NULL
								: "this is neither text nor json";
}

static const char *set_log_level(struct reading *reading, const struct key *key, const char *value)
{
	if (log_level_parse(value, place_of(reading, key)) < 0)
		return "this is none of debug, info, warning and error";
	return NULL;
}

static const char *set_server(struct reading *reading, const struct key *key, const char *value)
{
	const char *host;
	uint16_t port;

	if (authority_parse(reading->arena, value, 5347, &host, &port) < 0)
		return "this is no host and port, as in 127.0.0.1:5347";
	return set_text(reading, key, value);
}

static const char *domain_of(struct reading *reading, const char *text)
{
	struct jid jid;

	if (jid_parse(reading->arena, text, &jid) < 0 || jid_has_localpart(&jid) ||
		!jid_is_bare(&jid))
		return NULL;
	return jid.bare;
}

static const char *set_domain(struct reading *reading, const struct key *key, const char *value)
{
	const char *domain = domain_of(reading, value);

	if (!domain)
		return "this is no XMPP domain, as in files.example.org";
	return set_text(reading, key, domain);
}

static const char *account_of(struct reading *reading, const char *text)
{
	struct jid jid;

	if (jid_parse(reading->arena, text, &jid) < 0 || !jid_has_localpart(&jid) ||
		!jid_is_bare(&jid))
		return NULL;
	return jid.bare;
}

/* Words, each normalised by `normalise` (NULL: it is none of what is `called` so), separated by one space. */
static const char *set_words(struct reading *reading, const struct key *key, const char *value,
	const char *(*normalise)(struct reading *reading, const char *word), const char *called)
{
	char *rest = arena_strdup(reading->arena, value), *word;
	struct buf words = {0};
	const char *wrong = NULL;

	while (!wrong && (word = strtok_r(rest, " \t", &rest))) {
		const char *normal = normalise(reading, word);

		if (normal)
			buf_printf(&words, "%s%s", words.len ? " " : "", normal);
		else
			wrong = arena_printf(reading->arena, "%s is no %s", word, called);
	}
	if (!wrong)
		set_text(reading, key, buf_text(&words));
	buf_free(&words);
	return wrong;
}

static const char *set_users(struct reading *reading, const struct key *key, const char *value)
{
	const char *wrong = set_words(reading, key, value, domain_of, "XMPP domain");

	if (!wrong && !**(const char **)place_of(reading, key))
		wrong = "nobody could upload: name at least one XMPP domain";
	return wrong;
}

static const char *set_admins(struct reading *reading, const struct key *key, const char *value)
{
	return set_words(reading, key, value, account_of, "account, as in nurse@capulet.lit");
}

static const char *set_networks(struct reading *reading, const struct key *key, const char *value)
{
	if (networks_check(value) < 0)
		return "these are no networks, as in 127.0.0.1 10.0.0.0/8 ::1";
	return set_text(reading, key, value);
}

static const char *set_secret_file(
	struct reading *reading, const struct key *key, const char *value)
{
	char secret[SECRET_MAX + 2] = "";
	FILE *file = fopen(value, "re");
	size_t length;

	if (!file)
		return arena_printf(reading->arena, "%s: %s", value, strerror(errno));
	length = fread(secret, 1, sizeof(secret) - 1, file);
	fclose(file);
	while (length && (secret[length - 1] == '\n' || secret[length - 1] == '\r'))
		secret[--length] = '\0';
	if (length > SECRET_MAX || strlen(secret) != length)
		return arena_printf(reading->arena, "%s holds no secret of one line", value);
	reading->config->xmpp.secret_file = arena_strdup(reading->arena, value);
	return set_text(reading, key, secret);
}

/* NULL, or what is wrong with the value or where it lies. */
static const char *set(struct reading *reading, const struct key *key, const char *value)
{
	const char *wrong = key->set(reading, key, value);
	uint64_t *place = place_of(reading, key), is, least, most;

	if (wrong || !key->least)
		return wrong;
	is = *place;
	key->set(reading, key, key->least);
	least = *place;
	key->set(reading, key, key->most);
	most = *place;
	*place = is;
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
