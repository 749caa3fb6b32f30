/* The line in the log that each request gets. */
#pragma once

struct connection;

/* The answer is out. */
void access_log(const struct connection *connection);
