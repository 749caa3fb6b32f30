/* Which system calls the process may make (seccomp(2)); any other one ends it. The only face of libseccomp. */
#pragma once

enum syscalls_stage {
	SYSCALLS_STARTING, /* threads, listening and the next stage too */
	SYSCALLS_RUNNING   /* what requests need; for all threads at once */
};

/*
 * For good, one stage after the other; a later one forbids more and never less. The process must have said that it wants no new privileges.
 * 0; -ENOSYS: the kernel has no such thing; or another negative errno.
 */
int syscalls_restrict(enum syscalls_stage stage);
