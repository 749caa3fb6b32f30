/* A resource and the members of it that the asker may read, in pages (dav/pages.h): each goes on behind the last name of the one before. */
#pragma once

#include "dav/property.h"

#include <stdbool.h>

struct walk;

struct listing {
	bool self, members; /* what is listed */
	const char *content_type;
	int status;

	/* Any but `row` may be NULL. `row` writes one resource: 0 or negative errno. */
	void (*begin)(struct buf *out);
	int (*row)(const struct listing *listing, const struct view *view, const char *href,
		struct buf *out);
	void (*end)(struct buf *out);
	const void *what; /* for `row` */

	/* Kept from page to page. */
	bool begun;
	char after[256];
};

/* Answers with the listing; it must live in the request's arena. 0 or negative errno. */
int listing_answer(
	struct request *request, struct tx *tx, const struct walk *walk, struct listing *listing);

/* What a listing and a 304 in its place have in common: it may be encoded, and a collection's URL ends in a slash (RFC 4918, 5.2). */
void listing_headers(struct request *request, const struct walk *walk);

/* The members of a collection for a person: their URLs, one a line. */
int listing_answer_text(struct request *request, struct tx *tx, const struct walk *walk);
