/* URLs of files. */
#pragma once

#include <stdbool.h>

struct arena;
struct account;

/* The same resource, however it is spelled. False when one is no URL of a file. */
bool link_is_same(const char *a, const char *b);

/* NULL, or why this URL is not to be used: no http or https, or without TLS off this machine. */
const char *link_refused(struct arena *arena, const struct account *account, const char *url);
