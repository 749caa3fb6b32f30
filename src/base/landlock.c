#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's own header of Debian 12 knows ABI 2; these are its later ones too (linux/landlock.h). */
enum {
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_REFER = 1 << 13,    /* ABI 2 */
	FS_TRUNCATE = 1 << 14, /* ABI 3 */
	FS_ALL_1 = (1 << 13) - 1,
	FS_IOCTL_DEV = 1 << 15, /* ABI 5 */
	NET_BIND_TCP = 1 << 0,  /* ABI 4 */
	NET_CONNECT_TCP = 1 << 1,
	SCOPE_ABSTRACT_UNIX = 1 << 0, /* ABI 6 */
	SCOPE_SIGNAL = 1 << 1,
	CREATE_RULESET_VERSION = 1 << 0,
	RULE_PATH_BENEATH = 1,
	RULE_NET_PORT = 2,
	OLDEST = 2
};

struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

struct net_port {
	uint64_t allowed, port;
};

static const uint64_t reads = FS_READ_FILE | FS_READ_DIR;
static const uint64_t writes = FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_FILE |
			       FS_MAKE_DIR | FS_MAKE_REG | FS_REFER | FS_TRUNCATE;

static int abi(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	/* Not built in, or not switched on. */
	if (version < 0)
		return errno == EOPNOTSUPP ? -ENOSYS : -errno;
	return version < OLDEST ? -ENOSYS : (int)version;
}

/* Everything that this ABI can forbid is forbidden, but for what a rule allows. */
static struct ruleset all_of(int version)
{
	return (struct ruleset){
		.fs = FS_ALL_1 | FS_REFER | (version >= 3 ? FS_TRUNCATE : 0) |
		      (version >= 5 ? FS_IOCTL_DEV : 0),
		.net = version >= 4 ? NET_BIND_TCP | NET_CONNECT_TCP : 0,
		.scoped = version >= 6 ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0,
	};
}

static int allow_path(int ruleset, const char *path, uint64_t allowed, bool must_be_there)
{
	struct path_beneath rule = {.parent = open(path, O_PATH | O_CLOEXEC)};
	struct stat status;
	int result = 0;

	if (rule.parent < 0)
		return must_be_there ? -errno : 0;
	rule.allowed = allowed;
	if (fstat(rule.parent, &status) == 0 && !S_ISDIR(status.st_mode))
		rule.allowed &= FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0)
		result = -errno;
	close(rule.parent);
	return result;
}

static int allow_all(
	int ruleset, const struct landlock_rules *rules, const struct ruleset *forbidden)
{
	int result = 0;

	for (const char **path = rules->write; result == 0 && *path; path++)
		result = allow_path(ruleset, *path, writes & forbidden->fs, true);
	for (const char **path = rules->read; result == 0 && *path; path++)
		result = allow_path(ruleset, *path, reads, false);
	for (const uint16_t *port = rules->ports; result == 0 && forbidden->net && *port; port++) {
		struct net_port rule = {.allowed = NET_CONNECT_TCP, .port = *port};

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) < 0)
			result = -errno;
	}
	return result;
}

int landlock_restrict(const struct landlock_rules *rules)
{
	int version = abi(), fd, result;
	struct ruleset forbidden;

	if (version < 0)
		return version;
	forbidden = all_of(version);
	/* A kernel that knows less than this struct takes it, as long as the rest is 0. */
	fd = (int)syscall(SYS_landlock_create_ruleset, &forbidden, sizeof(forbidden), 0);
	if (fd < 0)
		return -errno;
	result = allow_all(fd, rules, &forbidden);
	if (result == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		result = -errno;
	close(fd);
	return result < 0 ? result : version;
}
