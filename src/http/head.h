/* The head of a request (RFC 9112, 3 to 6), one strict grammar; whatever is ambiguous is refused. */
#pragma once

#include "dav/request.h"

struct http_limits;

struct head {
	const char *method, *target;
	bool http_1_0;
	bool keep_alive;
	bool expect_continue;
	bool has_body;
	int64_t content_length; /* -1: chunked */
	struct header *headers; /* as for struct request: lists joined, the rest once */
	size_t header_count;
};

/*
 * 1: a whole head was read from the first *length bytes; 0: more must come; negative: the status to refuse it with (-400, -414,
 * -417, -431, -501, -505), and nothing that follows may be read as a request. `scanned` is 0 before the first call for a head and
 * kept between calls.
 */
int head_parse(struct arena *arena, const char *bytes, size_t available, size_t *scanned,
	const struct http_limits *limits, struct head *head, size_t *length);

/* How many characters from here on are those of a token (RFC 9110, 5.6.2). */
size_t token_length(const char *text);

/* Whether a comma-separated list (RFC 9110, 5.6.1) holds the token, without regard to case. */
bool list_holds(const char *list, const char *token);
