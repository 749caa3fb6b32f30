#include "http/response.h"

#include "base/codec.h"
#include "dav/method.h"
#include "http/connection.h"
#include "http/gzip.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

/* A shorter body fits the packet of its head, coded or not. */
enum { WORTH_CODING = 1024 };

/* What every answer carries: a file of a stranger does nothing in a browser, and no cache keeps what needs a right. */
static const char common[] = "X-Content-Type-Options: nosniff\r\n"
			     "Content-Security-Policy: sandbox; default-src 'none'\r\n"
			     "Cache-Control: private, no-cache\r\n";

/* To which web pages browsers hand it (Fetch, 3.3 and 3.7): those of this origin, or any; of the latter none says who asks. */
static const char own_origin[] = "Cross-Origin-Resource-Policy: same-origin\r\n";
static const char any_origin[] =
	"Cross-Origin-Resource-Policy: cross-origin\r\n"
	"Access-Control-Allow-Origin: *\r\n"
	"Access-Control-Expose-Headers: Accept-Ranges, Content-Disposition, Content-Range, ETag, "
	"Location, Repr-Digest, Retry-After\r\n";

static void put_header(struct buf *out, const char *name, const char *value)
{
	size_t length = strlen(name), rest = strlen(value);
	char *at = buf_room(out, length + rest + 4);

	at = mempcpy(at, name, length);
	at = mempcpy(at, ": ", 2);
	at = mempcpy(at, value, rest);
	memcpy(at, "\r\n", 2);
	out->len += length + rest + 4;
}

enum { DATE = sizeof("Sun, 06 Nov 1994 08:49:37 GMT") };

/* Once a second is enough. */
static const char *date_now(void)
{
	static _Thread_local char text[DATE];
	static _Thread_local time_t last;
	time_t now = time(NULL);

	if (now != last)
		http_date_format(text, last = now);
	return text;
}

/* Whether this status has no body by definition, and so no length either (RFC 9110, 8.6). */
static bool is_bodyless(int status)
{
	return status == 204 || status == 304;
}

static void put_framing(struct connection *connection, bool chunked)
{
	const struct answer *answer = &connection->request.answer;
	struct buf *out = &connection->out;
	uint64_t length = 0;

	if (is_bodyless(answer->status))
		return;
	switch (answer->kind) {
	case ANSWER_EMPTY:
		break;
	case ANSWER_BYTES:
		length = answer->bytes.len;
		break;
	case ANSWER_CONTENT:
		length = answer->piece_count ? answer->total : answer->length;
		break;
	case ANSWER_PAGES:
		if (chunked)
			put_header(out, "Transfer-Encoding", "chunked");
		return;
	}
	buf_printf(out, "Content-Length: %" PRIu64 "\r\n", length);
}

/* The answer's bytes in the coding that was chosen, if one was. */
static void encode(struct connection *connection, bool last)
{
	struct buf *bytes = &connection->request.answer.bytes, coded = {0};

	if (!connection->gzip)
		return;
	gzip_write(connection->gzip, bytes->data, bytes->len, last, &coded);
	buf_free(bytes);
	*bytes = coded;
}

/*
 * RFC 9110, 12.5.5: Vary stands on each answer that could have been coded. Content of files never is: an ETag names its bytes, and what
 * one person wrote is not mixed with what another may not know.
 */
static void put_coding(struct connection *connection)
{
	const struct request *request = &connection->request;
	const struct answer *answer = &request->answer;
	bool pages = answer->kind == ANSWER_PAGES;

	if (!answer->encodable)
		return;
	put_header(&connection->out, "Vary", "Accept-Encoding");
	if (!pages && (answer->kind != ANSWER_BYTES || answer->bytes.len < WORTH_CODING))
		return;
	if (!gzip_accepted(request_header(request, "Accept-Encoding")))
		return;
	put_header(&connection->out, "Content-Encoding", "gzip");
	connection->gzip = gzip_open();
	encode(connection, !pages);
}

static void put_chunk(struct buf *out, const struct buf *bytes)
{
	if (bytes->len == 0)
		return;
	buf_printf(out, "%zx\r\n", bytes->len);
	buf_append(out, bytes->data, bytes->len);
	buf_puts(out, "\r\n");
}

