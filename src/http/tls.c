#include "http/tls.h"

#include "http/tickets.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

/* Of TLS 1.2 only what is as good as TLS 1.3: a key of its own for each connection, and AEAD (RFC 9325, 4.2). */
static const char suites_1_2[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

static int refuse(SSL_CTX *ssl, const char *file, char *error, size_t size)
{
	unsigned long first = ERR_peek_error();
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	/* What the system said of the file comes first; OpenSSL makes it "system lib". */
	if (ERR_SYSTEM_ERROR(first))
		reason = strerror(ERR_GET_REASON(first));
	snprintf(error, size, "%s: %s", file, reason ? reason : "cannot be used");
	ERR_clear_error();
	SSL_CTX_free(ssl);
	return -EINVAL;
}

/* Who names protocols and not ours means another server (RFC 7301, 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_length,
	const unsigned char *offered, unsigned length, void *arg)
{
	static const char http_1_1[] = "http/1.1";
	const unsigned char *at = offered, *end = offered + length;

	for (; at < end; at += 1 + *at) {
		if (*at == sizeof(http_1_1) - 1 && *at < end - at &&
			memcmp(at + 1, http_1_1, *at) == 0) {
			*chosen = at + 1;
			*chosen_length = *at;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Nobody is there to be asked for a passphrase, and behind the fence there is no terminal. */
static int no_passphrase(char *passphrase, int size, int encrypts, void *arg)
{
	bool *asked = arg;

	*asked = true;
	return -1;
}

static int use_files(SSL_CTX *ssl, const char *cert, const char *key, char *error, size_t size)
{
	const char *wrong = NULL, *reason = NULL;
	bool asked = false;

	SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(ssl, &asked);
	if (SSL_CTX_use_certificate_chain_file(ssl, cert) != 1)
		wrong = cert;
	else if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
		wrong = key;
	else if (SSL_CTX_check_private_key(ssl) != 1)
		/* One of another algorithm has been taken without a look at the certificate. */
		wrong = key, reason = "this is not the key of the certificate in tls-cert";
	SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
	if (asked)
		reason = "it has a passphrase, which nobody can be asked for";
	if (!wrong)
		return 0;
	refuse(ssl, wrong, error, size);
	if (reason)
		snprintf(error, size, "%s: %s", wrong, reason);
	return -EINVAL;
}

int tls_context_new(struct tls_context **context, struct ticket_keys *keys, const char *cert,
	const char *key, char *error, size_t size)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());

	if (!ssl || SSL_CTX_set_cipher_list(ssl, suites_1_2) != 1)
		return refuse(ssl, "TLS", error, size);
	SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	/* No early data: whoever has seen a PUT could send it again (RFC 8446, 8). */
	SSL_CTX_set_max_early_data(ssl, 0);
	SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
	ticket_keys_use(keys, ssl);
	if (use_files(ssl, cert, key, error, size) < 0)
		return -EINVAL;
	*context = (struct tls_context *)ssl;
	return 0;
}

struct tls_context *tls_context_share(struct tls_context *context)
{
	if (context)
		SSL_CTX_up_ref((SSL_CTX *)context);
	return context;
}

void tls_context_free(struct tls_context *context)
{
	SSL_CTX_free((SSL_CTX *)context);
}

struct tls *tls_new(struct tls_context *context, int fd)
{
	SSL *ssl = SSL_new((SSL_CTX *)context);

	if (ssl && SSL_set_fd(ssl, fd) == 1)
		SSL_set_accept_state(ssl);
	else
		SSL_free(ssl), ssl = NULL;
	ERR_clear_error();
	return (struct tls *)ssl;
}

void tls_free(struct tls *tls)
{
	SSL_free((SSL *)tls);
}

static ssize_t result_of(SSL *ssl, int result, bool *wants_write)
{
	int error = SSL_get_error(ssl, result);

	ERR_clear_error();
	*wants_write = error == SSL_ERROR_WANT_WRITE;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	return error == SSL_ERROR_ZERO_RETURN ? 0 : -EIO;
}

ssize_t tls_read(struct tls *tls, void *bytes, size_t size, bool *wants_write)
{
	int result = SSL_read((SSL *)tls, bytes, size > INT_MAX ? INT_MAX : (int)size);

	return result > 0 ? result : result_of((SSL *)tls, result, wants_write);
}

ssize_t tls_write(struct tls *tls, const void *bytes, size_t length, bool *wants_write)
{
	int result = SSL_write((SSL *)tls, bytes, length > INT_MAX ? INT_MAX : (int)length);

	return result > 0 ? result : result_of((SSL *)tls, result, wants_write);
}

bool tls_pending(struct tls *tls)
{
	return SSL_pending((SSL *)tls) > 0;
}

void tls_shutdown(struct tls *tls)
{
	SSL_shutdown((SSL *)tls);
	ERR_clear_error();
}
