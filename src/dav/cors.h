/*
 * What web pages of other origins may do here (Fetch, 3.3): fill a slot, and read a link; never with a browser's own credentials. Of all
 * else no browser tells them anything.
 */
#pragma once

struct request;
struct tx;

/*
 * For the answer to OPTIONS from somebody unknown: adds what a preflight of such a request asks for, if it is one, and sets
 * request->any_origin. 0 or negative errno.
 */
int cors_preflight(struct request *request, struct tx *tx);
