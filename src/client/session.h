/*
 * The user's XMPP stream, and the only face of libstrophe. It answers XEP-0070 requests: yes for those that this very process has made and
 * still waits for, no to all others.
 */
#pragma once

#include "base/jid.h"
#include "client/account.h"

#include <stdbool.h>

struct arena;
struct buf;
struct session;
struct xml_node;

/* Logs in; with a random resource when the account's JID has none. Sends no presence. 0, or negative with the reason. */
int session_open(struct session **session, const struct account *account, char *error, size_t size);
void session_close(struct session *session);

/* The full JID that the server gave us. */
const struct jid *session_jid(const struct session *session);

/* The descriptor to wait on, and what to do when something is there or time has passed: 0, or -ENOTCONN when the stream is lost. */
int session_fd(const struct session *session);
int session_turn(struct session *session, unsigned milliseconds);

/* Goes on with the stream for so long. 0 or -ENOTCONN. */
int session_wait(struct session *session, unsigned milliseconds);

/* Why the stream was lost. */
const char *session_error(const struct session *session);

/* Presence: from now on messages come, and those that were kept. */
void session_go_online(struct session *session);
void session_on_message(struct session *session,
	void (*take)(void *arg, const struct xml_node *message), void *arg);
void session_send(struct session *session, struct buf *stanza);

/*
 * Asks and waits for the answer, a result or an error, which lives in the arena. type is "get" or "set". -ETIMEDOUT, -ENOTCONN.
 */
int session_iq(struct session *session, struct arena *arena, const char *type, const char *to,
	const char *payload, const struct xml_node **answer);

/* A new transaction identifier for a request that is about to be made: a question about it will be answered with yes. */
const char *session_expect(
	struct session *session, struct arena *arena, const char *method, const char *url);

/* Its answer is there: whoever asks now is refused. */
void session_forget(struct session *session, const char *id);
