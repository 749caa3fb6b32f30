/*
 * What the process can still do when it was taken over: next to nothing. Files by landlock, system calls by seccomp, no new
 * privileges, nobody looks into it, no core. Once said it is for good, for all threads to come.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct config;

/*
 * Before the first thread, with the store's directory there and the listeners bound. `file`: the settings, which may be read again later. What the
 * kernel does not know is logged as a warning. 0, or negative errno with the reason for a person.
 */
int fence_begin(const struct config *config, const char *file, char *error, size_t size);

/* When all threads are there: also what only the start has needed is forbidden now. Likewise. */
int fence_close(const struct config *config, char *error, size_t size);

/*
 * Fences children of the process and has each try something. A line for each on standard output, what was tried and whether it was
 * refused; true: all of it was. Before the first thread.
 */
bool fence_selftest(const struct config *config, const char *file);
