/*
 * An answer in pages: each is a read transaction of its own, so that neither memory nor a transaction grows with the answer. A page behind the
 * first asks again for the right, and whether the URL still has what the first was about; else the answer is cut off.
 */
#pragma once

#include "dav/property.h"
#include "dav/right.h"

#include <stdint.h>

struct walk;

struct pages {
	enum right right;
	/* Appends the next page. 1: there may be more; 0: that was all; negative errno. */
	int (*write)(void *state, struct view *view, const struct walk *walk, struct buf *out);
	void *state;

	int64_t resource; /* set by pages_answer() */
};

/* Answers with the first page, and the others to come; `pages` and its state must live in the request's arena. 0 or negative errno. */
int pages_answer(struct request *request, struct tx *tx, const struct walk *walk,
	struct pages *pages, int status, const char *content_type);
