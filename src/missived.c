/* Opens the rooms from left to right, runs, closes them in reverse. */
#include "auth/attempt.h"
#include "auth/nonce.h"
#include "auth/password.h"
#include "auth/proof.h"
#include "auth/refusals.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "command.h"
#include "daemon.h"
#include "service/service.h"
#include "store/store.h"
#include "xmpp/confirm.h"
#include "xmpp/survey.h"
#include "xmpp/xmpp.h"

#include <errno.h>
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

static void print_usage(FILE *out)
{
	fputs("usage: missived [-c FILE]      run in the foreground, log to standard error\n"
	      "       missived -t [-c FILE]   check the settings: exit 0, or 1 and FILE:LINE: what "
	      "is "
	      "wrong\n",
		out);
	command_usage(out);
	fputs("       missived -h | -V\n"
	      "FILE is /etc/missive/missived.conf unless it is given. See missived(8).\n",
		out);
}

void daemon_set_log(const struct config *config)
{
	log_use(config->log.format);
	log_threshold(config->log.level);
}

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
	log_event(LOG_INFO, "stopping", NULL);
	http_stop(daemon->http, FINISHING_TIME, stopped, daemon);
}

struct store_options daemon_store_options(const struct config *config)
{
	return (struct store_options){
		.path = config->store.path,
		.keep_free = config->limits.keep_free,
		.may_block = config->store.may_block,
		.expires = config->limits.expires,
		.once_kept = config->limits.once_kept,
		.expiry_notice = config->limits.expiry_notice,
	};
}

struct limits_options daemon_limits(const struct config *config)
{
	return (struct limits_options){
		.per_pair = config->limits.prompts_per_pair,
		.per_address = config->limits.prompts_per_address,
		.per_known_pair = config->limits.prompts_per_known_pair,
		.prompts = config->limits.prompts,
		.silence = config->limits.silence,
		.timeout = config->xmpp.confirm_timeout,
	};
}

struct attempts_options daemon_attempts(const struct config *config)
{
	return (struct attempts_options){
		.per_pair = config->limits.wrong_passwords,
		.per_address = config->limits.wrong_passwords_per_address,
	};
}

void daemon_set_dav(struct dav *dav, const struct config *config)
{
	dav->users = config->xmpp.users;
	dav->max_file_size = config->limits.max_file_size;
	dav->quota = config->limits.quota;
	dav->resources = config->limits.resources;
	dav->links = config->slots.links;
	dav->expires_message = config->limits.expires_message;
	dav->expires_profile = config->limits.expires_profile;
	dav->expires_ephemeral = config->limits.expires_ephemeral;
	dav->expires_permanent = config->limits.expires_permanent;
}

static int open_store(struct daemon *daemon, char *error, size_t size)
{
	const struct store_options options = daemon_store_options(&daemon->config);

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
	const struct limits_options limits = daemon_limits(config);
	int result = xmpp_open(&daemon->xmpp, daemon->loop, &options);

	if (result < 0) {
		snprintf(error, size, "%s: %s", options.server, strerror(-result));
		return result;
	}
	daemon->confirms = confirms_open(daemon->xmpp, daemon->loop, config->xmpp.confirm_timeout);
	daemon->survey = survey_open(daemon->xmpp, daemon->loop, config->xmpp.users);
	daemon->prover =
		prover_open(daemon->loop, daemon->confirms, config->xmpp.confirm_reuse, &limits);
	return 0;
}

/* What requests and services have in common. */
static void open_dav(struct daemon *daemon)
{
	const struct config *config = &daemon->config;
	const struct attempts_options attempts = daemon_attempts(config);

	daemon->attempts = attempts_open(&attempts, NULL);
	daemon->refusals = refusals_open(config->limits.refusals);
	daemon->nonces = nonces_open(store_secret(daemon->store), STORE_SECRET, NULL);
	daemon->dav = (struct dav){
		.store = daemon->store,
		.base_url = config->http.base_url,
		.site = &config->http.site,
		.slots = config->limits.slots,
		.nonces = daemon->nonces,
		.attempts = daemon->attempts,
		.refusals = daemon->refusals,
	};
	daemon_set_dav(&daemon->dav, config);
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

	daemon->http_options = (struct http_options){
		.dav = &daemon->dav,
		.prover = daemon->prover,
		.xmpp = daemon->xmpp,
		.confirms = daemon->confirms,
		.survey = daemon->survey,
		.listen = config->http.listen,
		.metrics = config->http.metrics,
		.tls_cert = config->http.tls_cert,
		.tls_key = config->http.tls_key,
		.trusted_proxies = config->http.trusted_proxies,
		.threads = config->http.threads,
		.connections = config->limits.connections,
	};

	return http_start(&daemon->http, daemon->loop, &daemon->http_options, error, size);
}

static int open_all(struct daemon *daemon, char *error, size_t size)
{
	int result = open_store(daemon, error, size);

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
	service_close(daemon->service);
	nonces_close(daemon->nonces);
	attempts_close(daemon->attempts);
	refusals_close(daemon->refusals);
	survey_close(daemon->survey);
	if (daemon->confirms)
		confirms_close(daemon->confirms);
	xmpp_close(daemon->xmpp);
	store_close(daemon->store);
	reload_end(daemon);
}

static void serve(struct daemon *daemon)
{
	daemon->terminate = signal_watch_open(daemon->loop, SIGTERM, stop, daemon);
	daemon->interrupt = signal_watch_open(daemon->loop, SIGINT, stop, daemon);
	daemon->hang_up = signal_watch_open(daemon->loop, SIGHUP, reload, daemon);
	log_event(LOG_INFO, "started", "version", MISSIVE_VERSION, NULL);
	loop_run(daemon->loop);
	signal_watch_close(daemon->terminate);
	signal_watch_close(daemon->interrupt);
	signal_watch_close(daemon->hang_up);
}

static int run(struct daemon *daemon)
{
	char error[512] = "no event loop";
	int result = loop_open(&daemon->loop);

	if (result == 0)
		result = open_all(daemon, error, sizeof(error));
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

/* What the process as a whole needs before its first thread. */
static void prepare(void)
{
	struct rlimit files;

	/* A peer that is gone and a file size limit are errors of one call, not the end. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(077);
	setenv("UV_THREADPOOL_SIZE", "16", 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"repair", no_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	const char *file = "/etc/missive/missived.conf";
	struct daemon daemon = {0};
	struct arena *arena;
	bool check_only = false, repair = false;
	const struct command *command;
	char error[1024];
	int option, status;

	while ((option = getopt_long(argc, argv, "c:thV", long_options, NULL)) != -1) {
		switch (option) {
		case 'r':
			repair = true;
			break;
		case 'c':
			file = optarg;
			break;
		case 't':
			check_only = true;
			break;
		case 'h':
			print_usage(stdout);
			return 0;
		case 'V':
			puts("missived " MISSIVE_VERSION);
			return 0;
		default:
			print_usage(stderr);
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	command = argc > 0 && !check_only ? command_find(argc, argv, repair) : NULL;
	if ((argc > 0 || repair) && !command) {
		print_usage(stderr);
		return 2;
	}
	arena = arena_new();
	if (config_load(arena, file, &daemon.config, error, sizeof(error)) < 0) {
		fprintf(stderr, "%s\n", error);
		status = 1;
	} else if (check_only) {
		status = 0;
	} else if (command) {
		status = command_run(command, &daemon.config, repair, argc, argv);
	} else {
		prepare();
		daemon.file = file;
		daemon_set_log(&daemon.config);
		status = run(&daemon);
	}
	arena_free(arena);
	return status;
}
