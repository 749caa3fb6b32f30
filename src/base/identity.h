/* Who the process is: root, when it was started by root, only as long as it must. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct identity {
	uid_t uid;
	gid_t gid;
	bool changes; /* else the process is that already */
};

/*
 * Whom the process is to become: `user`, when it is root, else who it is. 0, or negative errno with what to do about it: there is no
 * such user.
 */
int identity_find(const char *user, struct identity *identity, char *error, size_t size);

/*
 * Becomes it, with its group and no other, and without any capability. Root that stays root keeps them, which is logged as a warning.
 * Before the first thread. 0, or negative errno: the process must end.
 */
int identity_become(const struct identity *identity, char *error, size_t size);
