/* Properties of a file: who may read it, and its name for people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

struct patch {
	const char *displayname; /* NULL: as it is */
	const char **jids;
	size_t count;
	bool set_list;     /* to these JIDs; none: nobody */
	bool remove_list;  /* it inherits */
	uint64_t expires;  /* milliseconds from now on until it goes; 0: as it is */
	bool once, notify; /* set; else as they are */
};

/* 0, or 1 with the reason told. */
int patch_properties(struct client *client, const char *url, const struct patch *patch);