/* Room for the length of a chunk whose bytes are written behind it, and no bytes are moved: zeros may lead it (RFC 9112, 7.1). */
static const char unknown[] = "00000000\r\n";

/* What is behind `start` in `out`, where `unknown` was put, is all of the chunk. */
static void end_chunk(struct buf *out, size_t start)
{
	static const char digits[] = "0123456789abcdef";
	size_t length = out->len - start - (sizeof(unknown) - 1);

	if (length == 0) {
		out->len = start;
		return;
	}
	for (char *at = out->data + start + 8; length; length >>= 4)
		*--at = digits[length & 15];
	buf_puts(out, "\r\n");
}

static bool is_head(const struct connection *connection)
{
	return connection->begun && connection->request.method &&
	       strcmp(connection->request.method->name, "HEAD") == 0;
}

void response_begin(struct connection *connection)
{
	struct answer *answer = &connection->request.answer;
	struct buf *out = &connection->out;
	bool pages = answer->kind == ANSWER_PAGES, chunked = pages && !connection->head.http_1_0;

	if (answer->close || (pages && !chunked))
		connection->keep_alive = false;
	buf_printf(out, "HTTP/1.1 %d %s\r\n", answer->status, status_reason(answer->status));
	put_header(out, "Date", date_now());
	for (size_t i = 0; i < answer->header_count; i++)
		put_header(out, answer->headers[i].name, answer->headers[i].value);
	buf_append(out, common, sizeof(common) - 1);
	buf_puts(out, connection->request.any_origin ? any_origin : own_origin);
	put_coding(connection);
	put_framing(connection, chunked);
	if (!connection->keep_alive)
		put_header(out, "Connection", "close");
	else if (connection->head.http_1_0)
		put_header(out, "Connection", "keep-alive");
	buf_puts(out, "\r\n");

	connection->last_page = true;
	if (is_head(connection) || is_bodyless(answer->status)) {
		answer->kind = ANSWER_EMPTY;
		return;
	}
	if (chunked)
		put_chunk(out, &answer->bytes);
	else if (answer->kind == ANSWER_BYTES || pages)
		buf_append(out, answer->bytes.data, answer->bytes.len);
	connection->last_page = !pages;
}

void response_again(struct connection *connection, const char *head, size_t length)
{
	static const char before_date[] = "HTTP/1.1 200 OK\r\nDate: ";
	struct buf *out = &connection->out;

	assert(length > sizeof(before_date) + DATE &&
		memcmp(head, before_date, sizeof(before_date) - 1) == 0);
	buf_append(out, head, length);
	memcpy(out->data + out->len - length + sizeof(before_date) - 1, date_now(), DATE - 1);
}

int response_page(struct connection *connection)
{
	struct request *request = &connection->request;
	struct answer *answer = &request->answer;
	struct buf *out = &connection->out;
	bool chunked = !connection->head.http_1_0;
	size_t start = out->len;
	struct tx *tx;
	int more = store_read_begin(request->dav->store, &tx);

	if (more < 0)
		return more;
	if (chunked)
		buf_puts(out, unknown);
	answer->bytes.len = 0;
	more = answer->page(request, tx, connection->gzip ? &answer->bytes : out);
	store_read_end(tx);
	if (more < 0) {
		out->len = start;
		return more;
	}
	connection->last_page = more == 0;
	if (connection->gzip)
		gzip_write(connection->gzip, answer->bytes.data, answer->bytes.len,
			connection->last_page, out);
	if (chunked)
		end_chunk(out, start);
	if (chunked && connection->last_page)
		buf_puts(out, "0\r\n\r\n");
	return 0;
}

bool response_piece(struct connection *connection)
{
	struct answer *answer = &connection->request.answer;
	const struct piece *piece;

	if (answer->kind != ANSWER_CONTENT || !answer->tail)
		return false;
	if (answer->next_piece == answer->piece_count) {
		buf_puts(&connection->out, answer->tail);
		answer->tail = NULL;
		return true;
	}
	piece = &answer->pieces[answer->next_piece++];
	buf_puts(&connection->out, piece->head);
	answer->offset = piece->offset;
	answer->length = piece->length;
	return true;
}
