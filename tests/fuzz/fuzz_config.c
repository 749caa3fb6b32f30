/* The file of settings: read or refused with the line, and what was read keeps what the daemon relies on. Nothing is no file. */
#include "fuzz.h"

#include "base/address.h"
#include "base/config.h"
#include "base/jid.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena;
	struct config config;
	char error[4096] = "", name[32];
	int file;

	if (names_files(bytes, size))
		return 0;
	arena = arena_new();
	file = memfd_create("settings", 0);
	assert(file >= 0 && (size == 0 || write(file, bytes, size) == (ssize_t)size));
	snprintf(name, sizeof(name), size ? "/proc/self/fd/%d" : "/nowhere/%d", file);
	if (config_load(arena, name, &config, error, sizeof(error)) == 0)
		check(arena, &config);
	else
		assert(strncmp(error, name, strlen(name)) == 0 && strstr(error, ": "));
	close(file);
	arena_free(arena);
	return 0;
}
