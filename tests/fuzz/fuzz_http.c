/*
 * A connection: whatever comes over it, in the world of world.h. Everybody who is asked over XMPP says yes but romeo, juliet and mercutio, who
 * say no; so who has no app password of romeo's reads nothing of his, and changes nothing. What is answered can be read: each answer is
 * whole, its XML too. However the bytes are cut, the answers are the same.
 */
#include "auth/proof.h"
#include "base/buf.h"
#include "base/codec.h"
#include "fuzz.h"
#include "http/connection.h"
#include "http/repeat.h"
#include "http/steps.h"
#include "http/tally.h"
#include "loops.h"
#include "world.h"
#include "xml/reader.h"
#include "xmpp/confirm.h"
#include "xmpp/xmpp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COMPARED_MAX = 4096, FIELD_MAX = 4096 };

static bool admitted; /* somebody had an app password */
static struct xmpp *xmpp;
static struct confirms *confirms;

void __real_password_admit(struct request *request, const struct password *password);
void __wrap_password_admit(struct request *request, const struct password *password);
void __wrap_prover_post(struct prover *prover, struct proof *proof);

void __wrap_password_admit(struct request *request, const struct password *password)
{
	admitted = true;
	__real_password_admit(request, password);
}

static bool says_yes(const struct jid *jid)
{
	return !same(jid->bare, "romeo@localhost") && !same(jid->bare, "juliet@localhost") &&
	       !same(jid->bare, "mercutio@localhost");
}

/* The person answers in the next turn. */
void __wrap_prover_post(struct prover *prover, struct proof *proof)
{
	if (proof->cancel) {
		proof_free(proof);
		return;
	}
	proof->verdict = same(proof->transaction_id, "gone")     ? VERDICT_UNAVAILABLE
			 : same(proof->transaction_id, "silent") ? VERDICT_UNANSWERED
			 : says_yes(&proof->jid)                 ? VERDICT_YES
								 : VERDICT_NO;
	mailbox_post(proof->reply, &proof->message);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct xmpp_options options = {
		.server = "127.0.0.1", .domain = "files.localhost"};

	world_open();
	assert(xmpp_open(&xmpp, world.loop, &options) == 0);
	confirms = confirms_open(xmpp, world.loop, 50000);
	return 0;
}

/* ---- the other side ---- */

struct client {
	int fd;
	struct buf heard;
};

