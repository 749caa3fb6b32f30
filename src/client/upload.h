/* Bringing a file to the service under a URL that nobody can guess. */
#pragma once

struct client;
struct services;

/*
 * Uploads the file, large ones in parts. What breaks off is tried again; when that fails too, or the program is ended, the next call with the same
 * file goes on where it was, within a day. 0 and the URL, in the arena; 1: it has said why not.
 */
int upload_file(struct client *client, const struct services *services, const char *file,
	const char *name, const char **url);
