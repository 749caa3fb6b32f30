/*
 * An event loop: one thread, descriptors, timers, signals, work for the pool. The only face of libuv.
 * Everything here is used on the loop's own thread; from others only mailbox.h.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

struct loop;
struct watch;
struct timer;
struct signal_watch;

/* 0, or negative errno. */
int loop_open(struct loop **loop);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* All watches, timers and mailboxes of the loop must have been closed. */
void loop_close(struct loop *loop);

/* Milliseconds of a monotonic clock, read once a turn. */
uint64_t loop_now(const struct loop *loop);

enum { WATCH_READ = 1, WATCH_WRITE = 2 };

/*
 * Watches a non-blocking descriptor, level-triggered; starts wanting nothing. `ready` gets the events that are
 * there; an error or a hang-up is told as every event that is wanted. NULL when the descriptor cannot be watched.
 */
struct watch *watch_open(
	struct loop *loop, int fd, void (*ready)(void *arg, int events), void *arg);
void watch_want(struct watch *watch, int events);

/*
 * Likewise a socket that listens and that other loops watch too: somebody who comes wakes one of them, at times some more, and not all
 * (EPOLLEXCLUSIVE). Wants WATCH_READ or nothing.
 */
struct watch *watch_open_shared(
	struct loop *loop, int fd, void (*ready)(void *arg, int events), void *arg);

/* `ready` is not called again. The descriptor is the caller's and may be closed at once. */
void watch_close(struct watch *watch);

/* `sleeps` is called each time before the loop waits for something to happen. Once a loop. */
void loop_before_sleep(struct loop *loop, void (*sleeps)(void));

struct timer *timer_open(struct loop *loop, void (*fire)(void *arg), void *arg);

/* Once, `milliseconds` from now; starting it again moves it. */
void timer_start(struct timer *timer, uint64_t milliseconds);
void timer_stop(struct timer *timer);
void timer_close(struct timer *timer);

/*
 * Runs `work` on a thread of the pool and then `done` on the loop. Work that was handed over is always
 * done; loop_close() waits for it.
 */
void loop_work(struct loop *loop, void (*work)(void *arg), void (*done)(void *arg), void *arg);

/* Starts the pool's threads, which would else be started when there is work for the first time. */
void loop_work_prepare(struct loop *loop);

struct signal_watch *signal_watch_open(
	struct loop *loop, int number, void (*caught)(void *arg), void *arg);
void signal_watch_close(struct signal_watch *watch);

/*
 * Looks a name up without blocking. `found` gets 0 and an address that lives during the call, or a
 * negative errno (-ENOENT: no such host). Not withdrawable: `arg` must live until then.
 */
void loop_resolve(struct loop *loop, const char *host, uint16_t port,
	void (*found)(void *arg, int error, const struct sockaddr *address, socklen_t length),
	void *arg);
