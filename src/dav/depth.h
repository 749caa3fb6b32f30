/* The Depth field (RFC 4918, 10.2). */
#pragma once

#include <stdbool.h>

struct request;
struct resource;

enum depth { DEPTH_MALFORMED = -1, DEPTH_0, DEPTH_1, DEPTH_INFINITY };

/* `absent`: what it is when the request says nothing. */
enum depth depth_of(const struct request *request, enum depth absent);

/* Whether it fits a method that takes a collection with everything in it (RFC 4918, 9.6.1 and 9.9.2); for a file any depth does. */
bool depth_is_whole(const struct request *request, const struct resource *resource);
