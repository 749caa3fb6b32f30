/* What a connection needs while a request is under way, and gives back when it is idle: thousands may be. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct connection;
struct worker;

enum { SPARES = 64 };

struct spare {
	struct arena *arena;
	struct buf in, out; /* empty */
};

/* Something comes: arena and buffers of whoever has none, if there are spare ones. */
void spare_take_up(struct connection *connection);

/* The connection is idle, unless the next request is there already. */
void spare_put_down(struct connection *connection);

/* The worker is about to be freed. */
void spares_free(struct worker *worker);
