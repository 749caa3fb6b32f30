/* GET /-/health, and all else below /-/, where no user's resource ever is. */
#pragma once

#include <stdbool.h>

struct request;
struct xmpp;

/* Answers: 200 or 503 with the reason for health, asked for from this machine; else 404. */
void health_answer(struct request *request, bool health, const struct xmpp *xmpp);
