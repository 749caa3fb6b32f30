#include "client/session.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "client/links.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>
#include <sys/socket.h>

#define NS_CLIENT    "jabber:client"
#define NS_HTTP_AUTH "http://jabber.org/protocol/http-auth"

enum { LOGIN_TIME = 30000, ANSWER_TIME = 30000 };

/* A request of ours that somebody may ask about. */
struct expected {
	struct expected *next;
	char id[RANDOM_ID];
	char *method, *url;
};

struct session {
	struct arena *arena;
	xmpp_ctx_t *context;
	xmpp_conn_t *connection;
	int fd;
	enum { CONNECTING, ONLINE, LOST } state;
	char error[512];
	struct jid jid;
	struct expected *expected;
	void (*take)(void *arg, const struct xml_node *message);
	void *arg;

	/* The answer that session_iq() waits for. */
	char asked[RANDOM_ID];
	const char *asked_to;
	struct arena *answer_arena;
	struct xml_node *answer;
};

/* ---- being asked ---- */

const char *session_expect(
	struct session *session, struct arena *arena, const char *method, const char *url)
{
	struct expected *expected = calloc(1, sizeof(*expected));

	if (!expected)
		abort();
	random_id(expected->id);
	expected->method = strdup(method);
	expected->url = strdup(url);
	expected->next = session->expected;
	session->expected = expected;
	return arena_strdup(arena, expected->id);
}

void session_forget(struct session *session, const char *id)
{
	for (struct expected **at = &session->expected; *at; at = &(*at)->next) {
		struct expected *expected = *at;

		if (strcmp(expected->id, id) != 0)
			continue;
		*at = expected->next;
		free(expected->method);
		free(expected->url);
		free(expected);
		return;
	}
}

static bool is_ours(const struct session *session, const struct xml_node *confirm)
{
	const char *id = xml_attribute(confirm, "id"), *method = xml_attribute(confirm, "method"),
		   *url = xml_attribute(confirm, "url");

	for (const struct expected *one = session->expected; id && method && url && one;
		one = one->next)
		if (strcmp(one->id, id) == 0 && strcmp(one->method, method) == 0 &&
			link_is_same(one->url, url))
			return true;
	return false;
}

/* XEP-0070, 4.2 and 4.3 */
static void answer_confirm(
	struct session *session, const struct xml_node *stanza, const struct xml_node *confirm)
{
	const char *from = xml_attribute(stanza, "from"), *id = xml_attribute(stanza, "id");
	bool yes = is_ours(session, confirm);
	struct buf out = {0};

	xml_write(&out, "<iq type='", yes ? "result" : "error", "' to='", from ? from : "",
		"' id='", id ? id : "", "'>", NULL);
	if (!yes)
		buf_puts(&out, "<error type='auth'><not-authorized "
			       "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
	buf_puts(&out, "</iq>");
	session_send(session, &out);
	buf_free(&out);
}

static void answer_unknown(struct session *session, const struct xml_node *stanza)
{
	const char *from = xml_attribute(stanza, "from"), *id = xml_attribute(stanza, "id");
	struct buf out = {0};

	xml_write(&out, "<iq type='error' to='", from ? from : session->jid.domain, "' id='",
		id ? id : "",
		"'><error type='cancel'><service-unavailable "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
		NULL);
	session_send(session, &out);
	buf_free(&out);
}

/* ---- what comes in ---- */

/* libstrophe's stanza as a tree of ours. */
static struct xml_node *read_stanza(
	struct session *session, struct arena *arena, xmpp_stanza_t *stanza)
{
	struct xml_node *node = NULL;
	size_t length;
	char *text;

