/* Digests of content that comes in pieces, several at a time. The other face of libcrypto beside digest.h. */
#pragma once

#include <stddef.h>

enum hash_kind { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA512, HASH_KINDS };
enum { HASH_MAX = 64 /* bytes */ };

struct hashes;

/* `kinds`: a bit (1 << kind) for each that is wanted. */
struct hashes *hashes_new(unsigned kinds);
void hashes_add(struct hashes *hashes, const void *bytes, size_t length);

/* When all has been added; hashes_value() only works behind it. */
void hashes_end(struct hashes *hashes);

/* hash_length() bytes; NULL: this kind was not wanted. */
const unsigned char *hashes_value(const struct hashes *hashes, enum hash_kind kind);
size_t hash_length(enum hash_kind kind);

/* NULL is nothing. */
void hashes_free(struct hashes *hashes);
