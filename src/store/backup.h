/*
 * A copy of the whole store in a directory, and back. Within a backup lie missive.db, blobs/ as in a store, and a file that says what it is. For whoever runs
 * missived's commands, also while the daemon runs: no function here needs an open store.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was done. */
struct copied {
	uint64_t files, bytes; /* blobs that the copy names */
	uint64_t fresh;        /* of them, those that were not there before */
	uint64_t
		missing; /* that the store names and does not have: the copy has not got them either */
};

/*
 * The store as it is at one moment after the call, in a directory that is absent, empty, or holds an earlier backup, of which the blobs are kept that are still
 * named; one that was interrupted goes on. While it runs the daemon removes no blob. All is on disk when it returns. 0, or negative errno with the
 * reason for a person.
 */
int store_backup(
	const char *store, const char *directory, struct copied *copied, char *error, size_t size);

/* Into a store that is absent or empty, and that no daemon has. Until it is whole no daemon takes it. As above. */
int store_restore(
	const char *directory, const char *store, struct copied *copied, char *error, size_t size);

/* The file that forbids a daemon to take a store, as its restore is not finished. */
#define STORE_RESTORING "restoring"

/* What is wrong with a store is told in a line each. */
struct checking {
	void (*tell)(void *arg, const char *line);
	void *arg;
	bool repair; /* blobs that nothing names are removed; nothing else is ever changed */

	uint64_t resources, blobs, bytes, wrong, repaired;
};

/*
 * Looks whether the database is whole and the blobs are those that it names, byte by byte where a digest is known. `path`: a store's, or a backup's. While a
 * daemon has it blobs of its present start may wait for their commit and count as named, and nothing is repaired (-EBUSY). 0 when it could look, whatever it
 * found, or negative errno as above.
 */
int store_fsck(const char *path, struct checking *checking, char *error, size_t size);
