#include "loops.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/loop.h"
#include "base/mailbox.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS_MAX = 100000, BEGINNING = 1000000 };

struct loop {
	bool stopped;
};

struct watch {
	struct watch *next;
	int fd, wanted;
	bool closed;
	void (*ready)(void *arg, int events);
	void *arg;
};

struct timer {
	struct timer *next;
	uint64_t at; /* 0: it is stopped */
	bool closed;
	void (*fire)(void *arg);
	void *arg;
};

struct mailbox {
	struct mailbox *next;
	struct message *first, **last;
	bool closed;
	void (*handle)(void *arg, struct message *list);
	void *arg;
};

struct work {
	struct work *next;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

/* A name that is looked up: everything is on this machine. */
struct resolution {
	void (*found)(void *arg, int error, const struct sockaddr *address, socklen_t length);
	void *arg;
};

static struct watch *watches;
static struct timer *timers;
static struct mailbox *mailboxes;
static struct work *works, **last_work = &works;
static uint64_t now = BEGINNING, chance;
static bool worked;

static void *new (size_t size)
{
	void *made = calloc(1, size);

	assert(made);
	return made;
}

int loop_open(struct loop **loop)
{
	*loop = new (sizeof(**loop));
	return 0;
}

void loop_run(struct loop *loop)
{
	for (int turns = 0; !loop->stopped && loops_turn(); turns++)
		assert(turns < TURNS_MAX);
	loop->stopped = false;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void loop_close(struct loop *loop)
{
	loops_run(NULL, NULL);
	free(loop);
}

uint64_t loop_now(const struct loop *loop)
{
	return now;
}

uint64_t clock_now(void)
{
	return now;
}

uint64_t clock_fine(void)
{
	return now * 1000;
}

void loop_before_sleep(struct loop *loop, void (*sleeps)(void))
{
}

struct watch *watch_open(struct loop *loop, int fd, void (*ready)(void *arg, int events), void *arg)
{
	struct watch *watch = new (sizeof(*watch));

	*watch = (struct watch){watches, fd, 0, false, ready, arg};
	return watches = watch;
}

/* Nobody else listens. */
struct watch *watch_open_shared(
	struct loop *loop, int fd, void (*ready)(void *arg, int events), void *arg)
{
	return watch_open(loop, fd, ready, arg);
}

void watch_want(struct watch *watch, int events)
{
	watch->wanted = events;
}

void watch_close(struct watch *watch)
{
	if (watch)
		watch->closed = true;
}

struct timer *timer_open(struct loop *loop, void (*fire)(void *arg), void *arg)
{
	struct timer *timer = new (sizeof(*timer));

	*timer = (struct timer){timers, 0, false, fire, arg};
	return timers = timer;
}

void timer_start(struct timer *timer, uint64_t milliseconds)
{
	timer->at = now + milliseconds;
}

void timer_stop(struct timer *timer)
{
	timer->at = 0;
}

void timer_close(struct timer *timer)
{
	if (timer)
		timer->closed = true;
}

void loop_work(struct loop *loop, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct work *one = new (sizeof(*one));

	worked = true;
	*one = (struct work){NULL, work, done, arg};
	*last_work = one;
	last_work = &one->next;
}

static void nothing(void *arg)
{
}

static void resolved(void *arg)
{
	struct resolution *resolution = arg;
	struct sockaddr_in address = {.sin_family = AF_INET};

	resolution->found(resolution->arg, 0, (const struct sockaddr *)&address, sizeof(address));
	free(resolution);
}

void loop_resolve(struct loop *loop, const char *host, uint16_t port,
	void (*found)(void *arg, int error, const struct sockaddr *address, socklen_t length),
	void *arg)
{
	struct resolution *resolution = new (sizeof(*resolution));

	*resolution = (struct resolution){found, arg};
	loop_work(loop, nothing, resolved, resolution);
}

struct mailbox *mailbox_open(
	struct loop *loop, void (*handle)(void *arg, struct message *list), void *arg)
{
	struct mailbox *mailbox = new (sizeof(*mailbox));

	*mailbox = (struct mailbox){mailboxes, NULL, &mailbox->first, false, handle, arg};
	return mailboxes = mailbox;
}

void mailbox_post(struct mailbox *mailbox, struct message *message)
{
	message->next = NULL;
	*mailbox->last = message;
	mailbox->last = &message->next;
}

static bool deliver(struct mailbox *mailbox)
{
	struct message *list = mailbox->first;

	if (!list)
		return false;
	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	mailbox->handle(mailbox->arg, list);
	return true;
}

void mailbox_close(struct mailbox *mailbox)
{
	if (!mailbox)
		return;
	deliver(mailbox);
	mailbox->closed = true;
}

/* ---- turns ---- */

static bool do_work(void)
{
	struct work *one = works;

	if (!one)
		return false;
	works = one->next;
	if (!works)
		last_work = &works;
	one->work(one->arg);
	one->done(one->arg);
	free(one);
	return true;
}

static bool look(struct watch *watch)
{
	struct pollfd poll_fd = {watch->fd,
		(short)((watch->wanted & WATCH_READ ? POLLIN : 0) |
			(watch->wanted & WATCH_WRITE ? POLLOUT : 0)),
		0};
	int happened;

	if (watch->closed || watch->wanted == 0 || poll(&poll_fd, 1, 0) < 1)
		return false;
	happened = poll_fd.revents & (POLLERR | POLLHUP)
			   ? watch->wanted
			   : ((poll_fd.revents & POLLIN ? WATCH_READ : 0) |
				     (poll_fd.revents & POLLOUT ? WATCH_WRITE : 0));
	watch->ready(watch->arg, happened);
	return true;
}

#define SWEEP(type, list)                                                                          \
	for (struct type **at = &(list); *at;) {                                                   \
		struct type *one = *at;                                                            \
		if (one->closed) {                                                                 \
			*at = one->next;                                                           \
			free(one);                                                                 \
		} else {                                                                           \
			at = &one->next;                                                           \
		}                                                                                  \
	}

static void sweep(void)
{
	SWEEP(watch, watches)
	SWEEP(timer, timers)
	SWEEP(mailbox, mailboxes)
}

bool loops_turn(void)
{
	bool did = do_work();

	for (struct mailbox *one = mailboxes; one; one = one->next)
		did |= !one->closed && deliver(one);
	for (struct watch *one = watches; one; one = one->next)
		did |= look(one);
	sweep();
	return did;
}

void loops_run(void (*drain)(void *arg), void *arg)
{
	int turns = 0;

	do {
		if (drain)
			drain(arg);
		assert(++turns < TURNS_MAX);
	} while (loops_turn());
}

static struct timer *next_timer(uint64_t until)
{
	struct timer *next = NULL;

	for (struct timer *one = timers; one; one = one->next)
		if (!one->closed && one->at && one->at <= until && (!next || one->at < next->at))
			next = one;
	return next;
}

void loops_pass(uint64_t milliseconds, void (*drain)(void *arg), void *arg)
{
	uint64_t until = now + milliseconds;
	struct timer *timer;
	int fired = 0;

	while ((timer = next_timer(until))) {
		now = timer->at > now ? timer->at : now;
		timer->at = 0;
		timer->fire(timer->arg);
		assert(++fired < TURNS_MAX);
		loops_run(drain, arg);
	}
	now = until;
}

/* ---- chance, threads ---- */

void loops_chance_again(void)
{
	chance = 0;
}

void loops_again(void)
{
	now = BEGINNING;
	loops_chance_again();
	worked = false;
}

bool loops_worked(void)
{
	return worked;
}

/* In their place by the linker's --wrap. */
void __wrap_random_bytes(void *out, size_t length);
void __wrap_random_id(char out[RANDOM_ID]);
void __wrap_random_letters(char *out, size_t count);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *arg), void *arg);
int __wrap_pthread_join(pthread_t thread, void **result);

void __wrap_random_bytes(void *out, size_t length)
{
	unsigned char *bytes = out;

	/* Knuth's multiplier (MMIX). */
	for (size_t i = 0; i < length; i++) {
		chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		bytes[i] = (unsigned char)(chance >> 56);
	}
}

void __wrap_random_id(char out[RANDOM_ID])
{
	unsigned char bytes[16];

	__wrap_random_bytes(bytes, sizeof(bytes));
	hex_encode(out, bytes, sizeof(bytes));
}

void __wrap_random_letters(char *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		__wrap_random_bytes(out + i, 1);
		out[i] = "abcdefghijklmnopqrstuvwxyz234567"[(unsigned char)out[i] % 32];
	}
	out[count] = '\0';
}

/* The committer's loop has its turns with the others; nothing is left to sweep. */
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *arg), void *arg)
{
	return 0;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
	loops_run(NULL, NULL);
	return 0;
}
