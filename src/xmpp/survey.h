/*
 * How the XMPP server sees the component, for an operator who asks: whether the servers of users list it (XEP-0030), whether a stanza to it arrives, and what
 * time it is there (XEP-0202). Nothing is asked unless somebody wants to know.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct survey;
struct xmpp;

/* `domains`: of users, separated by one space; the first few are asked. Must outlive it. */
struct survey *survey_open(struct xmpp *xmpp, struct loop *loop, const char *domains);

/* Nobody asks any more. NULL is nothing. */
void survey_close(struct survey *survey);

/* Asks anew. From any thread. */
void survey_ask(struct survey *survey);

enum survey_answer { SURVEY_UNKNOWN, SURVEY_YES, SURVEY_NO };

struct survey_found {
	enum survey_answer listed;  /* NO: a server has answered, and none that did lists us */
	enum survey_answer reached; /* a stanza to ourselves came by way of the server */
	bool has_time;
	int64_t ahead; /* milliseconds that the server's clock is ahead of ours */
};

/* What has been answered since it was asked last. From any thread. */
struct survey_found survey_look(const struct survey *survey);
