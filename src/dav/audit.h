/* What a change means for who may read, or for what is there, is told to the log, once it is committed and with the JID whose doing it was. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct jid;
struct request;

/* In a method's commit, which may run twice. */
struct audit {
	const char *list;  /* the event, when the jidlist was changed; else NULL */
	const char *names; /* who is on it now */
	const char *link;  /* the event, when a link was made or ended; else NULL */
};

/* Forgets what an earlier run has noted. */
void audit_begin(struct request *request);

/* The first few of a list, for the log. */
const char *audit_readers(struct arena *arena, const struct jid *jids, size_t count);

/* Its jidlist was set, to `count` entries of which the first few are told. */
void audit_list_set(const struct request *request, const struct jid *jids, size_t count);
void audit_list_removed(const struct request *request);
void audit_link(const struct request *request, bool made);

/* The change is on disk. */
void audit_log(const struct request *request);
