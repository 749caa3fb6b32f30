/* The file of settings: read or refused with the line, and what was read keeps what the daemon relies on. Nothing is no file. */
#include "fuzz.h"

#include "base/address.h"
#include "base/config.h"
#include "base/jid.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Nothing but what must be there. */
static struct config least;
static struct arena *kept;

static void forget(void)
{
	arena_free(kept);
}

static int load(struct arena *arena, const void *bytes, size_t size, struct config *config,
	char name[static 32], char error[static 4096])
{
	int file = memfd_create("settings", 0), result;

	assert(file >= 0 && (size == 0 || write(file, bytes, size) == (ssize_t)size));
	snprintf(name, 32, size ? "/proc/self/fd/%d" : "/nowhere/%d", file);
	result = config_load(arena, name, config, error, 4096);
	close(file);
	return result;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char settings[] = "[xmpp]\nsecret = s\n";
	char name[32], error[4096];

	kept = arena_new();
	atexit(forget);
	assert(load(kept, settings, strlen(settings), &least, name, error) == 0);
	return 0;
}

/* Settings name files: none is near, and none far is opened. */
static bool names_files(const uint8_t *bytes, size_t size)
{
	return memmem(bytes, size, "/dev", 4) || memmem(bytes, size, "/proc", 5);
}

static void check(struct arena *arena, const struct config *config)
{
	struct sockaddr_storage address;
	struct jid jid;

	assert(config->http.listen && config->http.listen[0]);
	for (size_t i = 0; config->http.listen[i]; i++)
		assert(address_parse(config->http.listen[i], &address) == 0);
	assert(config->http.site.base.host && config->http.base_url[0]);
	assert(config->http.base_url[strlen(config->http.base_url) - 1] != '/');
	assert(config->http.threads >= 1 && config->http.threads <= 256);
	assert(config->xmpp.secret && *config->xmpp.secret && *config->xmpp.users);
	assert(jid_parse(arena, config->xmpp.domain, &jid) == 0);
	assert(same(jid.bare, config->xmpp.domain) && !jid_has_localpart(&jid));
	assert(!config->http.tls_cert == !config->http.tls_key);
	assert(config->limits.connections > 0 && *config->store.path);
}

static void count(void *arg, const char *section, const char *name, bool live)
{
	size_t *differences = arg;

	assert(*section && *name);
	++*differences;
}

/* Either way as much is told, and nothing of one that is the same. */
static void compare(const struct config *config)
{
	size_t none = 0, there = 0, back = 0;

	config_compare(config, config, count, &none);
	config_compare(config, &least, count, &there);
	config_compare(&least, config, count, &back);
	assert(none == 0 && there == back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena;
	struct config config;
	char error[4096] = "", name[32];

	if (names_files(bytes, size))
		return 0;
	arena = arena_new();
	if (load(arena, bytes, size, &config, name, error) == 0) {
		check(arena, &config);
		compare(&config);
	} else {
		assert(strncmp(error, name, strlen(name)) == 0 && strstr(error, ": "));
	}
	arena_free(arena);
	return 0;
}
