#include "base/loop.h"

#include "base/loop_uv.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

struct loop {
	uv_loop_t uv;
	uv_prepare_t *prepare; /* NULL: nobody wants to know */
	void (*sleeps)(void);
};

/* libuv frees nothing before its close callback: each handle lives on the heap until then. */
struct watch {
	uv_poll_t poll; /* first: closed() frees what it is given */
	void (*ready)(void *arg, int events);
	void *arg;
	int wanted;
	int shared; /* what is watched in truth, or -1 */
	int own;    /* then: what libuv watches in its place, or -1 */
};

struct timer {
	uv_timer_t timer;
	void (*fire)(void *arg);
	void *arg;
};

struct signal_watch {
	uv_signal_t signal;
	void (*caught)(void *arg);
	void *arg;
};

static void *new_or_abort(size_t size)
{
	void *bytes = calloc(1, size);
	if (!bytes)
		abort();
	return bytes;
}

static void must(int result)
{
	if (result < 0)
		abort();
}

static void closed(uv_handle_t *handle)
{
	free(handle);
}

uv_loop_t *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

int loop_open(struct loop **loop)
{
	*loop = new_or_abort(sizeof(**loop));
	int error = uv_loop_init(&(*loop)->uv);
	if (error < 0) {
		free(*loop);
		*loop = NULL;
	}
	return error;
}

static void prepared(uv_prepare_t *prepare)
{
	((struct loop *)prepare->loop->data)->sleeps();
}

void loop_before_sleep(struct loop *loop, void (*sleeps)(void))
{
	loop->prepare = new_or_abort(sizeof(*loop->prepare));
	loop->sleeps = sleeps;
	loop->uv.data = loop;
	must(uv_prepare_init(&loop->uv, loop->prepare));
	must(uv_prepare_start(loop->prepare, prepared));
	uv_unref((uv_handle_t *)loop->prepare);
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->prepare)
		uv_close((uv_handle_t *)loop->prepare, closed);
	/* Until the handles that were closed are gone and the work that was handed over is done. */
	while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
		;
	int error = uv_loop_close(&loop->uv);
	assert(error == 0);
	(void)error;
	free(loop);
}

uint64_t loop_now(const struct loop *loop)
{
	return uv_now(&loop->uv);
}

/*
 * libuv does not know EPOLLEXCLUSIVE. But its epoll can be had, and it finds out by the number in the event whose the event is: so what
 * happens to the shared descriptor is told as if it had happened to an eventfd of ours, which nobody writes to.
 */
static void want_shared(struct watch *watch, int events)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = watch->own};
	int epoll = uv_backend_fd(watch->poll.loop);

	if (epoll_ctl(epoll, events ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, watch->shared, &event) < 0)
		abort();
}

static void poll_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = (struct watch *)poll;
	int wanted = watch->wanted, got = wanted;

	if (status < 0) {
		/* libuv has stopped it; there may still be bytes to read before the error. */
		if (watch->shared >= 0)
			want_shared(watch, 0);
		watch->wanted = 0;
		watch_want(watch, wanted);
	} else {
		got &= (events & UV_READABLE ? WATCH_READ : 0) |
		       (events & UV_WRITABLE ? WATCH_WRITE : 0);
	}
	watch->ready(watch->arg, got);
}

struct watch *watch_open(struct loop *loop, int fd, void (*ready)(void *arg, int events), void *arg)
{
	struct watch *watch = new_or_abort(sizeof(*watch));
	if (uv_poll_init(&loop->uv, &watch->poll, fd) < 0) {
		free(watch);
		return NULL;
	}
	watch->ready = ready;
	watch->arg = arg;
	watch->shared = watch->own = -1;
	return watch;
}

struct watch *watch_open_shared(
	struct loop *loop, int fd, void (*ready)(void *arg, int events), void *arg)
{
	int own = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct watch *watch = own < 0 ? NULL : watch_open(loop, own, ready, arg);

	if (watch) {
		watch->shared = fd;
		watch->own = own;
	} else if (own >= 0) {
		close(own);
	}
	return watch;
}

