/* An answer as bytes (RFC 9112, 4). */
#pragma once

struct connection;

/* Puts the head, and what is small of the body, into connection->out. */
void response_begin(struct connection *connection);

/* Puts the next page into connection->out. 0 or negative errno: the answer must be cut off. */
int response_page(struct connection *connection);
