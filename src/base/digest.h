/* Digests and randomness, the face of libcrypto. */
#pragma once

#include <stddef.h>

enum { MD5_HEX = 33, SHA1_HEX = 41, SHA256_HEX = 65 };

/* Lower-case hex with NUL. */
void md5_hex(char out[MD5_HEX], const void *bytes, size_t length);
void sha1_hex(char out[SHA1_HEX], const void *bytes, size_t length);
void sha256_hex(char out[SHA256_HEX], const void *bytes, size_t length);

/* HMAC-SHA256 (RFC 2104), likewise. */
void hmac_hex(
	char out[SHA256_HEX], const void *key, size_t key_length, const void *bytes, size_t length);

/* From getrandom(2); cannot fail. */
void random_bytes(void *out, size_t length);

/* 128 bits as 32 hex digits and NUL. */
enum { RANDOM_ID = 33 };
void random_id(char out[RANDOM_ID]);

/* Letters of lower-case base32 (RFC 4648, 6) with 5 random bits each, and NUL. */
void random_letters(char *out, size_t count);
