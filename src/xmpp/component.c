/* XEP-0114: the stream to the server, which comes back by itself. */
#include "base/arena.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/tally.h"
#include "base/uri.h"
#include "xml/writer.h"
#include "xmpp/inside.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FIRST_DELAY = 500, /* milliseconds before trying again; doubled each time */
	LAST_DELAY = 30000,
	OPENING_TIME = 15000, /* for the handshake */
	KEEPALIVE_TIME = 30000,
	UNSENT_MAX = 4 << 20,
	STANZA_MAX =
		256 << 10, /* servers end the stream at twice that, and all that waits is lost */
	RECEIVED_AT_ONCE = 64 << 10,
};

struct xmpp {
	struct xmpp_options options;
	struct loop *loop;
	struct arena *arena;
	const char *host;
	uint16_t port;
	int fd;
	struct watch *watch;
	struct timer *timer; /* what it is for follows from the state */
	enum { AWAY, RESOLVING, CONNECTING, OPENING, UP } state;
	struct xml_stream *stream;
	struct buf out;
	uint64_t delay;
	const char *broken; /* why the stream must end, found within a handler */
	bool closing;
	atomic_bool up;
	_Atomic uint64_t ups, losses;
	void (*link)(void *arg, bool up);
	void *link_arg;
	struct confirms *confirms;
	struct survey *survey;
	struct xmpp_extension extensions[XMPP_EXTENSIONS];
	size_t extension_count;
};

const struct xmpp_options *xmpp_options_of(const struct xmpp *xmpp)
{
	return &xmpp->options;
}

void xmpp_set_confirms(struct xmpp *xmpp, struct confirms *confirms)
{
	xmpp->confirms = confirms;
}

struct confirms *xmpp_confirms(struct xmpp *xmpp)
{
	return xmpp->confirms;
}

void xmpp_set_survey(struct xmpp *xmpp, struct survey *survey)
{
	xmpp->survey = survey;
}

struct survey *xmpp_survey(struct xmpp *xmpp)
{
	return xmpp->survey;
}

void xmpp_extend(struct xmpp *xmpp, const struct xmpp_extension *extension)
{
	assert(xmpp->extension_count < XMPP_EXTENSIONS);
	xmpp->extensions[xmpp->extension_count++] = *extension;
}

const struct xmpp_extension *xmpp_extension(const struct xmpp *xmpp, size_t number)
{
	return number < xmpp->extension_count ? &xmpp->extensions[number] : NULL;
}

const char *xmpp_domain(const struct xmpp *xmpp)
{
	return xmpp->options.domain;
}

void xmpp_set_max_file_size(struct xmpp *xmpp, uint64_t bytes)
{
	xmpp->options.max_file_size = bytes;
}

bool xmpp_is_up(const struct xmpp *xmpp)
{
	return atomic_load(&xmpp->up);
}

uint64_t xmpp_ups(const struct xmpp *xmpp)
{
	return tally_of(&xmpp->ups);
}

uint64_t xmpp_losses(const struct xmpp *xmpp)
{
	return tally_of(&xmpp->losses);
}

void xmpp_on_link(struct xmpp *xmpp, void (*link)(void *arg, bool up), void *arg)
{
	xmpp->link = link;
	xmpp->link_arg = arg;
}

static void tell(struct xmpp *xmpp, bool up)
{
	atomic_store(&xmpp->up, up);
	if (up)
		tally_add(&xmpp->ups, 1);
	if (xmpp->link)
		xmpp->link(xmpp->link_arg, up);
	for (size_t i = 0; i < xmpp->extension_count; i++)
		if (xmpp->extensions[i].link)
			xmpp->extensions[i].link(xmpp->extensions[i].arg, up);
}

/* Some of the delay is chance, so that many components do not come back at once. */
static void try_later(struct xmpp *xmpp)
{
	unsigned char chance;

	random_bytes(&chance, sizeof(chance));
	xmpp->state = AWAY;
	timer_start(xmpp->timer, xmpp->delay / 2 + xmpp->delay * chance / 512);
	xmpp->delay = xmpp->delay * 2 > LAST_DELAY ? LAST_DELAY : xmpp->delay * 2;
}

static void lose(struct xmpp *xmpp, const char *reason)
{
	bool was_up = xmpp->state == UP;

	tally_add(&xmpp->losses, 1);
	watch_close(xmpp->watch);
	xmpp->watch = NULL;
	if (xmpp->fd >= 0)
		close(xmpp->fd);
	xmpp->fd = -1;
	xml_stream_free(xmpp->stream);
	xmpp->stream = NULL;
	buf_free(&xmpp->out);
	xmpp->broken = NULL;
	try_later(xmpp);
	if (was_up)
		tell(xmpp, false);
	log_event(LOG_WARNING, "xmpp-lost", "server", xmpp->options.server, "reason", reason, NULL);
}

