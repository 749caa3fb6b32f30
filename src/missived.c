/* Opens the rooms from left to right, runs, closes them in reverse. */
#include "alive.h"
#include "auth/attempt.h"
#include "auth/nonce.h"
#include "auth/password.h"
#include "auth/proof.h"
#include "auth/refusals.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/fence.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/supervisor.h"
#include "base/text.h"
#include "dav/request.h"
#include "http/http.h"
#include "service/service.h"
#include "store/store.h"
#include "xmpp/confirm.h"
#include "xmpp/xmpp.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Milliseconds for what runs to finish; with what is left of ten seconds the rooms are closed. */
enum { FINISHING_TIME = 8500 };

struct daemon {
	struct config config;
	const char *file; /* the settings */
	struct loop *loop;
	struct store *store;
	struct xmpp *xmpp;
	struct confirms *confirms;
	struct prover *prover;
	struct nonces *nonces;
	struct attempts *attempts;
	struct refusals *refusals;
	struct service *service;
	struct listeners *listeners;
	struct http *http;
	struct alive *alive;
	struct signal_watch *terminate, *interrupt, *hang_up;
	struct dav dav;
	bool stopping;
};

static const char usage[] =
	"usage: missived [-c FILE]      run in the foreground, log to standard error\n"
	"       missived -t [-c FILE]   check the settings: exit 0, or 1 and FILE:LINE: what is "
	"wrong\n"
	"       missived --selftest [-c FILE]\n"
	"                               show what a daemon that was taken over could not do\n"
	"       missived [-c FILE] password JID [LABEL]\n"
	"                               mint an app password for that account and print it, once\n"
	"       missived -h | -V\n"
	"FILE is /etc/missive/missived.conf unless it is given. See missived(8).\n";

static void stopped(void *arg)
{
	loop_stop(((struct daemon *)arg)->loop);
}

static void stop(void *arg)
{
	struct daemon *daemon = arg;

	if (daemon->stopping)
		return;
	daemon->stopping = true;
	supervisor_tell("STOPPING=1");
	log_event(LOG_INFO, "stopping", NULL);
	http_stop(daemon->http, FINISHING_TIME, stopped, daemon);
}

static void reload(void *arg)
{
	struct daemon *daemon = arg;
	char error[512];

	supervisor_tell_reloading();
	if (http_reload(daemon->http, error, sizeof(error)) < 0)
		log_event(LOG_ERROR, "reload-failed", "reason", error, NULL);
	else
		log_event(LOG_INFO, "reloaded", NULL);
	supervisor_tell("READY=1");
}

/* What needs root, or what no fence allows: before anything from outside is read. */
static int listen_for_all(struct daemon *daemon, char *error, size_t size)
{
	const struct config *config = &daemon->config;
	size_t inherited = supervisor_listeners();

	if (inherited > 0)
		return listeners_inherit(&daemon->listeners, SUPERVISOR_FIRST_FD, inherited,
			config->http.tls_cert || config->http.allow_plain, error, size);
	return listeners_open(
		&daemon->listeners, config->http.listen, config->http.threads, error, size);
}

/* From here on the process is nobody in particular and may do next to nothing. */
static int become_small(struct daemon *daemon, char *error, size_t size)
{
	const struct config *config = &daemon->config;
	struct identity identity;
	int result = identity_find(config->system.user, &identity, error, size);

	if (result == 0)
		result = listen_for_all(daemon, error, size);
	if (result == 0)
		result = store_make(config->store.path, &identity, error, size);
	if (result == 0)
		result = identity_become(&identity, error, size);
	if (result == 0)
		result = fence_begin(config, daemon->file, error, size);
	return result;
}

static int open_store(struct daemon *daemon, char *error, size_t size)
{
	const struct store_options options = {
		.path = daemon->config.store.path,
		.keep_free = daemon->config.limits.keep_free,
		.may_block = daemon->config.store.may_block,
		.expires = daemon->config.limits.expires,
		.once_kept = daemon->config.limits.once_kept,
		.expiry_notice = daemon->config.limits.expiry_notice,
	};

	return store_open(&daemon->store, &options, error, size);
}

