/* What is remembered of a large upload that is under way: its URL, in a file of the user's, so that a later run goes on with it. */
#pragma once

#include <stdbool.h>

struct client;
struct resume;
struct stat;

/*
 * For this file, as it is now, at this service; `base` is the service's URL. NULL: another process is at it. Where nothing can be
 * written nothing is remembered.
 */
struct resume *resume_open(
	struct client *client, const char *base, const char *file, const struct stat *status);

/* The URL under it, of this service; NULL: none is known. */
const char *resume_url(const struct resume *resume);
void resume_keep(struct resume *resume, const char *url);

/* done: it is forgotten. */
void resume_close(struct resume *resume, bool done);
