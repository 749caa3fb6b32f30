/* Which files the process may open and where it may connect to, kept by the kernel (landlock(7)). Binds the calling thread and those it starts. */
#pragma once

#include <stdint.h>

struct landlock_rules {
	const char **write; /* directories, NULL-terminated: made, written, removed within them */
	const char **
		read; /* files, or directories with all in them; what is not there is passed over */
	const uint16_t *ports; /* that TCP may connect to, ended by 0; from ABI 4 on */
};

/*
 * Nothing else may be opened from now on, by nobody who was started by this thread. For good: the process must have said that it
 * wants no new privileges. The kernel's ABI, from 2 on; -ENOSYS: it has none, or an older one, in which a file cannot be named into
 * another directory; or another negative errno.
 */
int landlock_restrict(const struct landlock_rules *rules);
