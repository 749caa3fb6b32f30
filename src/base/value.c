#include "base/value.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/config.h"
#include "base/jid.h"
#include "base/rate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SECRET_MAX = 1024 };

const char *value_text(const struct place *place, const char *value)
{
	*(const char **)place->at = arena_strdup(place->arena, value);
	return NULL;
}

const char *value_listen(const struct place *place, const char *value)
{
	const char ***at = place->at, **old = *at;
	struct sockaddr_storage address;
	size_t count = 0;

	if (address_parse(value, &address) < 0)
		return "this is no address and port, as in 127.0.0.1:8080 or [::1]:8080";
	while (old && old[count])
		count++;
	*at = arena_alloc(place->arena, (count + 2) * sizeof(**at));
	if (count)
		memcpy(*at, old, count * sizeof(*old));
	(*at)[count] = arena_strdup(place->arena, value);
	return NULL;
}

const char *value_metrics(const struct place *place, const char *value)
{
	struct sockaddr_storage address;

	if (*value && address_parse(value, &address) < 0)
		return "this is no address and port, as in 127.0.0.1:9190";
	return value_text(place, value);
}

const char *value_base_url(const struct place *place, const char *value)
{
	struct url url;

	if (url_parse(place->arena, value, &url) < 0)
		return "this is no http or https URL, as in https://files.example.org";
	if (strcmp(url.target, "/") != 0)
		return "the base URL has no path: give the daemon a host name of its own";
	*(const char **)place->at = arena_printf(place->arena, "%.*s",
		(int)(strlen(value) - (value[strlen(value) - 1] == '/')), value);
	return NULL;
}

const char *value_hosts(const struct place *place, const char *value)
{
	struct site site;

	if (site_parse(place->arena, "http://localhost", value, &site) < 0)
		return "these are no host names, as in files.example.net or files.example.net:8443";
	return value_text(place, value);
}

const char *value_readable(const struct place *place, const char *value)
{
	if (access(value, R_OK) < 0)
		return arena_printf(place->arena, "%s: %s", value, strerror(errno));
	return value_text(place, value);
}

const char *value_bytes(const struct place *place, const char *value)
{
	static const struct unit units[] = {{"", 1}, {"K", 1ULL << 10}, {"M", 1ULL << 20},
		{"G", 1ULL << 30}, {"T", 1ULL << 40}, {NULL, 0}};

	if (unit_parse(value, units, place->at) < 0)
		return "this is no number of bytes, as in 500M or 10G";
	return NULL;
}

const char *value_duration(const struct place *place, const char *value)
{
	if (duration_parse(value, place->at) < 0)
		return "this is no time, as in 50s, 5min or 90d";
	return NULL;
}

/* Zero or more of them. NULL, or what is wrong. */
static const char *set_number(const struct place *place, const char *value, uint64_t most)
{
	uint64_t *count = place->at;
	int64_t number;

	if (decimal_parse(value, &number) < 0 || (*count = (uint64_t)number) > most)
		return arena_printf(
			place->arena, "this is no number from 0 to %llu", (unsigned long long)most);
	return NULL;
}

const char *value_resources(const struct place *place, const char *value)
{
	return set_number(place, value, 1000000000);
}

const char *value_count(const struct place *place, const char *value)
{
	return set_number(place, value, 1000000);
}

/* What is counted in base/rate.h. */
const char *value_rate(const struct place *place, const char *value)
{
	return set_number(place, value, RATE_MOST);
}

const char *value_threads(const struct place *place, const char *value)
{
	uint64_t *count = place->at;
	const char *wrong = value_count(place, value);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (!wrong && *count > 256)
		return "more than 256 threads help nobody";
	if (!wrong && *count == 0)
		*count = cores < 1 ? 1 : cores > 256 ? 256 : (uint64_t)cores;
	return wrong;
}

const char *value_bool(const struct place *place, const char *value)
{
	bool *at = place->at;

	*at = strcmp(value, "yes") == 0;
	return *at || strcmp(value, "no") == 0 ? NULL : "this is neither yes nor no";
}

const char *value_log_format(const struct place *place, const char *value)
{
	enum log_format *at = place->at;

	*at = strcmp(value, "json") == 0 ? LOG_JSON : LOG_TEXT;
	return *at == LOG_JSON || strcmp(value, "text") == 0 ? NULL
							     : "this is neither text nor json";
}

const char *value_log_level(const struct place *place, const char *value)
{
	if (log_level_parse(value, place->at) < 0)
		return "this is none of debug, info, warning and error";
	return NULL;
}

const char *value_server(const struct place *place, const char *value)
{
	const char *host;
	uint16_t port;

	if (authority_parse(place->arena, value, 5347, &host, &port) < 0)
		return "this is no host and port, as in 127.0.0.1:5347";
	return value_text(place, value);
}

static const char *domain_of(const struct place *place, const char *text)
{
	struct jid jid;

	if (jid_parse(place->arena, text, &jid) < 0 || jid_has_localpart(&jid) ||
		!jid_is_bare(&jid))
		return NULL;
	return jid.bare;
}

const char *value_domain(const struct place *place, const char *value)
{
	const char *domain = domain_of(place, value);

	if (!domain)
		return "this is no XMPP domain, as in files.example.org";
	return value_text(place, domain);
}

static const char *account_of(const struct place *place, const char *text)
{
	struct jid jid;

	if (jid_parse(place->arena, text, &jid) < 0 || !jid_has_localpart(&jid) ||
		!jid_is_bare(&jid))
		return NULL;
	return jid.bare;
}

/* Words, each normalised by `normalise` (NULL: it is none of what is `called` so), separated by one space. */
static const char *set_words(const struct place *place, const char *value,
	const char *(*normalise)(const struct place *place, const char *word), const char *called)
{
	char *rest = arena_strdup(place->arena, value), *word;
	struct buf words = {0};
	const char *wrong = NULL;

	while (!wrong && (word = strtok_r(rest, " \t", &rest))) {
		const char *normal = normalise(place, word);

		if (normal)
			buf_printf(&words, "%s%s", words.len ? " " : "", normal);
		else
			wrong = arena_printf(place->arena, "%s is no %s", word, called);
	}
	if (!wrong)
		value_text(place, buf_text(&words));
	buf_free(&words);
	return wrong;
}

const char *value_users(const struct place *place, const char *value)
{
	const char *wrong = set_words(place, value, domain_of, "XMPP domain");

	if (!wrong && !**(const char **)place->at)
		wrong = "nobody could upload: name at least one XMPP domain";
	return wrong;
}

const char *value_admins(const struct place *place, const char *value)
{
	return set_words(place, value, account_of, "account, as in nurse@capulet.lit");
}

const char *value_networks(const struct place *place, const char *value)
{
	if (networks_check(value) < 0)
		return "these are no networks, as in 127.0.0.1 10.0.0.0/8 ::1";
	return value_text(place, value);
}

const char *value_secret_file(const struct place *place, const char *value)
{
	char secret[SECRET_MAX + 2] = "";
	FILE *file = fopen(value, "re");
	size_t length;

	if (!file)
		return arena_printf(place->arena, "%s: %s", value, strerror(errno));
	length = fread(secret, 1, sizeof(secret) - 1, file);
	fclose(file);
	while (length && (secret[length - 1] == '\n' || secret[length - 1] == '\r'))
		secret[--length] = '\0';
	if (length > SECRET_MAX || strlen(secret) != length)
		return arena_printf(place->arena, "%s holds no secret of one line", value);
	place->config->xmpp.secret_file = arena_strdup(place->arena, value);
	return value_text(place, secret);
}
