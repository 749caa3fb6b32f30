/* Content: as it is read, and on its way in. Part of the store's face (store.h). */
#pragma once

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct loop;
struct partial;
struct resource;
struct store;
struct tx;
struct upload;

struct content {
	uint64_t length;
	int fd;            /* -1: it is in bytes */
	const char *bytes; /* until it is closed */
	struct held *held; /* that they are in; NULL: in the arena */
	/* Digests that are known of it, as bytes; NULL: not yet. */
	const unsigned char *md5, *sha1, *sha256;
};

/* -ESTALE: gone since the resource was looked up in an earlier transaction. */
int store_content_open(struct tx *tx, struct arena *arena, const struct resource *resource,
	struct content *content);
void store_content_close(struct content *content);

/* The same content once more, closed by itself; only of what is `held`. */
struct content store_content_share(const struct content *content);

/* Only the digests; 0 or negative errno, -ENOENT when there is no such content. */
int store_digests(struct tx *tx, struct arena *arena, int64_t content, struct content *out);

/* Keeps a digest that was found later. From any thread; nobody is told. */
void store_sha256_remember(struct store *store, int64_t content, const unsigned char sha256[32]);

/*
 * Content on its way in: small content in memory, large content in an unnamed file. Belongs to one loop; writes and syncs
 * run on the pool, at most one at a time.
 */

/* expected: the announced length, or -1. -ENOSPC when keep-free would be touched. */
int upload_open(struct store *store, struct loop *loop, int64_t expected, struct upload **upload);

/*
 * Takes all the bytes. 0: go on. 1: wait for `ready` before giving more; it is called on the loop with 0 or a negative
 * errno. Negative: the upload has failed and can only be closed.
 */
int upload_write(struct upload *upload, const void *bytes, size_t length,
	void (*ready)(void *arg, int result), void *arg);

/*
 * Before the first write: the content comes in parts. NULL: this is the first; else it goes on where the partial ends, and upload_length()
 * counts from its beginning. A write or the finish says -EBUSY while another part of it is on its way, and when one has come
 * since.
 */
void upload_in_parts(struct upload *upload, const char *owner, const char *path, uint64_t total,
	const struct partial *partial);

/* Before the first write: digests of the whole content are to be made, bits of 1 << enum hash_kind; each is kept with the content. */
void upload_want_digests(struct upload *upload, unsigned kinds);

/* When it is finished; NULL: not wanted. */
const unsigned char *upload_digest(const struct upload *upload, enum hash_kind kind);

/* Makes the content durable under its own name. 0, 1 or negative as above; not while `ready` is waited for. */
int upload_finish(struct upload *upload, void (*ready)(void *arg, int result), void *arg);
uint64_t upload_length(const struct upload *upload);

/*
 * Once, in any state; `ready` is not called again. keep: a COMMIT that names the content succeeded (or its outcome is
 * uncertain: then the sweep of a later start decides); else the file goes.
 */
void upload_close(struct upload *upload, bool keep);
