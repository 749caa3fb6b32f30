#include "check.h"

#include "auth/password.h"
#include "base/codec.h"
#include "base/digest.h"
#include "store/aside.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

enum {
	CLOCK_OFF = 5000, /* milliseconds */
	INODES_LEAST = 1000,
	PASSWORD_TIME = 300000, /* ms, if nobody takes it away */
	SURVEYS = 4,            /* times that answers of the XMPP server are waited for */
};

void check_say(
	struct check *check, enum check_result result, const char *what, const char *format, ...)
{
	static const char *const words[] = {"ok", "WRONG", "not looked at"};
	va_list args;

	printf("%s: %s: ", words[result], what);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	puts("");
	check->wrong |= result == CHECK_WRONG;
}

/* ---- asking ---- */

int check_ask(struct check *check, const struct way *way, const char *method, const char *target,
	const char *fields, const char *body, struct probe_answer *answer, char local[ADDRESS_TEXT])
{
	struct buf out = {0};
	struct probe *probe;
	char error[256];
	int result = probe_open(&probe, (const struct sockaddr *)&way->address,
		*way->source ? way->source : NULL, way->tls, error, sizeof(error));

	if (result < 0)
		return result;
	if (local)
		strcpy(local, probe_local(probe));
	buf_printf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s", method, target,
		check->host, fields);
	if (body)
		buf_printf(&out, "Content-Length: %zu\r\n", strlen(body));
	buf_printf(&out, "\r\n%s", body ? body : "");
	result = probe_send(probe, out.data, out.len);
	do {
		if (result == 0)
			result = probe_receive(probe, PROBE_TIME, answer);
	} while (result == 0 && answer->status < 200 && (probe_answer_free(answer), true));
	buf_free(&out);
	probe_close(probe);
	return result;
}

int check_see(struct check *check, const struct way *way, const char *fields,
	struct probe_answer *answer, char local[ADDRESS_TEXT])
{
	char field[SEEN_TEXT], proof[SHA256_HEX];
	int result;

	seen_sign(check->secret, field, proof);
	result = check_ask(check, way, "GET", SEEN_PATH,
		arena_join(check->arena, SEEN_FIELD ": ", field, "\r\n", fields, NULL), NULL,
		answer, local);
	return result < 0 ? result : strcmp(check_told(check, answer, "check"), proof) == 0;
}

const char *check_told(struct check *check, const struct probe_answer *answer, const char *name)
{
	const char *line = answer->body.data;
	size_t length = strlen(name);

	for (; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return arena_strndup(
				check->arena, line + length + 2, strcspn(line + length + 2, "\n"));
	return "";
}

const char *check_credentials(struct check *check)
{
	const char *text = arena_join(check->arena, check->jid, ":", check->password, NULL);

	return arena_join(check->arena, "Authorization: Basic ",
		base64_encode(check->arena, text, strlen(text)), "\r\n", NULL);
}

/* ---- here ---- */

static void look_at_disk(struct check *check)
{
	const char *path = check->config->store.path;
	uint64_t keep = check->config->limits.keep_free, free;
	struct statvfs disk;

	if (statvfs(path, &disk) < 0) {
		check_say(check, CHECK_WRONG, "disk", "%s: %s", path, strerror(errno));
		return;
	}
	free = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (free <= keep)
		check_say(check, CHECK_WRONG, "disk",
			"%" PRIu64 " MiB are free at %s, and keep-free holds back %" PRIu64
			" MiB: uploads are refused (507). Make room",
			free >> 20, path, keep >> 20);
	else if (disk.f_files > 0 && disk.f_favail < INODES_LEAST)
		check_say(check, CHECK_WRONG, "disk",
			"%" PRIu64 " inodes are free at %s: no more files can be made",
			(uint64_t)disk.f_favail, path);
	else
		check_say(check, CHECK_OK, "disk",
			"%" PRIu64 " MiB and %" PRIu64 " inodes are free at %s", free >> 20,
			(uint64_t)disk.f_favail, path);
}

/* The first listener, from this machine: one on all addresses is also on loopback. */
static void find_listener(struct check *check)
{
	const struct config *config = check->config;
	struct way *way = &check->straight;
	struct sockaddr_in *four = (struct sockaddr_in *)&way->address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&way->address;

	address_parse(config->http.listen[0], &way->address);
	if (four->sin_family == AF_INET && four->sin_addr.s_addr == htonl(INADDR_ANY))
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (six->sin6_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr))
		six->sin6_addr = in6addr_loopback;
	way->tls = config->http.tls_cert ? check->base.host : NULL;
}

static void look_at_daemon(struct check *check)
{
	const char *listen = check->config->http.listen[0];
	struct probe_answer answer;
	int seen = check_see(check, &check->straight, "", &answer, NULL);

	check->straight.works = seen == 1;
	if (seen == 1)
		check_say(check, CHECK_OK, "daemon", "it answers at %s", listen);
	else if (seen == 0)
		check_say(check, CHECK_WRONG, "daemon",
			"what answers at %s (%d) is not the missived of this store, or of these "
			"settings: restart it, or look for another program at that address",
			listen, answer.status);
	else
		check_say(check, CHECK_WRONG, "daemon",
			"nothing answers at %s: %s. Is it running? Where missived.socket takes "
			"the place of listen, set listen to the same",
			listen, strerror(-seen));
	if (seen >= 0)
		probe_answer_free(&answer);
}

/* ---- the XMPP server, as the daemon sees it ---- */

