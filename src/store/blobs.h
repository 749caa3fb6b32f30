/* Blobs between two stores, and the gate that keeps them from being removed meanwhile. Within this room only. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct store;
struct tx;

/* Opens the gate's file in a store. Whoever is about to remove blobs holds it alone, whoever copies them holds it together with others. */
int gate_open(int directory);

/*
 * For who removes: waits until nobody copies. The descriptor to close when it is done; -ECANCELED: `stops` said so while it waited; or negative errno.
 */
int gate_enter(const struct store *store, bool (*stops)(const struct store *store));

/* All of the bytes, where the file stands. 0 or negative errno. */
int blob_write(int fd, const char *bytes, size_t length);

/*
 * The first `length` bytes of a blob from one directory of blobs into another, on disk when it returns, but for the directory. share: nobody will ever change
 * it, so that both may be one file. 1: it is there now; 0: it was; negative errno, -ENOENT: there is none.
 */
int blob_clone(int from, int to, const char *name, uint64_t length, bool share);

/*
 * All that a database names: the blob; how long it is, of parts as far as it counts; whether it is of parts, and so may be longer; its SHA-256, or
 * NULL. A statement that is bound. 0 or negative errno.
 */
int blobs_named(struct tx *tx, sqlite3_stmt **rows);

/* A whole file by name, likewise. 0 or negative errno. */
int file_clone(int from, int to, const char *name);

/* Calls `each` for every entry of a directory, inside ".". 0 or the first negative errno. */
int directory_each(int directory,
	int (*each)(void *arg, int directory, const char *inside, const char *name), void *arg);

/* The same for every entry of the directories of blobs. 0 or the first negative errno. */
int blobs_each(int blobs,
	int (*each)(void *arg, int directory, const char *inside, const char *name), void *arg);

/* All directories of blobs are on disk. */
int blobs_sync(int blobs);