	if (xmpp_stanza_to_text(stanza, &text, &length) != XMPP_EOK)
		return NULL;
	if (xml_read(arena, text, length, &xml_limits_stanza, &node) < 0)
		node = NULL;
	xmpp_free(session->context, text);
	return node;
}

static bool is_type(const struct xml_node *node, const char *type)
{
	const char *is = xml_attribute(node, "type");

	return is && strcmp(is, type) == 0;
}

/* Only from whom we asked: an account's own server may leave its name out. */
static bool is_awaited(const struct session *session, const struct xml_node *iq)
{
	const char *id = xml_attribute(iq, "id"), *from = xml_attribute(iq, "from");

	return session->answer_arena && !session->answer && id && strcmp(id, session->asked) == 0 &&
	       (from ? strcmp(from, session->asked_to) == 0
		     : strcmp(session->asked_to, session->jid.domain) == 0);
}

static int take_iq(xmpp_conn_t *connection, xmpp_stanza_t *stanza, void *arg)
{
	struct session *session = arg;
	struct arena *arena = arena_new();
	struct xml_node *iq = read_stanza(session, arena, stanza);

	if (iq && (is_type(iq, "get") || is_type(iq, "set"))) {
		const struct xml_node *confirm = xml_child(iq, NS_HTTP_AUTH, "confirm");

		if (confirm && is_type(iq, "get"))
			answer_confirm(session, iq, confirm);
		else
			answer_unknown(session, iq);
	} else if (iq && is_awaited(session, iq)) {
		session->answer = read_stanza(session, session->answer_arena, stanza);
	}
	arena_free(arena);
	return 1;
}

static int take_message(xmpp_conn_t *connection, xmpp_stanza_t *stanza, void *arg)
{
	struct session *session = arg;
	struct arena *arena = arena_new();
	struct xml_node *message = read_stanza(session, arena, stanza);

	if (message && session->take)
		session->take(session->arg, message);
	arena_free(arena);
	return 1;
}

/* ---- the stream ---- */

static void lose(struct session *session, const char *reason)
{
	session->state = LOST;
	if (!*session->error)
		snprintf(session->error, sizeof(session->error), "%s", reason);
}

static void on_event(xmpp_conn_t *connection, xmpp_conn_event_t event, int error,
	xmpp_stream_error_t *stream_error, void *arg)
{
	struct session *session = arg;
	const char *jid;

	if (event != XMPP_CONN_CONNECT) {
		lose(session,
			session->state == ONLINE ? "the XMPP server has ended the stream"
			: error == ECONNREFUSED  ? "the XMPP server does not listen there"
			: error                  ? strerror(error)
				: "the XMPP server refuses this account: is the password right?");
		return;
	}
	if (!xmpp_conn_is_secured(connection)) {
		lose(session, "the XMPP server offers no TLS");
		return;
	}
	jid = xmpp_conn_get_bound_jid(connection);
	if (!jid || jid_parse(session->arena, jid, &session->jid) < 0) {
		lose(session, "the XMPP server has given us no address");
		return;
	}
	xmpp_handler_add(connection, take_iq, NULL, "iq", NULL, session);
	xmpp_handler_add(connection, take_message, NULL, "message", NULL, session);
	session->state = ONLINE;
}

/* libstrophe gives callbacks no argument here; one process has one session. */
static struct session *the_session;

static int refuse_certificate(const xmpp_tlscert_t *certificate, const char *reason)
{
	snprintf(the_session->error, sizeof(the_session->error),
		"the XMPP server's certificate is not trusted: %s (--ca-file FILE names an "
		"authority)",
		reason);
	return 0;
}

static int set_socket(xmpp_conn_t *connection, void *socket)
{
	int yes = 1;

	the_session->fd = *(int *)socket;
	return setsockopt(the_session->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

static void prepare(struct session *session, const struct account *account)
{
	struct arena *arena = session->arena;
	char random[RANDOM_ID];
	const char *jid = jid_text(arena, &account->jid);

	random_id(random);
	if (jid_is_bare(&account->jid))
		jid = arena_printf(arena, "%s/missive-%.12s", jid, random);
	xmpp_conn_set_flags(
		session->connection, XMPP_CONN_FLAG_MANDATORY_TLS | XMPP_CONN_FLAG_DISABLE_SM);
	xmpp_conn_set_jid(session->connection, jid);
	xmpp_conn_set_pass(session->connection, account->password);
	if (account->ca_file)
		xmpp_conn_set_cafile(session->connection, account->ca_file);
	xmpp_conn_set_certfail_handler(session->connection, refuse_certificate);
	xmpp_conn_set_sockopt_callback(session->connection, set_socket);
}

static int log_in(struct session *session, const struct account *account)
{
	uint64_t deadline = clock_now() + LOGIN_TIME;

	if (xmpp_connect_client(session->connection, account->host,
		    account->host ? account->port : 0, on_event, session) != XMPP_EOK)
		lose(session, "the XMPP server cannot be found");
	while (session->state == CONNECTING && clock_now() < deadline)
		xmpp_run_once(session->context, 50);
	if (session->state == CONNECTING)
		lose(session, "the XMPP server does not answer");
	return session->state == ONLINE ? 0 : -ENOTCONN;
}

int session_open(struct session **out, const struct account *account, char *error, size_t size)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		abort();
	the_session = session;
	session->arena = arena_new();
	session->fd = -1;
	xmpp_initialize();
	session->context = xmpp_ctx_new(NULL, NULL);
	session->connection = session->context ? xmpp_conn_new(session->context) : NULL;
	if (!session->connection)
		abort();
	prepare(session, account);
	if (log_in(session, account) < 0) {
		snprintf(error, size, "%s: %s", account->jid.bare, session->error);
		session_close(session);
		return -ENOTCONN;
	}
	*out = session;
	return 0;
}

void session_close(struct session *session)
{
	uint64_t deadline = clock_now() + 2000;

	if (!session)
		return;
	if (session->state == ONLINE)
		xmpp_disconnect(session->connection);
	while (session->state == ONLINE && clock_now() < deadline)
		xmpp_run_once(session->context, 20);
	while (session->expected)
		session_forget(session, session->expected->id);
	xmpp_conn_release(session->connection);
	xmpp_ctx_free(session->context);
	xmpp_shutdown();
	arena_free(session->arena);
	free(session);
}

const struct jid *session_jid(const struct session *session)
{
	return &session->jid;
}

int session_fd(const struct session *session)
{
	return session->fd;
}

const char *session_error(const struct session *session)
{
	return session->error;
}

int session_turn(struct session *session, unsigned milliseconds)
{
	if (session->state == ONLINE)
		xmpp_run_once(session->context, milliseconds);
	return session->state == ONLINE ? 0 : -ENOTCONN;
}

int session_wait(struct session *session, unsigned milliseconds)
{
	uint64_t end = clock_now() + milliseconds;

	while (session->state == ONLINE && clock_now() < end)
		session_turn(session, 100);
	return session->state == ONLINE ? 0 : -ENOTCONN;
}

void session_send(struct session *session, struct buf *stanza)
{
	/* libstrophe 0.12 reads to the NUL whatever length it is told. */
	xmpp_send_raw(session->connection, buf_text(stanza), stanza->len);
}

void session_on_message(
	struct session *session, void (*take)(void *arg, const struct xml_node *message), void *arg)
{
	session->take = take;
	session->arg = arg;
}

void session_go_online(struct session *session)
{
	struct buf out = {0};

	buf_puts(&out, "<presence/>");
	session_send(session, &out);
	buf_free(&out);
}

int session_iq(struct session *session, struct arena *arena, const char *type, const char *to,
	const char *payload, const struct xml_node **answer)
{
	uint64_t deadline = clock_now() + ANSWER_TIME;
	struct buf out = {0};
	int result = 0;

	random_id(session->asked);
	session->asked_to = to;
	session->answer_arena = arena;
	session->answer = NULL;
	xml_write(&out, "<iq type='", type, "' to='", to, "' id='", session->asked, "'>", NULL);
	buf_puts(&out, payload);
	buf_puts(&out, "</iq>");
	session_send(session, &out);
	buf_free(&out);
	while (!session->answer && result == 0)
		result = clock_now() >= deadline ? -ETIMEDOUT : session_turn(session, 100);
	session->answer_arena = NULL;
	*answer = session->answer;
	return session->answer ? 0 : result;
}
