/* Whether the fence holds here, on this kernel: each thing is tried by a child that has fenced itself as the daemon does. */
#include "base/config.h"
#include "base/fence.h"
#include "base/log.h"
#include "base/sanitized.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_FENCED = 255 };

/* Each is 0 or more when it could be done, by whoever is not fenced; else -1 with errno. */
static int run_program(void)
{
	char name[] = "true";
	char *const arguments[] = {name, NULL};

	return execve("/bin/true", arguments, arguments + 1);
}

static int read_passwd(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int write_outside(void)
{
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? -1 : 0;
}

static int start_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child < 0 || waitpid(child, NULL, 0) < 0 ? -1 : 0;
}

static int make_code(void)
{
	return mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static const struct trial {
	const char *what;
	int (*attempt)(void);
	bool also_sanitized; /* a sanitizer's runtime needs the others */
} trials[] = {
	{"to run a program (execve)", run_program, true},
	{"to read /etc/passwd (open)", read_passwd, true},
	{"to write outside the store (open)", write_outside, true},
	{"a socket that is not IP (socket)", make_socket, true},
	{"to trace a process (ptrace)", trace, true},
	{"a process (fork)", start_process, false},
	{"code in memory (mmap)", make_code, false},
};

static int attempt(const struct config *config, const char *file, const struct trial *trial)
{
	char error[512];

	if (fence_begin(config, file, error, sizeof(error)) < 0 ||
		fence_close(config, error, sizeof(error)) < 0) {
		fprintf(stderr, "missived: %s\n", error);
		return NOT_FENCED;
	}
	return trial->attempt() < 0 ? errno : 0;
}

/* What became of the child: how it was refused, or NULL. */
static const char *refusal(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? "ended the process" : NULL;
	switch (WEXITSTATUS(status)) {
	case EACCES:
	case EPERM:
	case EAFNOSUPPORT:
		return strerror(WEXITSTATUS(status));
	}
	return NULL;
}

static bool is_refused(const struct config *config, const char *file, const struct trial *trial)
{
	const char *how;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(attempt(config, file, trial));
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		printf("%s: not tried: %s\n", trial->what, strerror(errno));
		return false;
	}
	how = refusal(status);
	printf("%s: %s%s\n", trial->what, how ? "refused: " : "NOT REFUSED", how ? how : "");
	return how;
}

bool fence_selftest(const struct config *config, const char *file)
{
	bool all = true;

	log_threshold(LOG_ERROR);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(trials) / sizeof(*trials); i++)
		if (trials[i].also_sanitized || !SANITIZED)
			all &= is_refused(config, file, &trials[i]);
	return all;
}
