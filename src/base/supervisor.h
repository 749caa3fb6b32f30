/* The service manager that has started the process, if one has: what it hands over, and what it wants to be told (sd_listen_fds(3), sd_notify(3)). */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SUPERVISOR_FIRST_FD = 3 };

/*
 * Takes what the environment says, and removes it there; what else was inherited is closed. Before the first thread, before anything is
 * opened, and before the process is fenced: the way to the service manager is opened here.
 */
void supervisor_find(void);

/* How many descriptors, from SUPERVISOR_FIRST_FD on, are sockets that listen for us. */
size_t supervisor_listeners(void);

/* Milliseconds within which it wants to hear that the process is alive; 0: it does not. */
uint64_t supervisor_watchdog(void);

/* "READY=1"; nothing happens when nobody wants to know. On the main thread. */
void supervisor_tell(const char *state);

/* RELOADING=1, with the time that goes with it; READY=1 follows. */
void supervisor_tell_reloading(void);
