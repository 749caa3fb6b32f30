#include "base/digest.h"

#include "base/codec.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

/* Fetched once for all: else OpenSSL looks for it each time, under a lock. */
static EVP_MD *md5, *sha1, *sha256;

static void fetch(void)
{
	md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!md5 || !sha1 || !sha256)
		abort();
}

static void digest_hex(EVP_MD *const *kind, char *out, const void *bytes, size_t length)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_length = 0;
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fetch);
	if (!EVP_Digest(bytes, length, digest, &digest_length, *kind, NULL))
		abort();
	hex_encode(out, digest, digest_length);
}

void md5_hex(char out[MD5_HEX], const void *bytes, size_t length)
{
	digest_hex(&md5, out, bytes, length);
}

void sha1_hex(char out[SHA1_HEX], const void *bytes, size_t length)
{
	digest_hex(&sha1, out, bytes, length);
}

void sha256_hex(char out[SHA256_HEX], const void *bytes, size_t length)
{
	digest_hex(&sha256, out, bytes, length);
}

void hmac_hex(
	char out[SHA256_HEX], const void *key, size_t key_length, const void *bytes, size_t length)
{
	unsigned char code[EVP_MAX_MD_SIZE];
	size_t code_length = 0;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_length, bytes, length, code,
		    sizeof(code), &code_length))
		abort();
	hex_encode(out, code, code_length);
}

void random_bytes(void *out, size_t length)
{
	unsigned char *at = out;
	while (length) {
		size_t part = length < 256 ? length
					   : 256; /* never cut short by a signal (getrandom(2)) */
		if (getrandom(at, part, 0) != (ssize_t)part)
			abort();
		at += part;
		length -= part;
	}
}

void random_id(char out[RANDOM_ID])
{
	unsigned char bytes[16];
	random_bytes(bytes, sizeof(bytes));
	hex_encode(out, bytes, sizeof(bytes));
}

void random_letters(char *out, size_t count)
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

	random_bytes(out, count);
	for (size_t i = 0; i < count; i++)
		out[i] = base32[(unsigned char)out[i] % 32];
	out[count] = '\0';
}