void watch_want(struct watch *watch, int events)
{
	if (watch->wanted == events)
		return;
	if (watch->shared >= 0 && !events != !watch->wanted)
		want_shared(watch, events);
	watch->wanted = events;
	if (events)
		must(uv_poll_start(&watch->poll,
			(events & WATCH_READ ? UV_READABLE : 0) |
				(events & WATCH_WRITE ? UV_WRITABLE : 0),
			poll_ready));
	else
		must(uv_poll_stop(&watch->poll));
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->shared >= 0 && watch->wanted)
		want_shared(watch, 0);
	uv_close((uv_handle_t *)&watch->poll, closed);
	if (watch->own >= 0)
		close(watch->own);
}

static void timer_fired(uv_timer_t *uv)
{
	struct timer *timer = (struct timer *)uv;
	timer->fire(timer->arg);
}

struct timer *timer_open(struct loop *loop, void (*fire)(void *arg), void *arg)
{
	struct timer *timer = new_or_abort(sizeof(*timer));
	must(uv_timer_init(&loop->uv, &timer->timer));
	timer->fire = fire;
	timer->arg = arg;
	return timer;
}

void timer_start(struct timer *timer, uint64_t milliseconds)
{
	must(uv_timer_start(&timer->timer, timer_fired, milliseconds, 0));
}

void timer_stop(struct timer *timer)
{
	must(uv_timer_stop(&timer->timer));
}

void timer_close(struct timer *timer)
{
	if (timer)
		uv_close((uv_handle_t *)&timer->timer, closed);
}

struct work {
	uv_work_t uv;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

static void work_run(uv_work_t *uv)
{
	struct work *work = (struct work *)uv;
	work->work(work->arg);
}

static void work_done(uv_work_t *uv, int status)
{
	struct work *work = (struct work *)uv;
	work->done(work->arg);
	free(work);
}

void loop_work(struct loop *loop, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct work *item = new_or_abort(sizeof(*item));
	*item = (struct work){.work = work, .done = done, .arg = arg};
	must(uv_queue_work(&loop->uv, &item->uv, work_run, work_done));
}

static void nothing(void *arg)
{
}

void loop_work_prepare(struct loop *loop)
{
	loop_work(loop, nothing, nothing, NULL);
}

static void signal_caught(uv_signal_t *uv, int number)
{
	struct signal_watch *watch = (struct signal_watch *)uv;
	watch->caught(watch->arg);
}

struct signal_watch *signal_watch_open(
	struct loop *loop, int number, void (*caught)(void *arg), void *arg)
{
	struct signal_watch *watch = new_or_abort(sizeof(*watch));
	must(uv_signal_init(&loop->uv, &watch->signal));
	watch->caught = caught;
	watch->arg = arg;
	must(uv_signal_start(&watch->signal, signal_caught, number));
	return watch;
}

void signal_watch_close(struct signal_watch *watch)
{
	if (watch)
		uv_close((uv_handle_t *)&watch->signal, closed);
}

struct resolution {
	uv_getaddrinfo_t uv;
	void (*found)(void *arg, int error, const struct sockaddr *address, socklen_t length);
	void *arg;
};

static void resolved(uv_getaddrinfo_t *uv, int status, struct addrinfo *list)
{
	struct resolution *resolution = (struct resolution *)uv;
	if (status == 0 && list)
		resolution->found(resolution->arg, 0, list->ai_addr, list->ai_addrlen);
	else
		resolution->found(resolution->arg, -ENOENT, NULL, 0);
	uv_freeaddrinfo(list);
	free(resolution);
}

void loop_resolve(struct loop *loop, const char *host, uint16_t port,
	void (*found)(void *arg, int error, const struct sockaddr *address, socklen_t length),
	void *arg)
{
	char service[8];
	snprintf(service, sizeof(service), "%u", port);
	struct resolution *resolution = new_or_abort(sizeof(*resolution));
	resolution->found = found;
	resolution->arg = arg;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	if (uv_getaddrinfo(&loop->uv, &resolution->uv, resolved, host, service, &hints) < 0) {
		found(arg, -ENOENT, NULL, 0);
		free(resolution);
	}
}
