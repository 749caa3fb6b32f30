#include "base/identity.h"

#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int identity_find(const char *user, struct identity *identity, char *error, size_t size)
{
	const struct passwd *entry;

	*identity = (struct identity){.uid = geteuid(), .gid = getegid()};
	if (identity->uid != 0)
		return 0;
	errno = 0;
	entry = getpwnam(user);
	if (!entry) {
		snprintf(error, size,
			"there is no user %s to become%s%s: make it (adduser --system --group %s), "
			"or set user in [system] to another one; user = root stays root",
			user, errno ? ": " : "", errno ? strerror(errno) : "", user);
		return -ENOENT;
	}
	identity->uid = entry->pw_uid;
	identity->gid = entry->pw_gid;
	identity->changes = entry->pw_uid != 0;
	return 0;
}

/* Also those that a service manager gave for low ports, which are bound by now. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[2] = {0};
	struct __user_cap_data_struct own[2];

	if (syscall(SYS_capget, &header, own) < 0)
		return -errno;
	/* Then it may be forbidden to ask for less. */
	if (memcmp(own, none, sizeof(none)) == 0)
		return 0;
	/* A kernel that knows no ambient ones has none. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return -errno;
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

/* What no program that is started from here could have either, though none can be. */
static int drop_bounding_set(void)
{
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
		capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return -errno;
	return 0;
}

static int become(const struct identity *identity)
{
	int result = drop_bounding_set();

	if (result == 0 && (setgroups(0, NULL) < 0 ||
				   setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
				   setresuid(identity->uid, identity->uid, identity->uid) < 0))
		result = -errno;
	return result;
}

int identity_become(const struct identity *identity, char *error, size_t size)
{
	int result = 0;

	if (identity->uid == 0) {
		log_event(LOG_WARNING, "stays-root", NULL);
		return 0;
	}
	if (identity->changes)
		result = become(identity);
	if (result == 0)
		result = drop_capabilities();
	/* There must be no way back. */
	if (result == 0 && setuid(0) == 0)
		result = -EPERM;
	if (result < 0)
		snprintf(error, size, "the process cannot give up what root may: %s",
			strerror(-result));
	else
		log_event(LOG_INFO, "identity", "uid", log_number(identity->uid), "gid",
			log_number(identity->gid), NULL);
	return result;
}
