#include "../unit.h"

#include "base/syscalls.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t another;
static const struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = 9};

static void udp(void)
{
	sendto(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "", 1, MSG_NOSIGNAL,
		(const struct sockaddr *)&nobody, sizeof(nobody));
}

static void tcp(void)
{
	char byte = 0;
	struct iovec piece = {&byte, 1};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	send(fd, "", 1, MSG_NOSIGNAL | MSG_MORE);
	sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* Connects like TCP, and landlock does not ask for which port. */
static void multipath_tcp(void)
{
	socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}

static void ping(void)
{
	socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static void connect_by_sendto(void)
{
	sendto(socket(AF_INET, SOCK_STREAM, 0), "", 1, MSG_NOSIGNAL | MSG_FASTOPEN,
		(const struct sockaddr *)&nobody, sizeof(nobody));
}

static void connect_by_sendmsg(void)
{
	struct sockaddr_in address = nobody;
	struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof(address)};

	sendmsg(socket(AF_INET, SOCK_STREAM, 0), &message, MSG_NOSIGNAL | MSG_FASTOPEN);
}

static void connect_by_sendmmsg(void)
{
	struct sockaddr_in address = nobody;
	struct mmsghdr message = {
		.msg_hdr = {.msg_name = &address, .msg_namelen = sizeof(address)}};

	sendmmsg(socket(AF_INET, SOCK_STREAM, 0), &message, 1, MSG_NOSIGNAL | MSG_FASTOPEN);
}

static void own_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* With no time for the processor it would be killed. */
static void limit_of_another(void)
{
	struct rlimit limit;

	prlimit(another, RLIMIT_NOFILE, NULL, &limit);
}

static void find_interface(void)
{
	struct ifreq interface = {.ifr_name = "lo"};

	ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFINDEX, &interface);
}

static void change_interface(void)
{
	struct ifreq interface = {.ifr_name = "lo"};

	ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &interface);
}

static const struct {
	const char *what;
	void (*attempt)(void);
	bool refused;
} attempts[] = {
	{"UDP", udp, false},
	{"TCP", tcp, false},
	{"multipath TCP", multipath_tcp, true},
	{"ICMP", ping, true},
	{"to connect by sendto", connect_by_sendto, true},
	{"to connect by sendmsg", connect_by_sendmsg, true},
	{"to connect by sendmmsg", connect_by_sendmmsg, true},
	{"limits of our own", own_limit, false},
	{"limits of another process", limit_of_another, true},
	{"the number of an interface", find_interface, false},
	{"to change an interface", change_interface, true},
};

static void attempt_fenced(void (*attempt)(void))
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		syscalls_restrict(SYSCALLS_STARTING) < 0 || syscalls_restrict(SYSCALLS_RUNNING) < 0)
		_exit(1);
	attempt();
	_exit(0);
}

/* What a call answers is not the filter's matter: whether it ends the process is. */
static void test_arguments(void **state)
{
	another = getpid();
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			attempt_fenced(attempts[i].attempt);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFSIGNALED(status) != attempts[i].refused)
			print_error("%s: status %d\n", attempts[i].what, status);
		if (attempts[i].refused)
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
		else
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
