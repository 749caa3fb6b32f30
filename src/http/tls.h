/* TLS on a connection's descriptor; with tickets.h the only face of libssl. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ticket_keys;
struct tls_context;
struct tls;

/*
 * TLS 1.3, or 1.2 with AEAD and ephemeral keys; nothing older, no early data, and no client certificates. 0, or negative errno with the
 * reason. Contexts are counted: each holder frees once. All that share `keys`, which must outlive them, resume each other's sessions.
 */
int tls_context_new(struct tls_context **context, struct ticket_keys *keys, const char *cert,
	const char *key, char *error, size_t size);
struct tls_context *tls_context_share(struct tls_context *context);
void tls_context_free(struct tls_context *context);

struct tls *tls_new(struct tls_context *context, int fd);
void tls_free(struct tls *tls);

/*
 * Like recv(2) and send(2), with -EAGAIN as result when it must wait, -EIO when the connection is broken. The handshake happens on the
 * way. *wants_write: it waits until the descriptor can be written, else read.
 */
ssize_t tls_read(struct tls *tls, void *bytes, size_t size, bool *wants_write);
ssize_t tls_write(struct tls *tls, const void *bytes, size_t length, bool *wants_write);

/* Whether bytes are at hand that no descriptor will tell of. */
bool tls_pending(struct tls *tls);

/* Says that no more comes; best effort. */
void tls_shutdown(struct tls *tls);
