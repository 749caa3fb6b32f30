#include "client/upload.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/digest.h"
#include "client/client.h"
#include "client/discover.h"
#include "client/resume.h"
#include "client/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is larger goes in parts of this size. */
enum {
	PART = 16 << 20,
	EXTENSION_MAX = 8,
	TRIES = 5,
	FIRST_WAIT = 1000 /* ms, then twice as long each time */
};

struct upload {
	struct client *client;
	const char *file, *name, *url;
	const char *label; /* NULL: nothing is shown of this request */
	bool quiet;        /* a refusal is not told */
	int fd;
	uint64_t size, offset; /* bytes */
	struct stat began;     /* the file as it was then */
};

static const char *media_type(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{".txt", "text/plain; charset=utf-8"},
		{".html", "text/html"},
		{".pdf", "application/pdf"},
		{".png", "image/png"},
		{".jpg", "image/jpeg"},
		{".jpeg", "image/jpeg"},
		{".gif", "image/gif"},
		{".webp", "image/webp"},
		{".mp3", "audio/mpeg"},
		{".ogg", "audio/ogg"},
		{".opus", "audio/ogg"},
		{".mp4", "video/mp4"},
		{".webm", "video/webm"},
		{".zip", "application/zip"},
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(*types); i++)
		if (strcasecmp(dot, types[i].end) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* 128 random bits, and the extension so that the other side's desktop knows what it is. */
static const char *make_url(struct client *client, const char *base, const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *dot = strrchr(name, '.');
	size_t length = dot ? strlen(dot + 1) : 0;
	char random[RANDOM_ID];

	random_id(random);
	if (length == 0 || length > EXTENSION_MAX || strspn(dot + 1, letters) != length)
		dot = "";
	return arena_printf(client->arena, "%s%s%s", base, random, dot);
}

/* How an upload stands after a request. */
enum outcome {
	DONE,
	GOES_ON,
	BROKE_OFF, /* worth another try */
	FAILED,    /* it has said why */
};

static enum outcome refused(const struct upload *upload, const struct transfer *transfer)
{
	if (!upload->quiet)
		client_fail("%s: the server has refused it: %s", upload->file,
			transfer_refusal(upload->client->arena, transfer));
	return FAILED;
}

/* What the answer to a part, or to the question where the next begins, says. */
static enum outcome judge(struct upload *upload, const struct transfer *transfer, int result)
{
	static const long passing[] = {408, 409, 429, 502, 503, 504};
	int64_t offset;

	/* Nobody else knows the URL: what is there is what we have sent, and the answer was lost. */
	if (transfer->status == 201 || transfer->status == 412)
		return DONE;
	if (transfer->status == 202 || transfer->status == 416) {
		if (!transfer->upload_offset ||
			decimal_parse(transfer->upload_offset, &offset) < 0 ||
			(uint64_t)offset >= upload->size)
			return refused(upload, transfer);
		upload->offset = (uint64_t)offset;
		return GOES_ON;
	}
	/* Another part of it may still be on its way, who was asked over XMPP out of reach, and a proxy alone. */
	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		if (transfer->status == passing[i])
			return BROKE_OFF;
	if (result < 0 && transfer->status < 400)
		return BROKE_OFF;
	return refused(upload, transfer);
}

/* Sends `length` bytes from the offset on; 0 just asks where the next part begins. */
static enum outcome put_part(struct upload *upload, uint64_t length)
{
	struct client *client = upload->client;
	struct transfer transfer = {.method = "PUT",
		.url = upload->url,
		.label = upload->label,
		.upload = upload->fd,
		.upload_length = length,
		.already = upload->offset,
		.whole = upload->size};
	enum outcome outcome;
	int result;

	if (lseek(upload->fd, (off_t)upload->offset, SEEK_SET) < 0) {
		client_fail("%s: %s", upload->file, strerror(errno));
		return FAILED;
	}
	transfer.headers[0] = "If-None-Match: *";
	transfer.headers[1] =
		arena_printf(client->arena, "Content-Type: %s", media_type(upload->name));
	transfer.headers[2] =
		length ? arena_printf(client->arena,
				 "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
				 upload->offset, upload->offset + length - 1, upload->size)
		       : arena_printf(
				 client->arena, "Content-Range: bytes */%" PRIu64, upload->size);
	result = transfer_run(client->session, client->arena, &client->account, &transfer);
	outcome = judge(upload, &transfer, result);
	transfer_free(&transfer);
	return outcome;
}

/* Waits, and then asks until the server says where to go on. */
static enum outcome find_place(struct upload *upload)
{
	unsigned wait = FIRST_WAIT;

	for (int tries = 0; tries < TRIES; tries++, wait *= 2) {
		enum outcome outcome;

		if (session_wait(upload->client->session, wait) < 0)
			return BROKE_OFF;
		outcome = put_part(upload, 0);
		if (outcome != BROKE_OFF)
			return outcome;
	}
	return BROKE_OFF;
}

static bool is_unchanged(const struct upload *upload)
{
	const struct stat *began = &upload->began;
	struct stat now;

	return fstat(upload->fd, &now) == 0 && now.st_size == began->st_size &&
	       now.st_mtim.tv_sec == began->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == began->st_mtim.tv_nsec;
}

/* Parts of two versions make no file. */
static int put_parts(struct upload *upload, enum outcome outcome)
{
	while (outcome == GOES_ON && is_unchanged(upload)) {
		uint64_t left = upload->size - upload->offset;

		outcome = put_part(upload, left < PART ? left : PART);
		if (outcome == BROKE_OFF)
			outcome = find_place(upload);
	}
	if (outcome <= GOES_ON && !is_unchanged(upload)) {
		if (outcome == DONE)
			rm_command(upload->client, 1, (char *[]){(char *)upload->url, NULL});
		return client_fail("%s has changed while it was sent", upload->file);
	}
	if (outcome == BROKE_OFF)
		return client_fail("%s broke off at %" PRIu64 " of %" PRIu64
				   " bytes; the same command goes on from there, within a day",
			upload->file, upload->offset, upload->size);
	return outcome == FAILED;
}

/* What an earlier run has begun: GOES_ON, when the server still has it. */
static enum outcome take_up(struct upload *upload, const char *url)
{
	enum outcome outcome;

	if (!url)
		return FAILED;
	upload->url = url;
	upload->quiet = true;
	outcome = put_part(upload, 0);
	if (outcome == BROKE_OFF)
		outcome = find_place(upload);
	upload->quiet = false;
	return outcome == GOES_ON && upload->offset == 0 ? FAILED : outcome;
}

static int put_large(struct upload *upload, const char *base)
{
	struct client *client = upload->client;
	struct resume *resume = resume_open(client, base, upload->file, &upload->began);
	enum outcome outcome;
	int code;

	if (!resume)
		return client_fail("%s: another missive is sending it", upload->file);
	outcome = take_up(upload, resume_url(resume));
	if (outcome == FAILED) {
		outcome = GOES_ON;
		upload->offset = 0;
		upload->url = make_url(client, base, upload->name);
		resume_keep(resume, upload->url);
	}
	upload->label = upload->name;
	code = put_parts(upload, outcome);
	resume_close(resume, code == 0);
	return code;
}

static int put_whole(struct upload *upload)
{
	struct client *client = upload->client;
	struct transfer transfer = {.method = "PUT",
		.url = upload->url,
		.label = upload->label,
		.upload = upload->fd,
		.upload_length = upload->size};
	int result, code = 0;

	transfer.headers[0] = "If-None-Match: *";
	transfer.headers[1] =
		arena_printf(client->arena, "Content-Type: %s", media_type(upload->name));
	result = transfer_run(client->session, client->arena, &client->account, &transfer);
	if (result < 0 && transfer.status / 100 != 4 && transfer.status / 100 != 5)
		code = client_fail("%s: %s", upload->file, transfer.error);
	else if (transfer.status != 201)
		code = refused(upload, &transfer) == FAILED;
	transfer_free(&transfer);
	return code;
}

int upload_file(struct client *client, const struct services *services, const char *file,
	const char *name, const char **url)
{
	struct upload upload = {.client = client, .file = file, .name = name};
	int code;

	upload.fd = open(file, O_RDONLY | O_CLOEXEC);
	if (upload.fd < 0 || fstat(upload.fd, &upload.began) < 0) {
		code = client_fail("%s: %s", file, strerror(errno));
	} else {
		upload.size = (uint64_t)upload.began.st_size;
		upload.label = upload.size > PART ? NULL : name;
		upload.url = make_url(client, services->url, name);
		code = upload.size > PART ? put_large(&upload, services->url) : put_whole(&upload);
	}
	if (upload.fd >= 0)
		close(upload.fd);
	*url = upload.url;
	return code;
}