/* ---- bytes ---- */

static void want(struct xmpp *xmpp)
{
	bool writes = xmpp->state == CONNECTING || xmpp->out.len > 0;

	watch_want(xmpp->watch, WATCH_READ | (writes ? WATCH_WRITE : 0));
}

/* 0 or negative errno: the stream is broken, and whoever called from outside a stream's event must not end it. */
static int flush(struct xmpp *xmpp)
{
	while (xmpp->out.len > 0) {
		ssize_t sent = send(xmpp->fd, xmpp->out.data, xmpp->out.len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? 0 : -errno;
		buf_consume(&xmpp->out, (size_t)sent);
	}
	return 0;
}

int xmpp_send(struct xmpp *xmpp, const struct buf *stanza)
{
	if (xmpp->state != UP)
		return -ENOTCONN;
	if (stanza->len > STANZA_MAX) {
		log_event(LOG_ERROR, "stanza-not-sent", "bytes", log_number((int64_t)stanza->len),
			NULL);
		return -EMSGSIZE;
	}
	if (xmpp->out.len + stanza->len > UNSENT_MAX)
		return -ENOBUFS;
	buf_append(&xmpp->out, stanza->data, stanza->len);
	/* What comes in one turn of the loop goes out together. */
	want(xmpp);
	return 0;
}

bool xmpp_flush(struct xmpp *xmpp)
{
	bool flushed = xmpp->state == UP && flush(xmpp) == 0 && xmpp->out.len == 0;

	/* What is left, or broken, the loop sees next. */
	if (xmpp->state == UP)
		want(xmpp);
	return flushed;
}

/* ---- the stream's events ---- */

static void on_start(void *arg, const struct xml_node *root)
{
	struct xmpp *xmpp = arg;
	const char *id = xml_attribute(root, "id");
	struct buf text = {0};
	char digest[SHA1_HEX];

	if (!xml_is(root, NS_STREAMS, "stream") || !id) {
		xmpp->broken = "this is no XMPP server's component port";
		return;
	}
	buf_puts(&text, id);
	buf_puts(&text, xmpp->options.secret);
	sha1_hex(digest, text.data, text.len);
	buf_free(&text);
	buf_printf(&xmpp->out, "<handshake>%s</handshake>", digest);
}

static void on_up(struct xmpp *xmpp)
{
	xmpp->state = UP;
	xmpp->delay = FIRST_DELAY;
	timer_start(xmpp->timer, KEEPALIVE_TIME);
	tell(xmpp, true);
	log_event(LOG_INFO, "xmpp-up", "server", xmpp->options.server, "domain",
		xmpp->options.domain, NULL);
}

static void on_stanza(void *arg, struct arena *arena, const struct xml_node *node)
{
	struct xmpp *xmpp = arg;

	if (xml_is(node, NS_STREAMS, "error")) {
		const struct xml_node *condition = xml_first_element(node);

		xmpp->broken = !condition ? "stream error"
			       : strcmp(condition->name, "not-authorized") == 0
				       ? "the server does not know this secret"
			       : strcmp(condition->name, "conflict") == 0
				       ? "another component is connected under this domain"
			       : strcmp(condition->name, "host-unknown") == 0
				       ? "the server has no component of this domain"
				       : "stream error";
	} else if (xmpp->state == OPENING && xml_is(node, NS_COMPONENT, "handshake")) {
		on_up(xmpp);
	} else if (xmpp->state == UP) {
		stanza_take(xmpp, arena, node);
	}
}

static void on_too_large(void *arg, const struct xml_node *start_tag)
{
	struct xmpp *xmpp = arg;
	struct arena *arena = arena_new();

	if (xmpp->state == UP)
		stanza_refuse(xmpp, arena, start_tag);
	arena_free(arena);
}

static void on_end(void *arg)
{
	struct xmpp *xmpp = arg;

	/* An error before it says more. */
	if (!xmpp->broken)
		xmpp->broken = "the server has ended the stream";
}

static const struct xml_stream_handler events = {on_start, on_stanza, on_too_large, on_end};

/* ---- connecting ---- */

static void open_stream(struct xmpp *xmpp)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(xmpp->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error) {
		lose(xmpp, strerror(error ? error : errno));
		return;
	}
	xmpp->state = OPENING;
	xmpp->stream = xml_stream_new(&events, xmpp, &xml_limits_stanza);
	xml_write(&xmpp->out,
		"<?xml version='1.0'?><stream:stream xmlns='" NS_COMPONENT
		"' xmlns:stream='" NS_STREAMS "' to='",
		xmpp->options.domain, "'>", NULL);
}

