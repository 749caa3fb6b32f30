/* One HTTP request in the user's name, while the XMPP stream goes on; the only face of libcurl. */
#pragma once

#include "base/buf.h"
#include "client/session.h"

#include <stdint.h>

struct transfer {
	/* What to do. */
	const char *method, *url;
	const char *headers[8]; /* "Name: value", NULL-terminated */
	const char *body;       /* text to send; NULL: none */
	int upload;             /* a file to send from here on; -1: none */
	uint64_t upload_length; /* bytes */
	uint64_t
		whole; /* bytes that the bar ends with when this is a part of them; 0: upload_length */
	int (*take)(void *arg, struct transfer *transfer, const char *bytes, size_t length);
	void *arg; /* `take` gets the content of a 2xx answer: 0, or negative errno to stop */
	const char *label; /* for the progress bar; NULL: none */
	uint64_t already;  /* bytes that the bar begins with */

	/* What came of it. */
	int status; /* 0: no answer came */
	const char *etag, *content_range, *content_disposition, *location,
		*upload_offset; /* NULL: absent; in the arena */
	int64_t content_length; /* -1: unknown */
	struct buf text;        /* the body of an answer that `take` does not get, up to 1 MiB */
	uint64_t received;      /* bytes that `take` got */
	char error[512];        /* why no answer came, or where it broke off */
	int taken;              /* `take`'s last result */
};

/* Empty: {.upload = -1} is all that must be set besides method and url. 0 when an answer came whole, be it a refusal; negative else. */
int transfer_run(struct session *session, struct arena *arena, const struct account *account,
	struct transfer *transfer);
void transfer_free(struct transfer *transfer);

/* What to tell the user of an answer that was a refusal: the status and what the server says, one line, in the arena. */
const char *transfer_refusal(struct arena *arena, const struct transfer *transfer);
