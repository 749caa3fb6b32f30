/* A head that has been read becomes a request: what it is about, and whether it can be one at all. */
#pragma once

#include "dav/request.h"

struct connection;

/* From connection->head into connection->request. STEP_NEXT: the steps can be walked. */
enum step_result begin_request(struct connection *connection);

/* What is said to a person with the status that a head is refused with. */
const char *begin_sentence(int status);
