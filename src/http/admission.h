/* Who may connect: so many from one address, so many in all. */
#pragma once

#include <stdbool.h>

struct connection;
struct sockaddr;
struct worker;

/* Takes over the descriptor that accept(2) has given: it becomes a connection, or is closed. `watching`: one that is answered metrics. */
void admission_take(struct worker *worker, int fd, const struct sockaddr *peer, bool watching);

/* The connection is about to be freed. */
void admission_give_back(struct connection *connection);
