/* An answer as bytes (RFC 9112, 4). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct connection;

/* Puts the head, and what is small of the body, into connection->out. */
void response_begin(struct connection *connection);

/* Puts the head that response_begin() has put for an answer of 200 before, with the time of now. */
void response_again(struct connection *connection, const char *head, size_t length);

/* Puts the next page into connection->out. 0 or negative errno: the answer must be cut off. */
int response_page(struct connection *connection);

/* Puts what stands before the next piece of content, or behind the last, into `out`. False: there is no more. */
bool response_piece(struct connection *connection);
