/*
 * The component's stream: whatever an XMPP server sends, strangers' stanzas in it. Three people are being asked: romeo@localhost and
 * tybalt@localhost/x by message and IQ, juliet@localhost with an identifier that tells. The word of nobody else counts, and what we say is well-formed,
 * from us, and no larger than a server takes. `&` is not used in looking for names, so inputs that hold it prove less.
 */
#include "base/buf.h"
#include "fuzz.h"
#include "loops.h"
#include "service/service.h"
#include "world.h"
#include "xml/reader.h"
#include "xmpp/confirm.h"
#include "xmpp/xmpp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEOPLE = 3 };

static int server = -1; /* the other end of the component's socket */

/* ---- the network, by the linker's --wrap ---- */

int __wrap_socket(int domain, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);

int __wrap_socket(int domain, int type, int protocol)
{
	int ends[2];

	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	if (server >= 0)
		close(server);
	server = ends[1];
	return ends[0];
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	world_open();
	return 0;
}

/* ---- what the component says ---- */

struct heard {
	struct buf bytes;
	size_t stanzas;
};

static void hear(void *arg)
{
	struct heard *heard = arg;
	char bytes[4096];
	ssize_t got;

	while (server >= 0 && (got = recv(server, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buf_append(&heard->bytes, bytes, (size_t)got);
}

static void on_start(void *arg, const struct xml_node *root)
{
	assert(same(root->name, "stream"));
}

static void on_stanza(void *arg, struct arena *arena, const struct xml_node *node)
{
	const char *from = xml_attribute(node, "from");

	if (same(node->name, "handshake"))
		return;
	assert(same(node->name, "iq") || same(node->name, "message"));
	assert(from && same(from, "files.localhost") && xml_attribute(node, "to"));
	((struct heard *)arg)->stanzas++;
}

static void on_too_large(void *arg, const struct xml_node *start_tag)
{
	assert(!"a stanza that a server would end the stream for");
}

static void on_end(void *arg)
{
}

static void check_stream(struct heard *heard)
{
	static const struct xml_stream_handler handler = {
		on_start, on_stanza, on_too_large, on_end};
	static const struct xml_limits wide = {
		256 << 10, 64, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20};
	struct xml_stream *stream = xml_stream_new(&handler, heard, &wide);

	assert(heard->bytes.len == 0 ||
		xml_stream_feed(stream, heard->bytes.data, heard->bytes.len) == 0);
	xml_stream_free(stream);
}

/* ---- who is asked ---- */

struct asked {
	const char *jid, *id, *name;
	struct confirm *confirm;
	struct confirms *confirms;
	bool answered;
	enum verdict verdict;
};

static void answered(void *arg, enum verdict verdict)
{
	struct asked *asked = arg;

	assert(!asked->answered);
	asked->answered = true;
	asked->confirm = NULL;
	asked->verdict = verdict;
}

static void ask(struct arena *arena, struct asked *asked)
{
	struct question question = {.transaction_id = asked->id,
		.method = "GET",
		.url = "http://files.localhost:8080/x",
		.address = "192.0.2.1",
		.name = "x",
		.size = 1234,
		.owner = "mercutio@localhost"};
	enum verdict refused;

	assert(jid_parse(arena, asked->jid, &question.jid) == 0);
	asked->confirm = confirm_ask(asked->confirms, &question, answered, asked, &refused);
}

/* Before the fuzzer's bytes, unless they begin a stream of their own. */
static const char hello[] = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
			    "xmlns:stream='http://etherx.jabber.org/streams' id='1'><handshake/>";

/* A line at a time, so that what the store is needed for is done before the next. */
static void say(struct heard *heard, const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size && server >= 0;) {
		const uint8_t *end = memchr(bytes + at, '\n', size - at);
		size_t length = end ? (size_t)(end + 1 - bytes) - at : size - at;
		ssize_t sent = send(server, bytes + at, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return;
		at += sent > 0 ? (size_t)sent : 0;
		loops_run(hear, heard);
	}
}

/* Whether the name may stand in it, in whatever disguise. */
static bool may_name(const uint8_t *bytes, size_t size, const char *name)
{
	char *text = malloc(size + 1);
	bool found = false;

	assert(text);
	for (size_t i = 0; i < size; i++) {
		found = found || bytes[i] >= 0x80 || bytes[i] == '&' || bytes[i] == 0;
		text[i] = (char)bytes[i];
	}
	text[size] = '\0';
	found = found || strcasestr(text, name);
	free(text);
	return found;
}

static void run(const uint8_t *bytes, size_t size, struct heard *heard)
{
	static const struct xmpp_options options = {.server = "127.0.0.1:5347",
		.domain = "files.localhost",
		.secret = "secret",
		.base_url = "http://files.localhost:8080",
		.max_file_size = 100000};
	struct asked people[PEOPLE] = {{.jid = "romeo@localhost", .id = "abcd", .name = "romeo"},
		{.jid = "tybalt@localhost/x", .id = "abcd1234", .name = "tybalt"},
		{.jid = "juliet@localhost", .id = "balcony-1597", .name = "juliet"}};
	bool whole = size > 1 && bytes[0] == '<' && bytes[1] == '?';
	struct arena *arena = arena_new();
	struct service_options services = {
		.loop = world.loop, .dav = &world.dav, .admins = "nurse@localhost"};
	struct service *service;
	struct confirms *confirms;
	struct xmpp *xmpp;

	assert(xmpp_open(&xmpp, world.loop, &options) == 0);
	services.xmpp = xmpp;
	confirms = confirms_open(xmpp, world.loop, 50000);
	service = service_open(&services);
	loops_pass(1, hear, heard);
	if (!whole) {
		say(heard, (const uint8_t *)hello, strlen(hello));
		/* Seeds name the prompts' ids, whatever was random before. */
		loops_chance_again();
		for (int i = 0; i < PEOPLE; i++) {
			people[i].confirms = confirms;
			ask(arena, &people[i]);
		}
	}
	loops_run(hear, heard);
	say(heard, bytes, size);
	loops_run(hear, heard);
	for (int i = 0; i < PEOPLE; i++)
		if (people[i].answered && people[i].verdict == VERDICT_YES)
			assert(may_name(bytes, size, people[i].name));
	check_stream(heard);
	/* All prompts are over, and commands that were left. */
	loops_pass(400, hear, heard);
	for (int i = 0; i < PEOPLE; i++)
		if (people[i].confirm)
			confirm_withdraw(people[i].confirm);
	service_close(service);
	confirms_close(confirms);
	xmpp_close(xmpp);
	loops_run(hear, heard);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct heard heard = {0};

	world_begin();
	run(bytes, size, &heard);
	assert(world_secret_lives() || may_name(bytes, size, "romeo") ||
		may_name(bytes, size, "nurse"));
	world_end();
	if (getenv("WORLD_VERBOSE") && heard.bytes.len)
		fwrite(heard.bytes.data, 1, heard.bytes.len, stderr);
	buf_free(&heard.bytes);
	if (server >= 0)
		close(server);
	server = -1;
	return 0;
}
