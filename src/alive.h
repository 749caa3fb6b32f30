/* Tells the service manager that the daemon is alive, as long as every HTTP loop and the committer answer: when one is stuck it is not told. */
#pragma once

#include <stdint.h>

struct alive;
struct http;
struct loop;
struct store;

/* `milliseconds`: within which it must be told (supervisor_watchdog()). */
struct alive *alive_open(
	struct loop *loop, struct http *http, struct store *store, uint64_t milliseconds);

/* After http_close() and store_close(): answers may come until then. */
void alive_close(struct alive *alive);
