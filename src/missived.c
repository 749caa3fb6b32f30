/* Opens the rooms from left to right, runs, closes them in reverse. */
#include "alive.h"
#include "auth/attempt.h"
#include "auth/nonce.h"
#include "auth/password.h"
#include "auth/proof.h"
#include "auth/refusals.h"
#include "base/arena.h"
#include "base/fence.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/process.h"
#include "base/supervisor.h"
#include "base/text.h"
#include "command.h"
#include "daemon.h"
#include "service/service.h"
#include "store/store.h"
#include "xmpp/confirm.h"
#include "xmpp/survey.h"
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

/* Descriptors: what the process has open whoever asks. */
enum { OWN_FILES = 64, FILES_A_THREAD = 8 };

static void print_usage(FILE *out)
{
	fputs("usage: missived [-c FILE]      run in the foreground, log to standard error\n"
	      "       missived -t [-c FILE]   check the settings: exit 0, or 1 and FILE:LINE: "
	      "what is wrong\n"
	      "       missived --selftest [-c FILE]\n"
	      "                               show what a daemon that was taken over could not "
	      "do\n",
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
	supervisor_tell("STOPPING=1");
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
		.properties = config->limits.properties,
		.properties_size = config->limits.properties_size,
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

/* Where descriptors ran out first, no idle one would make room. A quarter of them is for the files that come and go. */
uint64_t daemon_connections(const struct config *config)
{
	uint64_t own = OWN_FILES + FILES_A_THREAD * config->http.threads,
		 all = process_descriptors(), most = all > own + 4 ? (all - own) / 4 * 3 : 1;

	if (all == 0 || config->limits.connections <= most)
		return config->limits.connections;
	log_event(LOG_WARNING, "few-descriptors", "connections", log_number((int64_t)most),
		"reason", "RLIMIT_NOFILE has no room for more", NULL);
	return most;
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

static int listen_for_metrics(struct daemon *daemon, char *error, size_t size)
{
	const char *addresses[] = {daemon->config.http.metrics, NULL};

	if (!*addresses[0])
		return 0;
	process_begin();
	return listeners_open(&daemon->metrics, addresses, 1, error, size);
}

/* What needs root, or what no fence allows: before anything from outside is read. */
static int listen_for_all(struct daemon *daemon, char *error, size_t size)
{
	const struct config *config = &daemon->config;
	size_t inherited = supervisor_listeners();
	int result = listen_for_metrics(daemon, error, size);

	if (result < 0)
		return result;
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
	daemon->nonces = nonces_open(
		store_secret(daemon->store), STORE_SECRET, config->limits.nonce_time, NULL);
	daemon->dav = (struct dav){
		.store = daemon->store,
		.base_url = config->http.base_url,
		.site = &config->http.site,
		.slots = config->limits.slots,
		.limits =
			{
				.xml_body = config->limits.xml_body,
				.properties = config->limits.properties,
				.property_size = config->limits.property_size,
				.ranges = config->limits.ranges,
				.conditions = config->limits.conditions,
				.conditions_size = config->limits.conditions_size,
				.locks_per_resource = config->limits.locks_per_resource,
				.locks_per_account = config->limits.locks_per_account,
				.lock_time = config->limits.lock_time,
			},
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
		.listeners = daemon->listeners,
		.metrics = daemon->metrics,
		.survey = daemon->survey,
		.tls_cert = config->http.tls_cert,
		.tls_key = config->http.tls_key,
		.trusted_proxies = config->http.trusted_proxies,
		.threads = config->http.threads,
		.connections = daemon_connections(config),
		.connections_per_address = config->limits.connections_per_address,
		.limits =
			{
				.target = config->limits.target,
				.head = config->limits.head,
				.fields = config->limits.fields,
				.drain = config->limits.drain,
				.body_rate = config->limits.body_rate,
				.head_time = config->limits.head_time,
				.idle_time = config->limits.idle_time,
				.drain_time = config->limits.drain_time,
			},
	};

	return http_start(&daemon->http, daemon->loop, &daemon->http_options, error, size);
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
	listeners_close(daemon->metrics);
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
	daemon_set_log(&daemon->config);
	return run(daemon);
}

enum task { SERVE, CHECK, COMMAND, SELFTEST };

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"selftest", no_argument, NULL, 's'},
		{"repair", no_argument, NULL, 'r'},
		{0},
	};
	struct daemon daemon = {.file = "/etc/missive/missived.conf"};
	const struct command *command = NULL;
	enum task task = SERVE;
	struct arena *arena;
	bool repair = false;
	char error[1024];
	int option, status = 0;

	keep_standard_files();
	while ((option = getopt_long(argc, argv, "c:thV", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			repair = true;
			break;
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
	if (argc > 0 && task == SERVE) {
		command = command_find(argc, argv, repair);
		task = COMMAND;
	}
	if ((argc > 0 || repair) && !command) {
		print_usage(stderr);
		return 2;
	}
	umask(077);
	arena = arena_new();
	if (config_load(arena, daemon.file, &daemon.config, error, sizeof(error)) < 0) {
		fprintf(stderr, "%s\n", error);
		status = 1;
	} else if (task == COMMAND) {
		status = command_run(command, &daemon.config, repair, argc, argv);
	} else if (task == SELFTEST) {
		status = selftest(&daemon);
	} else if (task == SERVE) {
		status = start(&daemon);
	}
	arena_free(arena);
	return status;
}
