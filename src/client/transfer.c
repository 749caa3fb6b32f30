#include "client/transfer.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/text.h"
#include "client/links.h"
#include "client/progress.h"
#include "xml/reader.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20, CONFIRM_TIME = 120000, CONNECT_TIME = 30000 };

struct run {
	struct transfer *transfer;
	struct arena *arena;
	struct progress progress;
	uint64_t left; /* of the upload */
};

static const char *copy_value(
	struct arena *arena, const char *line, size_t length, const char *name)
{
	size_t at = strlen(name);

	if (length <= at || line[at] != ':' || strncasecmp(line, name, at) != 0)
		return NULL;
	at++;
	while (at < length && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (length > at &&
		(line[length - 1] == '\r' || line[length - 1] == '\n' || line[length - 1] == ' '))
		length--;
	return arena_strndup(arena, line + at, length - at);
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct run *run = arg;
	struct transfer *transfer = run->transfer;
	size_t length = size * count;
	const struct {
		const char *name, **place;
	} wanted[] = {
		{"ETag", &transfer->etag},
		{"Content-Range", &transfer->content_range},
		{"Content-Disposition", &transfer->content_disposition},
		{"Location", &transfer->location},
		{"Upload-Offset", &transfer->upload_offset},
	};
	const char *value;

	/* A status line begins anew: what stood in a 100 is forgotten. */
	if (length >= 12 && strncmp(line, "HTTP/", 5) == 0) {
		transfer->status = (int)strtol(line + 9, NULL, 10);
		transfer->content_length = -1;
		return length;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if ((value = copy_value(run->arena, line, length, wanted[i].name)))
			*wanted[i].place = value;
	if ((value = copy_value(run->arena, line, length, "Content-Length")) &&
		decimal_parse(value, &transfer->content_length) < 0)
		transfer->content_length = -1;
	return length;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct run *run = arg;
	struct transfer *transfer = run->transfer;
	size_t length = size * count;

	if (!transfer->take || transfer->status / 100 != 2) {
		if (transfer->text.len + length <= TEXT_MAX)
			buf_append(&transfer->text, bytes, length);
		return length;
	}
	transfer->taken = transfer->take(transfer->arg, transfer, bytes, length);
	if (transfer->taken < 0)
		return 0;
	transfer->received += length;
	progress_show(&run->progress, transfer->already + transfer->received,
		transfer->content_length < 0
			? 0
			: transfer->already + (uint64_t)transfer->content_length);
	return length;
}

static size_t on_upload(char *bytes, size_t size, size_t count, void *arg)
{
	struct run *run = arg;
	struct transfer *transfer = run->transfer;
	size_t most = size * count < run->left ? size * count : (size_t)run->left;
	ssize_t got = read(transfer->upload, bytes, most);

	/* A file that has become shorter cannot be what was announced. */
	if (got < 0 || (got == 0 && most > 0))
		return CURL_READFUNC_ABORT;
	run->left -= (uint64_t)got;
	transfer->already += (uint64_t)got;
	progress_show(&run->progress, transfer->already,
		transfer->whole ? transfer->whole : transfer->upload_length);
	return (size_t)got;
}

/* The credentials of XEP-0129: the full JID, and an identifier that we shall know again. */
static const char *credentials(struct session *session, struct arena *arena, const char *id)
{
	const char *text = arena_printf(arena, "%s:%s", jid_text(arena, session_jid(session)), id);

	return arena_printf(
		arena, "Authorization: Basic %s", base64_encode(arena, text, strlen(text)));
}

static struct curl_slist *make_headers(struct session *session, struct arena *arena,
	const struct transfer *transfer, const char *id)
{
	struct curl_slist *list = curl_slist_append(NULL, credentials(session, arena, id));

	for (size_t i = 0; transfer->headers[i]; i++)
		list = curl_slist_append(list, transfer->headers[i]);
	/* Nothing is sent before the server has asked us and wants it. */
	list = curl_slist_append(list, transfer->upload >= 0 ? "Expect: 100-continue" : "Expect:");
	return list;
}

static CURL *make_handle(struct run *run, const struct account *account, struct curl_slist *headers)
{
	const struct transfer *transfer = run->transfer;
	CURL *curl = curl_easy_init();

	if (!curl)
		abort();
	curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, transfer->method);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIME);
	curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)CONFIRM_TIME);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)CONFIRM_TIME / 1000);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, run);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, run);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->error);
	if (account->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, account->ca_file);
	if (transfer->upload >= 0) {
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_upload);
		curl_easy_setopt(curl, CURLOPT_READDATA, run);
		curl_easy_setopt(
			curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->upload_length);
		curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
	} else if (transfer->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(transfer->body));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, transfer->body);
	}
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L << 10);
	return curl;
}