static int open_xmpp(struct daemon *daemon, char *error, size_t size)
{
	const struct config *config = &daemon->config;
	const struct xmpp_options options = {
		.server = config->xmpp.server,
		.domain = config->xmpp.domain,
		.secret = config->xmpp.secret,
		.base_url = config->http.base_url,
		.max_file_size = config->limits.max_file_size,
	};
	const struct limits_options limits = {
		.per_pair = config->limits.prompts_per_pair,
		.per_address = config->limits.prompts_per_address,
		.per_known_pair = config->limits.prompts_per_known_pair,
		.prompts = config->limits.prompts,
		.silence = config->limits.silence,
		.timeout = config->xmpp.confirm_timeout,
	};
	int result = xmpp_open(&daemon->xmpp, daemon->loop, &options);

	if (result < 0) {
		snprintf(error, size, "%s: %s", options.server, strerror(-result));
		return result;
	}
	daemon->confirms = confirms_open(daemon->xmpp, daemon->loop, config->xmpp.confirm_timeout);
	daemon->prover =
		prover_open(daemon->loop, daemon->confirms, config->xmpp.confirm_reuse, &limits);
	return 0;
}

/* What requests and services have in common. */
static void open_dav(struct daemon *daemon)
{
	const struct config *config = &daemon->config;
	const struct attempts_options attempts = {
		.per_pair = config->limits.wrong_passwords,
		.per_address = config->limits.wrong_passwords_per_address,
	};

	daemon->attempts = attempts_open(&attempts, NULL);
	daemon->refusals = refusals_open(config->limits.refusals);
	daemon->nonces = nonces_open(store_secret(daemon->store), STORE_SECRET, NULL);
	daemon->dav = (struct dav){
		.store = daemon->store,
		.base_url = config->http.base_url,
		.site = &config->http.site,
		.users = config->xmpp.users,
		.max_file_size = config->limits.max_file_size,
		.quota = config->limits.quota,
		.resources = config->limits.resources,
		.slots = config->limits.slots,
		.links = config->slots.links,
		.expires_message = config->limits.expires_message,
		.expires_profile = config->limits.expires_profile,
		.expires_ephemeral = config->limits.expires_ephemeral,
		.expires_permanent = config->limits.expires_permanent,
		.nonces = daemon->nonces,
		.attempts = daemon->attempts,
		.refusals = daemon->refusals,
	};
}

static void open_service(struct daemon *daemon)
{
	const struct service_options options = {
		.loop = daemon->loop,
		.xmpp = daemon->xmpp,
		.dav = &daemon->dav,
		.admins = daemon->config.xmpp.admins,
	};

	daemon->service = service_open(&options);
}

static int open_http(struct daemon *daemon, char *error, size_t size)
{
	const struct config *config = &daemon->config;
	const struct http_options options = {
		.dav = &daemon->dav,
		.prover = daemon->prover,
		.xmpp = daemon->xmpp,
		.confirms = daemon->confirms,
		.listeners = daemon->listeners,
		.tls_cert = config->http.tls_cert,
		.tls_key = config->http.tls_key,
		.trusted_proxies = config->http.trusted_proxies,
		.threads = config->http.threads,
		.connections = config->limits.connections,
		.connections_per_address = config->limits.connections_per_address,
	};

	return http_start(&daemon->http, daemon->loop, &options, error, size);
}

static int open_all(struct daemon *daemon, char *error, size_t size)
{
	int result = become_small(daemon, error, size);

	if (result == 0)
		result = loop_open(&daemon->loop);
	if (result == 0)
		result = open_store(daemon, error, size);
	if (result == 0)
		result = open_xmpp(daemon, error, size);
	if (result < 0)
		return result;
	open_dav(daemon);
	open_service(daemon);
	return open_http(daemon, error, size);
}

static void close_all(struct daemon *daemon)
{
	if (daemon->prover)
		prover_close(daemon->prover);
	if (daemon->http)
		http_close(daemon->http);
	listeners_close(daemon->listeners);
	service_close(daemon->service);
	nonces_close(daemon->nonces);
	attempts_close(daemon->attempts);
	refusals_close(daemon->refusals);
	if (daemon->confirms)
		confirms_close(daemon->confirms);
	xmpp_close(daemon->xmpp);
	store_close(daemon->store);
	alive_close(daemon->alive);
}

/* When the last threads are there. Else it ends at once: nothing was answered that is not on disk. */
static void close_fence(struct daemon *daemon)
{
	char error[512];

	loop_work_prepare(daemon->loop);
	if (fence_close(&daemon->config, error, sizeof(error)) == 0)
		return;
	fprintf(stderr, "missived: %s\n", error);
	_exit(1);
}

