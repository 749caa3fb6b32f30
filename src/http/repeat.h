/*
 * A GET that comes again byte for byte, from the same address, while all that its answer rests on stands: it gets the answer again,
 * without being read, proven and looked up anew. Each loop keeps its own few; a second after the store was last asked none is good.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct connection;
struct repeats;
struct worker;

/* All that has come is one request that was answered lately: the answer is in place, to be written. */
bool repeat_answer(struct connection *connection);

/* A head has been read from the first `length` bytes of what has come, which are still there: its answer may be worth keeping. */
void repeat_expect(struct connection *connection, size_t length);

/* Its answer stands in connection->out, as far as its head; nothing of it has been sent. Kept, if it can be. */
void repeat_keep(struct connection *connection);

/* The worker is about to be freed. */
void repeats_free(struct worker *worker);
