/* How often an address may be refused (RULES "Identity and confirms"): then it gets 429 before anything is looked up. */
#pragma once

#include "dav/request.h"

struct connection;

/* The first step: STEP_ANSWER when this address was refused too often within the minute. */
enum step_result refusals_limit(struct connection *connection);

/* The request is answered: counts it when request->refused. */
void refusals_count(struct connection *connection);

/* 429 with Retry-After. Returns STEP_ANSWER. */
enum step_result refusals_answer(
	struct request *request, uint64_t milliseconds, const char *sentence);
