/* X-OC-Mtime, with which sync clients tell when a file was changed. */
#pragma once

#include <stdint.h>

struct request;
struct tx;

/* In a commit. 1: the field is there and was taken; 0: it is absent; -EINVAL: it is no time; or another negative errno. */
int times_take(struct request *request, struct tx *tx, int64_t resource);