static void read_all(struct xmpp *xmpp)
{
	static char bytes[RECEIVED_AT_ONCE];
	ssize_t got = recv(xmpp->fd, bytes, sizeof(bytes), 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		xmpp->broken = got < 0 ? strerror(errno) : "the server has closed the connection";
	else if (xml_stream_feed(xmpp->stream, bytes, (size_t)got) < 0 && !xmpp->broken)
		xmpp->broken = "the server has sent XML that cannot be read";
}

static void ready(void *arg, int happened)
{
	struct xmpp *xmpp = arg;
	int error = 0;

	if (xmpp->state == CONNECTING) {
		open_stream(xmpp);
		if (xmpp->state != OPENING)
			return;
	} else if (happened & WATCH_READ) {
		read_all(xmpp);
	}
	if (!xmpp->broken)
		error = flush(xmpp);
	if (xmpp->broken || error < 0)
		lose(xmpp, xmpp->broken ? xmpp->broken : strerror(-error));
	else
		want(xmpp);
}

static void release(struct xmpp *xmpp)
{
	arena_free(xmpp->arena);
	free(xmpp);
}

static void connect_to(void *arg, int error, const struct sockaddr *address, socklen_t length)
{
	struct xmpp *xmpp = arg;
	int yes = 1, milliseconds = 20000;

	if (xmpp->closing) {
		release(xmpp);
		return;
	}
	if (error < 0) {
		lose(xmpp, "no such host");
		return;
	}
	xmpp->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (xmpp->fd < 0 || !(xmpp->watch = watch_open(xmpp->loop, xmpp->fd, ready, xmpp))) {
		lose(xmpp, strerror(errno));
		return;
	}
	setsockopt(xmpp->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	setsockopt(xmpp->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof(milliseconds));
	if (connect(xmpp->fd, address, length) < 0 && errno != EINPROGRESS) {
		lose(xmpp, strerror(errno));
		return;
	}
	xmpp->state = CONNECTING;
	timer_start(xmpp->timer, OPENING_TIME);
	want(xmpp);
}

static void fired(void *arg)
{
	struct xmpp *xmpp = arg;

	switch (xmpp->state) {
	case AWAY:
		xmpp->state = RESOLVING;
		loop_resolve(xmpp->loop, xmpp->host, xmpp->port, connect_to, xmpp);
		break;
	case CONNECTING:
	case OPENING:
		lose(xmpp, "the server does not answer");
		break;
	case UP:
		/* Nothing but a space: a link that is gone without a word is noticed by what cannot be sent. */
		buf_puts(&xmpp->out, " ");
		want(xmpp);
		timer_start(xmpp->timer, KEEPALIVE_TIME);
		break;
	case RESOLVING:
		break;
	}
}

int xmpp_open(struct xmpp **out, struct loop *loop, const struct xmpp_options *options)
{
	struct xmpp *xmpp = calloc(1, sizeof(*xmpp));

	if (!xmpp)
		abort();
	xmpp->options = *options;
	xmpp->loop = loop;
	xmpp->arena = arena_new();
	xmpp->fd = -1;
	xmpp->delay = FIRST_DELAY;
	if (authority_parse(xmpp->arena, options->server, 5347, &xmpp->host, &xmpp->port) < 0) {
		arena_free(xmpp->arena);
		free(xmpp);
		return -EINVAL;
	}
	/* Brackets are a URL's, not an address's. */
	if (xmpp->host[0] == '[')
		xmpp->host = arena_strndup(xmpp->arena, xmpp->host + 1, strlen(xmpp->host) - 2);
	xmpp->timer = timer_open(loop, fired, xmpp);
	timer_start(xmpp->timer, 0);
	*out = xmpp;
	return 0;
}

void xmpp_close(struct xmpp *xmpp)
{
	static const char end[] = "</stream:stream>";

	if (!xmpp)
		return;
	xmpp->closing = true;
	xmpp->link = NULL;
	if (xmpp->state == UP) {
		buf_puts(&xmpp->out, end);
		flush(xmpp);
	}
	watch_close(xmpp->watch);
	if (xmpp->fd >= 0)
		close(xmpp->fd);
	timer_close(xmpp->timer);
	xml_stream_free(xmpp->stream);
	buf_free(&xmpp->out);
	/* A name that is being looked up is still told of. */
	if (xmpp->state != RESOLVING)
		release(xmpp);
}
