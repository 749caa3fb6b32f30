/*
 * A connection to a server, as a client that wants to know what is wrong: it says byte for byte what it is told to, and waits. For missived's own check
 * alone: it blocks.
 */
#pragma once

#include "base/address.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct probe;

/* Milliseconds that connecting, and each answer, may take. */
enum { PROBE_TIME = 5000 };

/*
 * `source`: the own address, without a port, NULL: any. `host` is the name that TLS asks for; NULL: no TLS. 0, or negative errno with the reason. That the
 * certificate is good is not asked for here.
 */
int probe_open(struct probe **probe, const struct sockaddr *address, const char *source,
	const char *host, char *error, size_t size);
void probe_close(struct probe *probe);

/* Our own end of it, with the port. */
const char *probe_local(const struct probe *probe);

/* NULL: the certificate is good for the name; else what is wrong with it. *seconds: how long it is good for yet. */
const char *probe_certificate(const struct probe *probe, int64_t *seconds);

/* 0 or negative errno. */
int probe_send(struct probe *probe, const void *bytes, size_t length);

struct probe_answer {
	int status;
	struct buf head,
		body; /* the head's lines end in "\n"; the body as far as it has a length */
};

/* The next answer, be it a 100. 0; -ETIMEDOUT; or another negative errno, -ECONNRESET when it was closed. */
int probe_receive(struct probe *probe, uint64_t milliseconds, struct probe_answer *answer);
void probe_answer_free(struct probe_answer *answer);

/* The value of a field of the head, copied to `out`; "" when it is not there. */
void probe_field(const struct probe_answer *answer, const char *name, char *out, size_t size);
