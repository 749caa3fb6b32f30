/* What mailbox.c needs of loop.c and no one else. */
#pragma once

#include <uv.h>

struct loop;

uv_loop_t *loop_uv(struct loop *loop);