static void serve(struct daemon *daemon)
{
	daemon->terminate = signal_watch_open(daemon->loop, SIGTERM, stop, daemon);
	daemon->interrupt = signal_watch_open(daemon->loop, SIGINT, stop, daemon);
	daemon->hang_up = signal_watch_open(daemon->loop, SIGHUP, reload, daemon);
	close_fence(daemon);
	if (supervisor_watchdog() > 0)
		daemon->alive = alive_open(
			daemon->loop, daemon->http, daemon->store, supervisor_watchdog());
	log_event(LOG_INFO, "started", "version", MISSIVE_VERSION, NULL);
	supervisor_tell("READY=1");
	loop_run(daemon->loop);
	signal_watch_close(daemon->terminate);
	signal_watch_close(daemon->interrupt);
	signal_watch_close(daemon->hang_up);
}

static int run(struct daemon *daemon)
{
	char error[512] = "no event loop";
	int result = open_all(daemon, error, sizeof(error));

	if (result == 0)
		serve(daemon);
	else
		fprintf(stderr, "missived: %s\n", error);
	close_all(daemon);
	loop_close(daemon->loop);
	if (result == 0)
		log_event(LOG_INFO, "stopped", NULL);
	return result < 0 ? 1 : 0;
}

/* missived password JID [LABEL], also while the daemon runs. */
static int mint_password(const struct config *config, int argc, char **argv)
{
	const char *label = argc > 1 ? argv[1] : "";
	struct arena *arena = arena_new();
	char secret[PASSWORD_TEXT], error[512];
	struct password kept;
	struct jid jid;
	int status = 1;

	password_mint(secret);
	if (jid_parse(arena, argv[0], &jid) < 0 || !jid_is_bare(&jid) || !jid_has_localpart(&jid)) {
		fprintf(stderr, "missived: %s is no account, as in romeo@montague.lit\n", argv[0]);
	} else if (strlen(label) > 255 || !text_is_presentable(label)) {
		fprintf(stderr, "missived: the label is too long, or cannot be shown\n");
	} else {
		kept = password_kept(arena, jid.bare, label, secret);
		status = store_password_add(config->store.path, &kept, error, sizeof(error)) < 0;
		if (status)
			fprintf(stderr, "missived: %s\n", error);
		else
			printf("%s\n", secret);
	}
	arena_free(arena);
	return status;
}

/* Whoever has closed some of them: nothing that is opened later may be taken for the log. */
static void keep_standard_files(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd >= 0)
		close(fd);
}

/* What the process as a whole needs before its first thread. */
static void prepare(void)
{
	struct rlimit files;

	/* A peer that is gone and a file size limit are errors of one call, not the end. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	setenv("UV_THREADPOOL_SIZE", "16", 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* The file is good, and is what the daemon itself would start with. */
static int selftest(struct daemon *daemon)
{
	struct identity identity;
	char error[512];
	bool refused;

	if (identity_find(daemon->config.system.user, &identity, error, sizeof(error)) < 0 ||
		store_make(daemon->config.store.path, &identity, error, sizeof(error)) < 0 ||
		identity_become(&identity, error, sizeof(error)) < 0) {
		fprintf(stderr, "missived: %s\n", error);
		return 1;
	}
	refused = fence_selftest(&daemon->config, daemon->file);
	if (!refused)
		fputs("missived: the fence does not hold, see above\n", stderr);
	return refused ? 0 : 1;
}

static int start(struct daemon *daemon)
{
	supervisor_find();
	prepare();
	return run(daemon);
}

enum task { SERVE, CHECK, MINT, SELFTEST };

int main(int argc, char **argv)
{
	static const struct option options[] = {{"selftest", no_argument, NULL, 's'}, {0}};
	struct daemon daemon = {.file = "/etc/missive/missived.conf"};
	enum task task = SERVE;
	struct arena *arena;
	char error[1024];
	int option, status = 0;

	keep_standard_files();
	while ((option = getopt_long(argc, argv, "c:thV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			daemon.file = optarg;
			break;
		case 't':
			task = CHECK;
			break;
		case 's':
			task = SELFTEST;
			break;
		case 'h':
		case 'V':
			fputs(option == 'h' ? usage : "missived " MISSIVE_VERSION "\n", stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (task == SERVE && argc >= 2 && argc <= 3 && strcmp(argv[0], "password") == 0)
		task = MINT;
	if (argc > 0 && task != MINT) {
		fputs(usage, stderr);
		return 2;
	}
	umask(077);
	arena = arena_new();
	if (config_load(arena, daemon.file, &daemon.config, error, sizeof(error)) < 0) {
		fprintf(stderr, "%s\n", error);
		status = 1;
	} else if (task == MINT) {
		status = mint_password(&daemon.config, argc - 1, argv + 1);
	} else if (task == SELFTEST) {
		status = selftest(&daemon);
	} else if (task == SERVE) {
		status = start(&daemon);
	}
	arena_free(arena);
	return status;
}
