#include "../unit.h"

#include "base/loop.h"
#include "base/mailbox.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SENDERS = 4, LETTERS = 1000 };

struct letter {
	struct message message;
	int sender, number;
};

struct fixture {
	struct loop *loop;
	struct mailbox *mailbox;
	struct timer *timer;
	struct watch *watch;
	int next[SENDERS], received, fired, worked, done, events, fd;
};

static void on_letters(void *arg, struct message *list)
{
	struct fixture *f = arg;

	while (list) {
		struct letter *letter = (struct letter *)list;

		list = list->next;
		assert_int_equal(letter->number, f->next[letter->sender]);
		f->next[letter->sender]++;
		f->received++;
		free(letter);
	}
	if (f->received == SENDERS * LETTERS)
		loop_stop(f->loop);
}

struct sender {
	struct fixture *fixture;
	int number;
};

static void *send_letters(void *arg)
{
	struct sender *sender = arg;

	for (int i = 0; i < LETTERS; i++) {
		struct letter *letter = calloc(1, sizeof(*letter));

		letter->sender = sender->number;
		letter->number = i;
		mailbox_post(sender->fixture->mailbox, &letter->message);
	}
	return NULL;
}

static void test_mailbox_keeps_order(void **state)
{
	struct fixture f = {0};
	struct sender senders[SENDERS];
	pthread_t threads[SENDERS];

	assert_int_equal(loop_open(&f.loop), 0);
	f.mailbox = mailbox_open(f.loop, on_letters, &f);
	for (int i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){&f, i};
		assert_int_equal(pthread_create(&threads[i], NULL, send_letters, &senders[i]), 0);
	}
	loop_run(f.loop);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(f.received, SENDERS * LETTERS);
	mailbox_close(f.mailbox);
	loop_close(f.loop);
}

static void fire(void *arg)
{
	struct fixture *f = arg;

	if (++f->fired == 3)
		loop_stop(f->loop);
	else
		timer_start(f->timer, 1);
}

static void test_timer(void **state)
{
	struct fixture f = {0};

	assert_int_equal(loop_open(&f.loop), 0);
	f.timer = timer_open(f.loop, fire, &f);
	timer_start(f.timer, 1);
	loop_run(f.loop);
	assert_int_equal(f.fired, 3);
	timer_close(f.timer);
	loop_close(f.loop);
}

static void work(void *arg)
{
	((struct fixture *)arg)->worked = 1;
}

static void done(void *arg)
{
	((struct fixture *)arg)->done = 1;
}

static void test_close_waits_for_work(void **state)
{
	struct fixture f = {0};

	assert_int_equal(loop_open(&f.loop), 0);
	loop_work(f.loop, work, done, &f);
	loop_close(f.loop);
	assert_int_equal(f.worked, 1);
	assert_int_equal(f.done, 1);
}

static void ready(void *arg, int events)
{
	struct fixture *f = arg;
	char byte;

	f->events |= events;
	if (events & WATCH_WRITE)
		watch_want(f->watch, WATCH_READ);
	if (events & WATCH_READ && read(f->fd, &byte, 1) == 0)
		loop_stop(f->loop);
}

static void test_watch(void **state)
{
	struct fixture f = {0};
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(loop_open(&f.loop), 0);
	f.fd = ends[0];
	f.watch = watch_open(f.loop, ends[0], ready, &f);
	watch_want(f.watch, WATCH_READ | WATCH_WRITE);
	assert_int_equal(write(ends[1], "x", 1), 1);
	close(ends[1]);
	loop_run(f.loop);
	assert_int_equal(f.events, WATCH_READ | WATCH_WRITE);
	watch_close(f.watch);
	close(ends[0]);
	loop_close(f.loop);
}

static void read_one(void *arg, int events)
{
	struct fixture *f = arg;
	char byte;
	ssize_t got = recv(f->fd, &byte, 1, 0);

	if (got == 1) {
		f->received++;
		return;
	}
	assert_true(got == 0 || errno == ECONNRESET);
	f->done = 1;
	watch_want(f->watch, 0);
	loop_stop(f->loop);
}

/* A connection that is reset is told of again and again, as long as it is wanted: bytes may lie before the error. */
static void test_reset(void **state)
{
	struct fixture fixture = {0}, *f = &fixture;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	const struct linger at_once = {1, 0};
	int listener = socket(AF_INET, SOCK_STREAM, 0), peer = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(connect(peer, (struct sockaddr *)&address, length), 0);
	f->fd = accept(listener, NULL, NULL);
	assert_true(f->fd >= 0);
	assert_int_equal(send(peer, "hello", 5, 0), 5);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(peer);
	assert_int_equal(loop_open(&f->loop), 0);
	f->watch = watch_open(f->loop, f->fd, read_one, f);
	watch_want(f->watch, WATCH_READ);
	loop_run(f->loop);
	assert_true(f->done);
	watch_close(f->watch);
	loop_close(f->loop);
	close(f->fd);
	close(listener);
}

static void count_event(void *arg, int events)
{
	struct fixture *f = arg;

	f->events = events;
	f->received++;
	loop_stop(f->loop);
}

static void end(void *arg)
{
	loop_stop(((struct fixture *)arg)->loop);
}

/* A shared listener is told of under the loop's own rules, and not of what happens while nobody wants to know. */
static void test_shared_watch(void **state)
{
	struct fixture fixture = {0}, *f = &fixture;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
	    peer = socket(AF_INET, SOCK_STREAM, 0);
	struct loop *other;
	struct watch *others;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(loop_open(&f->loop), 0);
	assert_int_equal(loop_open(&other), 0);
	f->watch = watch_open_shared(f->loop, listener, count_event, f);
	others = watch_open_shared(other, listener, count_event, f);
	assert_non_null(f->watch);
	assert_non_null(others);
	watch_want(f->watch, WATCH_READ);
	watch_want(others, WATCH_READ);
	assert_int_equal(connect(peer, (struct sockaddr *)&address, length), 0);
	loop_run(f->loop);
	assert_int_equal(f->received, 1);
	assert_int_equal(f->events, WATCH_READ);
	/* It is still there, and nobody has accepted it. */
	loop_run(f->loop);
	assert_int_equal(f->received, 2);
	watch_want(f->watch, 0);
	f->timer = timer_open(f->loop, end, f);
	timer_start(f->timer, 20);
	loop_run(f->loop);
	assert_int_equal(f->received, 2);
	watch_want(f->watch, WATCH_READ);
	loop_run(f->loop);
	assert_int_equal(f->received, 3);
	timer_close(f->timer);
	watch_close(f->watch);
	watch_close(others);
	loop_close(f->loop);
	loop_close(other);
	close(listener);
	close(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mailbox_keeps_order),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_close_waits_for_work),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_shared_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