static void hear(void *arg)
{
	struct client *client = arg;
	char bytes[4096];
	ssize_t got;

	while ((got = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buf_append(&client->heard, bytes, (size_t)got);
}

static void speak(struct client *client, const uint8_t *bytes, size_t size, size_t piece)
{
	for (size_t at = 0; at < size;) {
		size_t length = piece < size - at ? piece : size - at;
		ssize_t sent = send(client->fd, bytes + at, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return;
		at += sent > 0 ? (size_t)sent : 0;
		loops_run(hear, client);
	}
}

/* ---- what was answered ---- */

static const char *field_of(struct arena *arena, const char *head, size_t length, const char *name)
{
	const char *text = arena_strndup(arena, head, length);
	const char *at = strcasestr(text, arena_printf(arena, "\r\n%s: ", name));

	if (!at)
		return NULL;
	at += strlen(name) + 4;
	return arena_strndup(arena, at, strcspn(at, "\r"));
}

/* Of a chunked body: how long it is with its chunks; -1: it is cut off. */
static ssize_t read_chunks(const char *bytes, size_t size, struct buf *content)
{
	struct body body;
	size_t at = 0;

	body_begin(&body, -1);
	while (!body.done && at < size) {
		size_t length, used;
		const char *data;

		assert(body_read(&body, bytes + at, size - at, &data, &length, &used) == 0);
		if (length > 0)
			buf_append(content, data, length);
		at += used;
	}
	return body.done ? (ssize_t)at : -1;
}

static void check_xml(struct arena *arena, int status, const char *type, const char *coding,
	const char *bytes, size_t size)
{
	static const struct xml_limits wide = {
		16 << 20, 64, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20};
	struct xml_node *root;

	/* What else has this type is somebody's file. */
	if (!type || strncmp(type, "application/xml", 15) != 0 || coding || size == 0)
		return;
	if (status == 207 || status >= 400)
		assert(xml_read(arena, bytes, size, &wide, &root) != -EINVAL);
}

/* One answer, which is appended to `statuses`; what lies behind it, or NULL at the end. */
static const char *check_answer(
	struct arena *arena, const char *at, const char *all, struct buf *statuses)
{
	const char *end = memmem(at, (size_t)(all - at), "\r\n\r\n", 4), *length, *coding;
	size_t head, left;
	struct buf content = {0};
	ssize_t size = 0;
	int status;

	assert(end && strncmp(at, "HTTP/1.1 ", 9) == 0);
	status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + at[11] - '0';
	assert(status >= 100 && status < 600 && at[12] == ' ');
	head = (size_t)(end - at) + 2;
	end += 4;
	left = (size_t)(all - end);
	if (status >= 200)
		buf_printf(statuses, "%d ", status);
	length = field_of(arena, at, head, "Content-Length");
	coding = field_of(arena, at, head, "Transfer-Encoding");
	assert(!length || !coding);
	/* An answer to HEAD tells the length of what it does not have. */
	if (left == 0 || strncmp(end, "HTTP/1.1 ", left < 9 ? left : 9) == 0 || status == 304 ||
		status == 204 || status < 200)
		return left ? end : NULL;
	if (coding)
		size = read_chunks(end, left, &content);
	else if (length)
		size = strtol(length, NULL, 10);
	/* It was cut off, which is how somebody is told that it is not whole. */
	if (size < 0 || (size_t)size > left) {
		buf_free(&content);
		return NULL;
	}
	if (!coding)
		buf_append(&content, end, (size_t)size);
	check_xml(arena, status, field_of(arena, at, head, "Content-Type"),
		field_of(arena, at, head, "Content-Encoding"), content.data, content.len);
	buf_free(&content);
	return (size_t)size < left ? end + size : NULL;
}

static void check_answers(struct buf *heard, struct buf *statuses)
{
	struct arena *arena = arena_new();
	const char *at = heard->len ? heard->data : NULL;

	while (at)
		at = check_answer(arena, at, heard->data + heard->len, statuses);
	buf_text(statuses);
	arena_free(arena);
}

/* ---- */

static void run(const uint8_t *bytes, size_t size, size_t piece, struct buf *statuses)
{
	const struct http_options options = {.dav = &world.dav,
		.xmpp = xmpp,
		.confirms = confirms,
		.trusted_proxies = "127.0.0.1",
		.limits = {.target = 8 << 10,
			.head = 32 << 10,
			.fields = 100,
			.drain = 64 << 10,
			.body_rate = 1 << 10,
			.head_time = 15000,
			.idle_time = 60000,
			.drain_time = 2000}};
	struct worker worker = {.options = &options,
		.loop = world.loop,
		.tally = tally_new(sizeof(struct worker_tally))};
	struct client client = {0};
	int ends[2];

	admitted = false;
	world_begin();
	worker.verdicts = mailbox_open(world.loop, steps_verdicts, &worker);
	worker.changes = mailbox_open(world.loop, steps_changes, &worker);
	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	client.fd = ends[1];
	connection_open(&worker, ends[0], "127.0.0.1", false, false);
	speak(&client, bytes, size, piece);
	loops_run(hear, &client);
	assert(admitted || !client.heard.len ||
		!memmem(client.heard.data, client.heard.len, SECRET_OF_ROMEO,
			strlen(SECRET_OF_ROMEO)));
	assert(admitted || world_secret_lives());
	shutdown(client.fd, SHUT_WR);
	loops_run(hear, &client);
	/* Longer than any of its deadlines. */
	for (int i = 0; i < 10 && worker.count > 0; i++)
		loops_pass(100000, hear, &client);
	assert(worker.count == 0);
	hear(&client);
	close(client.fd);
	if (getenv("WORLD_VERBOSE") && client.heard.len)
		fwrite(client.heard.data, 1, client.heard.len, stderr);
	check_answers(&client.heard, statuses);
	buf_free(&client.heard);
	mailbox_close(worker.verdicts);
	mailbox_close(worker.changes);
	spares_free(&worker);
	repeats_free(&worker);
	free(worker.tally);
	world_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct buf whole = {0}, pieces = {0};

	run(bytes, size, size, &whole);
	if (size <= COMPARED_MAX) {
		run(bytes, size, 1 + size / 100, &pieces);
		assert(same(whole.data, pieces.data));
	}
	buf_free(&whole);
	buf_free(&pieces);
	return 0;
}
