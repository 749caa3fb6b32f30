#include "http/probe.h"

#include "base/clock.h"
#include "base/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { HEAD_LONGEST = 64 << 10, BODY_LONGEST = 1 << 20 };

struct probe {
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	char local[ADDRESS_TEXT];
	struct buf in;
};

static int wait_for(const struct probe *probe, short events, uint64_t until)
{
	struct pollfd one = {.fd = probe->fd, .events = events};
	uint64_t now = clock_now();
	int ready = now < until ? poll(&one, 1, (int)(until - now)) : 0;

	return ready > 0 ? 0 : ready == 0 ? -ETIMEDOUT : -errno;
}

static int connect_to(struct probe *probe, const struct sockaddr *address, const char *source)
{
	socklen_t length = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							  : sizeof(struct sockaddr_in);
	struct sockaddr_storage own = {0};
	char text[ADDRESS_TEXT];
	int error = 0;

	probe->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe->fd < 0)
		return -errno;
	if (source) {
		snprintf(text, sizeof(text), "%s:0", source);
		if (address_parse(text, &own) == 0 &&
			bind(probe->fd, (struct sockaddr *)&own, length) < 0)
			return -errno;
	}
	if (connect(probe->fd, address, length) < 0) {
		socklen_t size = sizeof(error);

		if (errno != EINPROGRESS)
			return -errno;
		error = wait_for(probe, POLLOUT, clock_now() + PROBE_TIME);
		if (error < 0)
			return error;
		if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error)
			return -error;
	}
	length = sizeof(own);
	getsockname(probe->fd, (struct sockaddr *)&own, &length);
	address_port_text((struct sockaddr *)&own, probe->local);
	return 0;
}

/* What a call of TLS waits for; 0: it may be called again. */
static int tls_wait(const struct probe *probe, int result, uint64_t until)
{
	switch (SSL_get_error(probe->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(probe, POLLIN, until);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(probe, POLLOUT, until);
	}
	return -ECONNRESET;
}

static int handshake(struct probe *probe, const char *host, char *error, size_t size)
{
	uint64_t until = clock_now() + PROBE_TIME;
	struct sockaddr_storage address;
	char literal[ADDRESS_TEXT + 4];
	int result, wait = 0;

	probe->context = SSL_CTX_new(TLS_client_method());
	if (!probe->context || SSL_CTX_set_default_verify_paths(probe->context) != 1 ||
		!(probe->ssl = SSL_new(probe->context)))
		abort();
	snprintf(literal, sizeof(literal), "%s:0", host);
	if (address_parse(literal, &address) == 0) {
		char plain[ADDRESS_TEXT];

		address_text((struct sockaddr *)&address, plain);
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(probe->ssl), plain);
	} else {
		SSL_set1_host(probe->ssl, host);
		SSL_set_tlsext_host_name(probe->ssl, host);
	}
	SSL_set_fd(probe->ssl, probe->fd);
	while (wait == 0 && (result = SSL_connect(probe->ssl)) != 1)
		wait = tls_wait(probe, result, until);
	if (wait < 0) {
		const char *reason = ERR_reason_error_string(ERR_peek_last_error());

		snprintf(error, size, "TLS: %s",
			wait == -ETIMEDOUT ? strerror(ETIMEDOUT)
			: reason           ? reason
					   : "the connection was closed");
		ERR_clear_error();
	}
	return wait;
}

int probe_open(struct probe **out, const struct sockaddr *address, const char *source,
	const char *host, char *error, size_t size)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	int result;

	if (!probe)
		abort();
	result = connect_to(probe, address, source);
	if (result < 0)
		snprintf(error, size, "%s", strerror(-result));
	else if (host)
		result = handshake(probe, host, error, size);
	if (result < 0)
		probe_close(probe);
	else
		*out = probe;
	return result;
}

void probe_close(struct probe *probe)
{
	if (!probe)
		return;
	SSL_free(probe->ssl);
	SSL_CTX_free(probe->context);
	if (probe->fd >= 0)
		close(probe->fd);
	buf_free(&probe->in);
	free(probe);
}

const char *probe_local(const struct probe *probe)
{
	return probe->local;
}

const char *probe_certificate(const struct probe *probe, int64_t *seconds)
{
	X509 *certificate = SSL_get1_peer_certificate(probe->ssl);
	long verified = SSL_get_verify_result(probe->ssl);
	int days = 0, rest = 0;

	*seconds = 0;
	if (!certificate)
		return "there is none";
	ASN1_TIME_diff(&days, &rest, NULL, X509_get0_notAfter(certificate));
	*seconds = (int64_t)days * 86400 + rest;
	X509_free(certificate);
	return verified == X509_V_OK ? NULL : X509_verify_cert_error_string(verified);
}

