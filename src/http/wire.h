/* Bytes between a connection and its socket, in clear or through TLS. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct connection;

/* Bytes that are kept while a request waits. */
enum { WAITING_MAX = 64 << 10 };

/* Appends to connection->in. True: something came, be it the end. */
bool wire_read(struct connection *connection);

/* Sends connection->out. 0: all of it is on its way; -EAGAIN: later; other negative errno: broken. `flags` are send(2)'s. */
int wire_flush(struct connection *connection, int flags);

/* The same, and as much of content in memory behind it as goes in one call; wire_send_content() sends the rest. */
int wire_flush_with_content(struct connection *connection);

/* Says that nothing more is sent. */
void wire_end(struct connection *connection);

/* Says, when it is closed, that it was cut off: where an answer ends with the connection it would look whole (RFC 9112, 8). */
void wire_cut(struct connection *connection);

/* Bytes that the other side has not acknowledged: a large socket buffer hides for long whether it reads at all. */
uint64_t wire_unsent(const struct connection *connection);

/* Sends the answer's content. 0: all of it is on its way; 1: enough for this turn; negative errno as above. */
int wire_send_content(struct connection *connection);