/* Both streams in turn until the transfer ends. */
static CURLcode drive(struct session *session, CURLM *multi)
{
	struct curl_waitfd xmpp = {.fd = session_fd(session), .events = CURL_WAIT_POLLIN};
	int running = 1, left;
	unsigned watched = 1;
	const CURLMsg *message;

	while (running) {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		if (running)
			curl_multi_poll(multi, &xmpp, watched, 200, NULL);
		/* A stream that is lost ends what waits for a confirmation; the server will say so. */
		if (running && session_turn(session, 0) < 0)
			watched = 0;
	}
	message = curl_multi_info_read(multi, &left);
	return message ? message->data.result : CURLE_FAILED_INIT;
}

int transfer_run(struct session *session, struct arena *arena, const struct account *account,
	struct transfer *transfer)
{
	struct run run = {.transfer = transfer, .arena = arena, .left = transfer->upload_length};
	const char *refused = link_refused(arena, account, transfer->url), *id;
	struct curl_slist *headers;
	CURLM *multi;
	CURL *curl;
	CURLcode code;

	if (refused) {
		snprintf(transfer->error, sizeof(transfer->error), "%s", refused);
		return -EINVAL;
	}
	progress_begin(&run.progress, transfer->label);
	id = session_expect(session, arena, transfer->method, transfer->url);
	headers = make_headers(session, arena, transfer, id);
	curl = make_handle(&run, account, headers);
	multi = curl_multi_init();
	curl_multi_add_handle(multi, curl);
	code = drive(session, multi);
	session_forget(session, id);
	progress_end(&run.progress);
	if (code != CURLE_OK && !*transfer->error)
		snprintf(transfer->error, sizeof(transfer->error), "%s", curl_easy_strerror(code));
	curl_multi_remove_handle(multi, curl);
	curl_easy_cleanup(curl);
	curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	return code == CURLE_OK ? 0 : -EIO;
}

void transfer_free(struct transfer *transfer)
{
	buf_free(&transfer->text);
}

/* The sentence for people in a DAV:error of our server, else NULL. */
static const char *sentence_of(struct arena *arena, const struct transfer *transfer)
{
	const struct xml_node *sentence;
	struct xml_node *root;

	if (xml_read(arena, transfer->text.data, transfer->text.len, &xml_limits_dav, &root) < 0)
		return NULL;
	sentence = xml_child(root, "urn:missive:dav", "sentence");
	return sentence ? xml_text(arena, sentence) : NULL;
}

const char *transfer_refusal(struct arena *arena, const struct transfer *transfer)
{
	size_t length = transfer->text.len;
	const char *text;

	if (transfer->status == 0)
		return *transfer->error ? transfer->error : "no answer";
	while (length && (transfer->text.data[length - 1] == '\n' ||
				 transfer->text.data[length - 1] == '\r'))
		length--;
	text = sentence_of(arena, transfer);
	if (!text)
		text = arena_strndup(
			arena, length ? transfer->text.data : "", length < 300 ? length : 300);
	return arena_printf(arena, "%d %s", transfer->status,
		text_is_presentable(text) && *text != '<' ? text : "");
}
