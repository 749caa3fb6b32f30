#include "base/fence.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/landlock.h"
#include "base/log.h"
#include "base/sanitized.h"
#include "base/syscalls.h"
#include "base/uri.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <nss.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PATHS = 32, DNS_PORT = 53 };

/* What glibc reads when it looks a name up. */
static const char *const resolver[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
	"/etc/gai.conf", "/etc/host.conf", "/etc/services", "/run/systemd/resolve"};

/* What a sanitizer reads to find its threads, and to name what it has found. */
static const char *const symbols[] = {"/proc", "/usr", "/lib", "/lib64"};

struct paths {
	struct arena *arena;
	const char *list[PATHS];
	size_t count;
};

static int refuse(char *error, size_t size, const char *what, int reason)
{
	snprintf(error, size, "the fence: %s: %s", what, strerror(-reason));
	return reason;
}

static void add(struct paths *paths, const char *path)
{
	if (path && paths->count < PATHS - 1)
		paths->list[paths->count++] = arena_strdup(paths->arena, path);
}

/*
 * The directory of a file, as who renews a certificate puts another file there; and that of the file behind a link. Of a
 * directory that holds all kinds of things the file alone.
 */
static void add_folder(struct paths *paths, const char *file)
{
	char real[PATH_MAX];
	const char *names[] = {file, file ? realpath(file, real) : NULL};

	for (size_t i = 0; i < 2; i++) {
		const char *folder;

		if (!names[i])
			continue;
		folder = dirname(arena_strdup(paths->arena, names[i]));
		if (strcmp(folder, "/") == 0 || strcmp(folder, "/etc") == 0)
			add(paths, names[i]);
		else
			add(paths, folder);
	}
}

static int restrict_files(const struct config *config, const char *file)
{
	struct arena *arena = arena_new();
	struct paths read = {.arena = arena}, write = {.arena = arena};
	uint16_t ports[] = {0, DNS_PORT, 0};
	const char *host, *blobs = arena_printf(arena, "%s/blobs", config->store.path);
	int result = authority_parse(arena, config->xmpp.server, 5347, &host, &ports[0]);

	add(&write, config->store.path);
	/* Large files may be on another disk. */
	if (access(blobs, F_OK) == 0)
		add(&write, blobs);
	for (size_t i = 0; i < sizeof(resolver) / sizeof(*resolver); i++)
		add(&read, resolver[i]);
	add_folder(&read, file);
	add_folder(&read, config->http.tls_cert);
	add_folder(&read, config->http.tls_key);
	add_folder(&read, config->xmpp.secret_file);
	for (size_t i = 0; SANITIZED && i < sizeof(symbols) / sizeof(*symbols); i++)
		add(&read, symbols[i]);
	if (SANITIZED)
		add_folder(&read, "/proc/self/exe");
	if (result == 0)
		result = landlock_restrict(&(struct landlock_rules){write.list, read.list, ports});
	arena_free(arena);
	return result;
}

/* What would be loaded as it is needed, when nothing can be loaded any more. */
static void load(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	/* Both are in the C library itself. */
	__nss_configure_lookup("hosts", "files dns");
}

/* Nobody else looks into its memory, where the secrets are, nor finds it on a disk. */
static int hide(void)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	/* LeakSanitizer looks into it by itself. */
	return SANITIZED || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -errno;
}

static const char *in_force(int result)
{
	return result == 0 ? "yes" : "no";
}

int fence_begin(const struct config *config, const char *file, char *error, size_t size)
{
	int result, landlock, seccomp;

	if (!config->system.fence) {
		log_event(LOG_WARNING, "no-fence", "reason", "fence = no in [system]", NULL);
		return 0;
	}
	load();
	result = hide();
	if (result < 0)
		return refuse(error, size, "prctl", result);
	landlock = restrict_files(config, file);
	if (landlock < 0 && landlock != -ENOSYS)
		return refuse(error, size, "landlock", landlock);
	seccomp = syscalls_restrict(SYSCALLS_STARTING);
	if (seccomp < 0 && seccomp != -ENOSYS)
		return refuse(error, size, "seccomp", seccomp);
	log_event(landlock < 0 || seccomp < 0 ? LOG_WARNING : LOG_INFO, "fenced", "landlock-abi",
		landlock < 0 ? "-" : log_number(landlock), "seccomp", in_force(seccomp), NULL);
	return 0;
}

int fence_close(const struct config *config, char *error, size_t size)
{
	int result = config->system.fence ? syscalls_restrict(SYSCALLS_RUNNING) : 0;

	return result < 0 && result != -ENOSYS ? refuse(error, size, "seccomp", result) : 0;
}