int probe_send(struct probe *probe, const void *bytes, size_t length)
{
	uint64_t until = clock_now() + PROBE_TIME;
	const char *at = bytes;

	while (length > 0) {
		ssize_t sent;
		int wait = 0;

		if (probe->ssl) {
			sent = SSL_write(probe->ssl, at, (int)length);
			if (sent <= 0)
				wait = tls_wait(probe, (int)sent, until);
		} else {
			sent = send(probe->fd, at, length, MSG_NOSIGNAL);
			if (sent < 0)
				wait = errno == EAGAIN ? wait_for(probe, POLLOUT, until) : -errno;
		}
		if (wait < 0)
			return wait;
		if (sent > 0) {
			at += sent;
			length -= (size_t)sent;
		}
	}
	return 0;
}

/* Some more. */
static int receive(struct probe *probe, uint64_t until)
{
	char bytes[16 << 10];
	ssize_t got;

	if (probe->ssl) {
		got = SSL_read(probe->ssl, bytes, sizeof(bytes));
		if (got <= 0)
			return tls_wait(probe, (int)got, until);
	} else {
		got = recv(probe->fd, bytes, sizeof(bytes), 0);
		if (got < 0)
			return errno == EAGAIN ? wait_for(probe, POLLIN, until) : -errno;
		if (got == 0)
			return -ECONNRESET;
	}
	buf_append(&probe->in, bytes, (size_t)got);
	return 0;
}

void probe_field(const struct probe_answer *answer, const char *name, char *out, size_t size)
{
	const char *at = strchr(answer->head.data, '\n');
	size_t length = strlen(name);

	*out = '\0';
	for (; at && at[1]; at = strchr(at + 1, '\n')) {
		const char *value = at + 1 + length + 1;

		if (strncasecmp(at + 1, name, length) != 0 || at[1 + length] != ':')
			continue;
		value += strspn(value, " \t");
		snprintf(out, size, "%.*s", (int)strcspn(value, "\r\n"), value);
		return;
	}
}

/* RFC 9112, 4. Of the status line; -EPROTO. */
static int read_status(const char *line)
{
	const char *status = strchr(line, ' ');

	if (strncmp(line, "HTTP/1.", 7) != 0 || !status || strspn(status + 1, "0123456789") != 3)
		return -EPROTO;
	return (int)strtol(status + 1, NULL, 10);
}

static int read_head(struct probe *probe, uint64_t until, struct probe_answer *answer)
{
	const char *end;
	int error = 0;

	while (probe->in.len == 0 ||
		!(end = memmem(probe->in.data, probe->in.len, "\r\n\r\n", 4))) {
		if (probe->in.len > HEAD_LONGEST)
			return -EPROTO;
		error = receive(probe, until);
		if (error < 0)
			return error;
	}
	buf_append(&answer->head, probe->in.data, (size_t)(end + 2 - probe->in.data));
	buf_consume(&probe->in, answer->head.len + 2);
	buf_text(&answer->head);
	answer->status = read_status(answer->head.data);
	return answer->status < 0 ? -EPROTO : 0;
}

/* What is short and has a length; more is not needed. */
static int read_body(struct probe *probe, uint64_t until, struct probe_answer *answer)
{
	char text[32];
	int64_t length;
	int error = 0;

	probe_field(answer, "Content-Length", text, sizeof(text));
	if (decimal_parse(text, &length) < 0 || length > BODY_LONGEST)
		length = 0;
	while (error == 0 && probe->in.len < (size_t)length)
		error = receive(probe, until);
	if (error == 0) {
		buf_append(&answer->body, probe->in.data, (size_t)length);
		buf_consume(&probe->in, (size_t)length);
	}
	buf_text(&answer->body);
	return error;
}

int probe_receive(struct probe *probe, uint64_t milliseconds, struct probe_answer *answer)
{
	uint64_t until = clock_now() + milliseconds;
	int error;

	*answer = (struct probe_answer){0};
	error = read_head(probe, until, answer);
	if (error == 0 && answer->status >= 200)
		error = read_body(probe, until, answer);
	if (error < 0)
		probe_answer_free(answer);
	return error;
}

void probe_answer_free(struct probe_answer *answer)
{
	buf_free(&answer->head);
	buf_free(&answer->body);
}
