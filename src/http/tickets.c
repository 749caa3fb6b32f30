#include "http/tickets.h"

#include "base/clock.h"
#include "base/digest.h"

#include <openssl/core_names.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seal_time = TICKET_TIME * 1000ULL;

struct ticket_keys {
	pthread_mutex_t lock;
	struct ticket_key current, previous;
};

static void fill(struct ticket_key *key, uint64_t now)
{
	key->since = now;
	random_bytes(key->name, sizeof(key->name));
	random_bytes(key->cipher, sizeof(key->cipher));
	random_bytes(key->mac, sizeof(key->mac));
}

struct ticket_keys *ticket_keys_new(void)
{
	struct ticket_keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		abort();
	fill(&keys->current, clock_now());
	/* A name of zeros would be a key that everybody knows. */
	keys->previous = keys->current;
	pthread_mutex_init(&keys->lock, NULL);
	return keys;
}

void ticket_keys_free(struct ticket_keys *keys)
{
	if (!keys)
		return;
	pthread_mutex_destroy(&keys->lock);
	explicit_bzero(keys, sizeof(*keys));
	free(keys);
}

void ticket_keys_seal(struct ticket_keys *keys, uint64_t now, struct ticket_key *key)
{
	pthread_mutex_lock(&keys->lock);
	/* Another loop may have read its clock later than we have. */
	if (now > keys->current.since && now - keys->current.since >= seal_time) {
		keys->previous = keys->current;
		fill(&keys->current, now);
	}
	*key = keys->current;
	pthread_mutex_unlock(&keys->lock);
}

bool ticket_keys_open(struct ticket_keys *keys, uint64_t now, const unsigned char name[TICKET_NAME],
	struct ticket_key *key)
{
	const struct ticket_key *found = &keys->current;
	bool ok;

	pthread_mutex_lock(&keys->lock);
	if (memcmp(found->name, name, TICKET_NAME) != 0)
		found = &keys->previous;
	ok = memcmp(found->name, name, TICKET_NAME) == 0 && now < found->since + 2 * seal_time;
	if (ok)
		*key = *found;
	pthread_mutex_unlock(&keys->lock);
	return ok;
}

static bool begin(const struct ticket_key *key, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int seals)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_KEY, (void *)key->mac, sizeof(key->mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1 &&
	       EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, seals) == 1;
}

/* libssl's: negative: the handshake fails; 0: no session; 1: goes on; 2: goes on, and a new ticket is due. */
static int seal_or_open(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int seals)
{
	struct ticket_keys *keys = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	uint64_t now = clock_now();
	struct ticket_key key;
	bool ok;

	if (seals) {
		ticket_keys_seal(keys, now, &key);
		random_bytes(iv, (size_t)EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()));
		memcpy(name, key.name, TICKET_NAME);
	} else if (!ticket_keys_open(keys, now, name, &key)) {
		return 0;
	}
	ok = begin(&key, iv, cipher, mac, seals);
	explicit_bzero(&key, sizeof(key));
	if (!ok)
		return -1;
	/* In TLS 1.3 a client uses a ticket once (RFC 8446, C.4), and before it every ticket gets the newest key. */
	return seals ? 1 : 2;
}

void ticket_keys_use(struct ticket_keys *keys, SSL_CTX *ssl)
{
	SSL_CTX_set_app_data(ssl, keys);
	SSL_CTX_set_timeout(ssl, TICKET_TIME);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, seal_or_open);
}
