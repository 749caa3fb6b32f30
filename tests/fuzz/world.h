/*
 * A store with a few resources in it, and what requests and services need round it. All that an input does happens in one transaction
 * that is rolled back, so each begins with the same.
 *
 *   /dir         romeo's, juliet@localhost and mercutio@localhost/a are on its list
 *   /dir/secret  romeo's, "SECRET-OF-ROMEO", text/plain, with a dead property
 *   /dir/sub     a collection, locked by romeo; /dir/sub/none: its list is empty
 *   /open        tybalt's, "OPEN-TO-ALL", of no list
 *   /link-...    romeo's, came through a slot: who has the URL may read it
 *   /slot.txt    is not there: tybalt has a slot for 5 bytes, "slot-" and 26 times "a"
 */
#pragma once

#include "base/site.h"
#include "dav/request.h"

#include <stddef.h>

#define SECRET_OF_ROMEO "SECRET-OF-ROMEO"

struct world {
	struct loop *loop;
	struct store *store;
	struct site site;
	struct dav dav;
	char path[64];
	char password[32];        /* romeo's, for everything */
	char reading[32];         /* romeo's, for reading in /dir only */
	char other[32];           /* tybalt's */
	int64_t secret;           /* content of /dir/secret */
	int64_t resource, change; /* numbers that were given out before the input */
};

extern struct world world;

/* Once. */
void world_open(void);

void world_begin(void);

/* Whether /dir/secret is there with the content that it had. */
bool world_secret_lives(void);

void world_end(void);
