#include "auth/attempt.h"
#include "auth/proof.h"
#include "auth/refusals.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/supervisor.h"
#include "daemon.h"
#include "service/service.h"
#include "store/store.h"
#include "xmpp/xmpp.h"

#include <stdlib.h>

/* Read once more. They stay until the end: who knows which of them a request still has. */
struct settings {
	struct settings *older;
	struct arena *arena;
	struct config config;
	struct dav dav;
	struct http_options http;
};

static const struct config *newest(const struct daemon *daemon)
{
	return daemon->settings ? &daemon->settings->config : &daemon->config;
}

/* One that needs a restart is told of each time, for as long as it differs from what runs. */
static void tell_of_restart(void *arg, const char *section, const char *name, bool live)
{
	if (!live)
		log_event(LOG_WARNING, "restart-needed", "section", section, "setting", name, NULL);
}

static void tell_of_change(void *arg, const char *section, const char *name, bool live)
{
	bool *changed = arg;

	if (!live)
		return;
	*changed = true;
	log_event(LOG_INFO, "setting-changed", "section", section, "setting", name, NULL);
}

/* Each room takes it to its own threads. */
static void use(struct daemon *daemon, struct settings *settings)
{
	const struct config *config = &settings->config;
	const struct store_options store = daemon_store_options(config);
	const struct limits_options limits = daemon_limits(config);
	const struct attempts_options attempts = daemon_attempts(config);

	settings->dav = daemon->dav;
	daemon_set_dav(&settings->dav, config);
	settings->http = daemon->http_options;
	settings->http.dav = &settings->dav;
	settings->http.trusted_proxies = config->http.trusted_proxies;
	settings->http.connections = daemon_connections(config);
	settings->older = daemon->settings;
	daemon->settings = settings;

	daemon_set_log(config);
	store_use(daemon->store, &store);
	xmpp_set_max_file_size(daemon->xmpp, config->limits.max_file_size);
	prover_use(daemon->prover, &limits);
	attempts_use(daemon->attempts, &attempts);
	refusals_use(daemon->refusals, config->limits.refusals);
	service_use(daemon->service, &settings->dav, config->xmpp.admins);
	http_use(daemon->http, &settings->http);
}

static void settings_free(struct settings *settings)
{
	arena_free(settings->arena);
	free(settings);
}

static void read_anew(struct daemon *daemon)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	bool changed = false;
	char error[1024];
	int result;

	if (!settings)
		abort();
	settings->arena = arena_new();
	result =
		config_load(settings->arena, daemon->file, &settings->config, error, sizeof(error));
	if (result == 0)
		result = http_reload(daemon->http, error, sizeof(error));
	if (result < 0) {
		log_event(LOG_ERROR, "reload-failed", "reason", error, NULL);
		settings_free(settings);
		return;
	}
	config_compare(&daemon->config, &settings->config, tell_of_restart, NULL);
	config_compare(newest(daemon), &settings->config, tell_of_change, &changed);
	if (changed)
		use(daemon, settings);
	else
		settings_free(settings);
	log_event(LOG_INFO, "reloaded", NULL);
}

void reload(void *arg)
{
	supervisor_tell_reloading();
	read_anew(arg);
	supervisor_tell("READY=1");
}

void reload_end(struct daemon *daemon)
{
	while (daemon->settings) {
		struct settings *settings = daemon->settings;

		daemon->settings = settings->older;
		settings_free(settings);
	}
}
