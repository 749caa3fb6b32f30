/* XEP-0030: what the user's server offers. */
#pragma once

#include <stdint.h>

struct client;

struct services {
	const char *files;      /* the JID of the file service */
	const char *url;        /* where it takes files, with a slash at its end */
	uint64_t max_file_size; /* bytes; UINT64_MAX: not said */
	const char *multicast;  /* the XEP-0033 service; NULL: none */
};

/* 0, or 1 with the reason told. */
int discover(struct client *client, struct services *out);