static void tell_clock(struct check *check, const struct probe_answer *answer)
{
	const char *text = check_told(check, answer, "ahead");
	int64_t ahead = strtoll(text, NULL, 10);

	if (!*text)
		check_say(check, CHECK_UNSEEN, "xmpp clock",
			"the server does not tell its time (XEP-0202)");
	else if (ahead > CLOCK_OFF || ahead < -CLOCK_OFF)
		check_say(check, CHECK_WRONG, "xmpp clock",
			"the XMPP server's clock differs from ours by %" PRId64
			" s: set both by NTP",
			ahead / 1000);
	else
		check_say(
			check, CHECK_OK, "xmpp clock", "it is ours, but for %" PRId64 " ms", ahead);
}

static void tell_listed(struct check *check, const struct probe_answer *answer)
{
	const struct config *config = check->config;
	const char *reached = check_told(check, answer, "reached"),
		   *listed = check_told(check, answer, "listed");

	if (strcmp(reached, "yes") == 0)
		check_say(check, CHECK_OK, "disco#info", "%s answers by way of the server",
			config->xmpp.domain);
	else
		check_say(check, CHECK_WRONG, "disco#info",
			"a stanza to %s does not come back to it by way of the server: is that "
			"name routed elsewhere?",
			config->xmpp.domain);
	if (strcmp(listed, "yes") == 0)
		check_say(
			check, CHECK_OK, "disco#items", "the server lists %s", config->xmpp.domain);
	else if (strcmp(listed, "no") == 0)
		check_say(check, CHECK_WRONG, "disco#items",
			"no server of %s lists %s, so clients do not find it: in Prosody add "
			"{ \"%s\" } to disco_items, in ejabberd to extra_domains of mod_disco",
			config->xmpp.users, config->xmpp.domain, config->xmpp.domain);
	else
		check_say(check, CHECK_UNSEEN, "disco#items",
			"no server of %s has answered which services it has", config->xmpp.users);
}

/* Each look has the server asked anew, for the next. */
static void look_at_xmpp(struct check *check)
{
	const struct timespec pause = {.tv_nsec = 500000000};
	struct probe_answer answer = {0};
	int seen = 1;

	if (!check->straight.works) {
		check_say(check, CHECK_UNSEEN, "xmpp", "the daemon was not found");
		return;
	}
	for (int i = 0; i < SURVEYS && seen == 1; i++) {
		probe_answer_free(&answer);
		nanosleep(&pause, NULL);
		seen = check_see(check, &check->straight, "", &answer, NULL);
		if (seen == 1 && strcmp(check_told(check, &answer, "reached"), "unknown") != 0 &&
			strcmp(check_told(check, &answer, "listed"), "unknown") != 0)
			break;
	}
	if (seen != 1 || strcmp(check_told(check, &answer, "xmpp"), "up") != 0) {
		check_say(check, CHECK_WRONG, "xmpp",
			"%s is not connected to %s as a component: look at the daemon's log for "
			"event=xmpp-lost, and at the server's for the secret and the name",
			check->config->xmpp.domain, check->config->xmpp.server);
	} else {
		check_say(check, CHECK_OK, "xmpp", "%s is connected to %s",
			check->config->xmpp.domain, check->config->xmpp.server);
		tell_listed(check, &answer);
		tell_clock(check, &answer);
	}
	if (seen >= 0)
		probe_answer_free(&answer);
}

/* ---- an account for the check ---- */

static int make_account(struct check *check)
{
	const char *users = check->config->xmpp.users;
	struct password kept;
	char id[RANDOM_ID], secret[PASSWORD_TEXT], error[256];
	struct timespec now;

	random_id(id);
	snprintf(check->jid, sizeof(check->jid), "missive-check-%s@%.*s", id,
		(int)strcspn(users, " "), users);
	snprintf(check->name, sizeof(check->name), "/missive-check-%s", id);
	password_mint(secret);
	snprintf(check->password, sizeof(check->password), "%s", secret);
	clock_gettime(CLOCK_REALTIME, &now);
	kept = password_kept(check->arena, check->jid, "missived check", secret);
	kept.expires = (int64_t)now.tv_sec * 1000 + PASSWORD_TIME;
	if (store_password_add(check->config->store.path, &kept, error, sizeof(error)) == 0)
		return 0;
	check_say(check, CHECK_WRONG, "store", "%s", error);
	*check->jid = '\0';
	return -EIO;
}

static void drop_account(struct check *check)
{
	if (*check->jid && store_account_forget(check->config->store.path, check->jid) < 0)
		check_say(check, CHECK_WRONG, "store",
			"the app password of %s could not be removed; it expires in five minutes",
			check->jid);
}

int check_run(const struct config *config)
{
	struct check check = {.config = config, .arena = arena_new()};
	char error[512];

	check.host = strstr(config->http.base_url, "://") + 3;
	url_parse(check.arena, config->http.base_url, &check.base);
	look_at_disk(&check);
	find_listener(&check);
	if (store_secret_read(config->store.path, check.secret, error, sizeof(error)) < 0) {
		check_say(&check, CHECK_WRONG, "store", "%s", error);
	} else {
		look_at_daemon(&check);
		look_at_xmpp(&check);
		if (check.straight.works)
			make_account(&check);
		check_outside(&check);
		drop_account(&check);
	}
	explicit_bzero(check.secret, sizeof(check.secret));
	arena_free(check.arena);
	return check.wrong;
}
