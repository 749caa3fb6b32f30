#include "base/hash.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>

struct hashes {
	EVP_MD_CTX *contexts[HASH_KINDS]; /* NULL: not wanted */
	unsigned char values[HASH_KINDS][HASH_MAX];
	bool ended;
};

static const EVP_MD *algorithm(enum hash_kind kind)
{
	switch (kind) {
	case HASH_MD5:
		return EVP_md5();
	case HASH_SHA1:
		return EVP_sha1();
	case HASH_SHA256:
		return EVP_sha256();
	case HASH_SHA512:
		return EVP_sha512();
	case HASH_KINDS:
		break;
	}
	return NULL;
}

struct hashes *hashes_new(unsigned kinds)
{
	struct hashes *hashes = calloc(1, sizeof(*hashes));

	if (!hashes)
		abort();
	for (int kind = 0; kind < HASH_KINDS; kind++) {
		if (!(kinds & 1U << kind))
			continue;
		hashes->contexts[kind] = EVP_MD_CTX_new();
		if (!hashes->contexts[kind] ||
			EVP_DigestInit_ex(hashes->contexts[kind], algorithm(kind), NULL) != 1)
			abort();
	}
	return hashes;
}

void hashes_add(struct hashes *hashes, const void *bytes, size_t length)
{
	for (int kind = 0; kind < HASH_KINDS; kind++)
		if (hashes->contexts[kind] &&
			EVP_DigestUpdate(hashes->contexts[kind], bytes, length) != 1)
			abort();
}

void hashes_end(struct hashes *hashes)
{
	for (int kind = 0; kind < HASH_KINDS; kind++)
		if (hashes->contexts[kind] &&
			EVP_DigestFinal_ex(hashes->contexts[kind], hashes->values[kind], NULL) != 1)
			abort();
	hashes->ended = true;
}

const unsigned char *hashes_value(const struct hashes *hashes, enum hash_kind kind)
{
	assert(hashes->ended);
	return hashes->contexts[kind] ? hashes->values[kind] : NULL;
}

size_t hash_length(enum hash_kind kind)
{
	return (size_t)EVP_MD_get_size(algorithm(kind));
}

void hashes_free(struct hashes *hashes)
{
	if (!hashes)
		return;
	for (int kind = 0; kind < HASH_KINDS; kind++)
		EVP_MD_CTX_free(hashes->contexts[kind]);
	free(hashes);
}
