/* Who has fetched what: an answer with a file's content, told to the store when it has been sent. */
#pragma once

#include <stdbool.h>

struct request;
struct resource;

/* The answer is complete, with its range. Owners, who has proven nothing, HEAD, and several ranges in one answer are not told of. */
void fetched_begin(struct request *request, const struct resource *resource);

/* The answer has been sent, or was cut off: what of the content was handed over until then counts. Nothing when it is not to be told of. */
void fetched_end(const struct request *request, bool cut_off);
