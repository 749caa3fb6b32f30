/*
 * Brings a file into a folder: under a hidden name until it is whole and on disk, then under its own, which never takes
 * another file's place. What broke off is taken up where it was, also by a later run.
 */
#pragma once

struct client;

/* `as`: the name to give it, NULL: as the server calls it. Prints where it is. 0, or 1 with the reason told. */
int download(struct client *client, const char *url, const char *folder, const char *as);
