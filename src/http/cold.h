/* Content that must come from the disk first: the pool reads it, so that no loop waits for a disk. */
#pragma once

struct connection;

/* How much is sent in one turn, and read ahead of it. */
enum { CONTENT_WINDOW = 1 << 20 };

/*
 * Whether what is to be sent next of the answer's content, which lies in a file, is in memory. 0: it is. -EAGAIN: the pool reads it and the
 * connection is held; connection_advance() follows. Other negative errno: it cannot be read.
 */
int cold_await(struct connection *connection);
