#include "base/syscalls.h"

#include "base/sanitized.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel looks at no others of an argument that is an int. */
#define INT_BITS 0xffffffffU

/* Allowed whatever their arguments are, which newer kernels know without running a filter. What requests use often is here. */
static const char *const running[] = {
	/* files; which ones is landlock's matter */
	"read", "readv", "pread64", "preadv", "preadv2", "readahead", "write", "writev", "pwrite64",
	"pwritev", "close", "lseek", "open", "openat", "stat", "lstat", "fstat", "newfstatat",
	"statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
	"getcwd", "getdents64", "fcntl", "flock", "ftruncate", "fallocate", "fadvise64", "fsync",
	"fdatasync", "sync_file_range", "mkdir", "mkdirat", "unlink", "unlinkat", "linkat",
	"fchmod", "fchown",
	/* connections */
	"accept4", "connect", "recvfrom", "recvmsg", "sendfile", "shutdown", "getsockname",
	"getpeername", "getsockopt", "setsockopt", "poll", "ppoll", "epoll_create1", "epoll_ctl",
	"epoll_wait", "epoll_pwait", "eventfd2", "pipe2",
	/* memory */
	"brk", "munmap", "mremap", "madvise",
	/* threads, time, the process itself */
	"futex", "set_robust_list", "rseq", "membarrier", "sched_yield", "sched_getaffinity",
	"gettid", "getpid", "getuid", "geteuid", "getgid", "getegid", "getrandom", "uname",
	"sysinfo", "getrlimit", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
	"restart_syscall", "clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"exit", "exit_group", NULL};

static const char *const starting[] = {"listen", "seccomp", NULL};

/* A sanitizer's threads and its look at all others at the end. Never execve(). */
static const char *const sanitizers[] = {"clone", "wait4", "mmap", "mprotect", "prctl", "kill",
	"tgkill", "getppid", "getrusage", "sched_setscheduler", "process_vm_readv", "rename",
	"sched_getparam", "arch_prctl", "getdents", "tkill", "waitid", "select", "gettid", "dup",
	"dup2", "pipe", "personality", NULL};

/* One that does not exist on this machine cannot be made either. */
static int allow(scmp_filter_ctx filter, const char *const *names)
{
	int result = 0;

	for (; result == 0 && *names; names++) {
		int number = seccomp_syscall_resolve_name(*names);

		if (number >= 0)
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	return result;
}

/* When one argument, under a mask, has the value. */
static int allow_if(
	scmp_filter_ctx filter, int number, unsigned argument, uint64_t mask, uint64_t value)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
		SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value));
}

/*
 * TCP and UDP alone, as landlock knows no other protocol that could connect. What glibc asks for beside them when it looks a name up it
 * can do without, and is told so.
 */
static int allow_sockets(scmp_filter_ctx filter)
{
	static const int families[] = {AF_INET, AF_INET6}, types[] = {SOCK_STREAM, SOCK_DGRAM},
			 unknown[] = {AF_UNIX, AF_NETLINK};
	const uint64_t type_mask = 0xf;
	int result = 0;

	for (int i = 0; result == 0 && i < 4; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3,
			SCMP_CMP(0, SCMP_CMP_MASKED_EQ, INT_BITS, (uint64_t)families[i / 2]),
			SCMP_CMP(1, SCMP_CMP_MASKED_EQ, type_mask, (uint64_t)types[i % 2]),
			SCMP_CMP(2, SCMP_CMP_MASKED_EQ, INT_BITS, 0));
	for (int i = 0; result == 0 && i < 2; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
			SCMP_CMP(0, SCMP_CMP_MASKED_EQ, INT_BITS, (uint64_t)unknown[i]));
	return result;
}

/* What connects as it sends is never asked by landlock. */
static int allow_sending(scmp_filter_ctx filter)
{
	int result = allow_if(filter, SCMP_SYS(sendto), 3, MSG_FASTOPEN, 0);

	if (result == 0)
		result = allow_if(filter, SCMP_SYS(sendmsg), 2, MSG_FASTOPEN, 0);
	if (result == 0)
		result = allow_if(filter, SCMP_SYS(sendmmsg), 3, MSG_FASTOPEN, 0);
	return result;
}

/*
 * Memory is never made executable, limits are ours alone, signals go to ourselves (abort(3)), of ioctl(2) libuv's and ours, and what glibc
 * asks for when a name server's address names an interface.
 */
static int allow_some(scmp_filter_ctx filter)
{
	static const unsigned requests[] = {FIONBIO, FIONREAD, SIOCOUTQ, SIOCGIFINDEX};
	int result = allow_sockets(filter);

	if (result == 0)
		result = allow_sending(filter);
	if (result == 0)
		result = allow_if(filter, SCMP_SYS(prlimit64), 0, INT_BITS, 0);
	if (result == 0 && !SANITIZED)
		result = allow_if(filter, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
	if (result == 0 && !SANITIZED)
		result = allow_if(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	if (result == 0 && !SANITIZED)
		result = allow_if(
			filter, SCMP_SYS(tgkill), 0, INT_BITS, (uint64_t)(uint32_t)getpid());
	for (size_t i = 0; result == 0 && i < sizeof(requests) / sizeof(*requests); i++)
		result = allow_if(filter, SCMP_SYS(ioctl), 1, INT_BITS, requests[i]);
	if (result == 0 && SANITIZED)
		result = allow(filter, sanitizers);
	if (result == 0 && SANITIZED)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ptrace), 1,
			SCMP_A0(SCMP_CMP_NE, PTRACE_TRACEME));
	return result;
}

/* A filter cannot see the flags of clone3(2), which lie in memory: glibc takes clone(2) when there is no such thing. */
static int allow_threads(scmp_filter_ctx filter, bool more)
{
	const uint64_t thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
	int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (result == 0 && more && !SANITIZED)
		result = allow_if(filter, SCMP_SYS(clone), 0, thread, thread);
	return result;
}

static int set_up(scmp_filter_ctx filter, enum syscalls_stage stage)
{
	int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	/* It was said before; the kernel's own errors; a tree in place of a list; all threads at once. */
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result == 0 && stage == SYSCALLS_RUNNING)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (result == 0)
		result = allow(filter, running);
	if (result == 0 && stage == SYSCALLS_STARTING)
		result = allow(filter, starting);
	if (result == 0 && stage == SYSCALLS_STARTING && !SANITIZED)
		result = allow_if(filter, SCMP_SYS(prctl), 0, INT_BITS, PR_GET_SECCOMP);
	if (result == 0)
		result = allow_some(filter);
	if (result == 0)
		result = allow_threads(filter, stage == SYSCALLS_STARTING);
	return result;
}

int syscalls_restrict(enum syscalls_stage stage)
{
	scmp_filter_ctx filter;
	int result;

	/* A kernel without filters does not know the question. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return -ENOSYS;
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return -ENOMEM;
	result = set_up(filter, stage);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}
