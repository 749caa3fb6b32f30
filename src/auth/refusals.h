/*
 * How often an address may be refused (RULES "Identity and confirms"): above it, a claim from there is answered 429 before its right is looked
 * at, so that nobody finds out by trying who may read what. Who has proven who they are is known by name: what they are refused is
 * not counted, and strangers who share their address lock nobody out who has an app password. From any thread, without a lock.
 */
#pragma once

#include "dav/request.h"

struct refusals;

/* most: a minute and an address; 0: any number. */
struct refusals *refusals_open(uint64_t most);

/* The limit from now on. */
void refusals_use(struct refusals *refusals, uint64_t most);

/* NULL is nothing. */
void refusals_close(struct refusals *refusals);

/* Before the right of a claim is asked: STEP_ANSWER when too many were refused from its address. */
enum step_result refusals_limit(struct request *request);

/* The request is answered: counts it when request->refused. Once. */
void refusals_count(struct request *request);
