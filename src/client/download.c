#include "client/download.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/text.h"
#include "base/uri.h"
#include "client/client.h"
#include "client/offer.h"
#include "client/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 5, NAMES = 10000, ETAG_MAX = 256 };

struct download {
	struct client *client;
	const char *url, *as;
	int folder;            /* its descriptor */
	int part;              /* the hidden file's */
	const char *hidden;    /* its name */
	const char *etag_name; /* of the file beside it that tells which content it is */
	uint64_t size;         /* bytes in it */
	const char *name;      /* to be */
	int64_t total;         /* -1: not known */
};

static const char *load_etag(struct download *d)
{
	char text[ETAG_MAX] = "";
	int fd = openat(d->folder, d->etag_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return length > 0 && text_is_presentable(text) ? arena_strdup(d->client->arena, text)
						       : NULL;
}

static void save_etag(struct download *d, const char *etag)
{
	int fd;

	unlinkat(d->folder, d->etag_name, 0);
	if (!etag || strlen(etag) >= ETAG_MAX)
		return;
	fd = openat(d->folder, d->etag_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	/* Half an ETag matches nothing: then all is fetched again. */
	if (write(fd, etag, strlen(etag)) < 0)
		unlinkat(d->folder, d->etag_name, 0);
	close(fd);
}

/* "bytes 10-19/20": 0 when it goes on where we are. */
static int check_range(struct download *d, const char *content_range)
{
	uint64_t first, last;
	int64_t total;

	if (!content_range ||
		sscanf(content_range, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNd64, &first, &last,
			&total) != 3 ||
		first != d->size || last + 1 != (uint64_t)total)
		return -EPROTO;
	d->total = total;
	return 0;
}

/* The head of the answer has been read: what of the file is coming? */
static int begin_content(struct download *d, const struct transfer *transfer)
{
	const char *name = transfer->content_disposition
				   ? offer_name_of(d->client->arena, transfer->content_disposition)
				   : NULL;

	if (name)
		d->name = offer_safe_name(d->client->arena, name);
	if (transfer->status == 206)
		return check_range(d, transfer->content_range);
	if (ftruncate(d->part, 0) < 0 || lseek(d->part, 0, SEEK_SET) < 0)
		return -errno;
	d->size = 0;
	d->total = transfer->content_length;
	save_etag(d, transfer->etag);
	return 0;
}

static int take(void *arg, struct transfer *transfer, const char *bytes, size_t length)
{
	struct download *d = arg;
	int result = transfer->received == 0 ? begin_content(d, transfer) : 0;

	while (result == 0 && length > 0) {
		ssize_t written = write(d->part, bytes, length);

		if (written < 0 && errno != EINTR)
			result = -errno;
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
			d->size += (uint64_t)written;
		}
	}
	return result;
}

/* 0: whole; 1: broke off, worth another try; negative: refused or failed, which was told. */
static int fetch(struct download *d)
{
	struct client *client = d->client;
	const char *etag = d->size > 0 ? load_etag(d) : NULL;
	struct transfer transfer = {.method = "GET",
		.url = d->url,
		.upload = -1,
		.take = take,
		.arg = d,
		.label = d->name,
		.already = etag ? d->size : 0};
	int result;

	if (etag) {
		transfer.headers[0] =
			arena_printf(client->arena, "Range: bytes=%" PRIu64 "-", d->size);
		transfer.headers[1] = arena_printf(client->arena, "If-Range: %s", etag);
	}
	result = transfer_run(client->session, client->arena, &client->account, &transfer);
	if (transfer.taken < 0) {
		client_fail("%s: %s", d->name, strerror(-transfer.taken));
		result = -1;
	} else if (transfer.status == 416 && etag) {
		/* What we have is longer than what is there: it is something else. */
		save_etag(d, NULL);
		result = 1;
	} else if (transfer.status && transfer.status / 100 != 2) {
		client_fail("%s: %s", d->url, transfer_refusal(client->arena, &transfer));
		result = -1;
	} else if (result == 0 && transfer.received == 0) {
		result = begin_content(d, &transfer);
	} else if (result < 0 && transfer.status == 0) {
		client_fail("%s: %s", d->url, transfer.error);
		result = -1;
	} else {
		result = result < 0 ? 1 : 0;
	}
	if (result == 0 && d->total >= 0 && (uint64_t)d->total != d->size)
		result = 1;
	transfer_free(&transfer);
	return result;
}

/* "name.txt", "name (1).txt", ... */
static const char *numbered(struct arena *arena, const char *name, int number)
{
	const char *dot = strrchr(name, '.');
	int stem = dot && dot != name ? (int)(dot - name) : (int)strlen(name);

	return number == 0 ? name
			   : arena_printf(arena, "%.*s (%d)%s", stem, name, number, name + stem);
}

/* link(2) never takes the place of what is there. */
static int give_name(struct download *d)
{
	for (int i = 0; i < NAMES; i++) {
		const char *name = numbered(d->client->arena, d->name, i);

		if (linkat(d->folder, d->hidden, d->folder, name, 0) == 0) {
			d->name = name;
			return unlinkat(d->folder, d->hidden, 0) < 0 ? -errno : 0;
		}
		/* File systems without links. */
		if (errno == EPERM || errno == EOPNOTSUPP)
			if (renameat2(d->folder, d->hidden, d->folder, name, RENAME_NOREPLACE) ==
				0) {
				d->name = name;
				return 0;
			}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int finish(struct download *d, const char *folder)
{
	mode_t mask = umask(0);
	int error;

	umask(mask);
	if (fsync(d->part) < 0 || fchmod(d->part, 0666 & ~mask) < 0)
		return client_fail("%s: %s", d->name, strerror(errno));
	error = give_name(d);
	if (error < 0)
		return client_fail("%s: %s", d->name, strerror(-error));
	fsync(d->folder);
	unlinkat(d->folder, d->etag_name, 0);
	printf("%s%s%s\n", strcmp(folder, ".") ? folder : "", strcmp(folder, ".") ? "/" : "",
		d->name);
	fflush(stdout);
	return 0;
}

/* The last segment of the URL, decoded, until the server says better. */
static const char *name_of_url(struct arena *arena, const char *text)
{
	struct path path;
	struct url url;

	if (url_parse(arena, text, &url) < 0 || path_parse(arena, url.target, &path) < 0 ||
		path.depth == 0)
		return "file";
	return offer_safe_name(arena, path.segments[path.depth - 1].name);
}

static int open_part(struct download *d)
{
	char digest[SHA256_HEX];
	struct stat status;

	sha256_hex(digest, d->url, strlen(d->url));
	d->hidden = arena_printf(d->client->arena, ".missive-%.24s.part", digest);
	d->etag_name = arena_printf(d->client->arena, ".missive-%.24s.etag", digest);
	d->part = openat(d->folder, d->hidden, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d->part < 0 || fstat(d->part, &status) < 0)
		return -errno;
	if (flock(d->part, LOCK_EX | LOCK_NB) < 0)
		return -EBUSY;
	d->size = (uint64_t)status.st_size;
	return lseek(d->part, 0, SEEK_END) < 0 ? -errno : 0;
}

static int run(struct download *d, const char *folder)
{
	int result = open_part(d), tries = 0;

	if (result == -EBUSY)
		return client_fail("%s: another missive is fetching it", d->url);
	if (result < 0)
		return client_fail("%s: %s", folder, strerror(-result));
	do {
		result = fetch(d);
	} while (result == 1 && ++tries < TRIES);
	if (result == 1)
		return client_fail("%s broke off %d times; what has come is kept, and the same "
				   "command goes on from "
				   "there",
			d->url, TRIES);
	if (result < 0) {
		/* Nothing came: nothing is left. */
		if (d->size == 0)
			unlinkat(d->folder, d->hidden, 0);
		return 1;
	}
	if (d->as)
		d->name = d->as;
	return finish(d, folder);
}

int download(struct client *client, const char *url, const char *folder, const char *as)
{
	struct download d = {.client = client, .url = url, .as = as, .part = -1, .total = -1};
	int code;

	d.name = as ? as : name_of_url(client->arena, url);
	d.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d.folder < 0)
		return client_fail("%s: %s", folder, strerror(errno));
	code = run(&d, folder);
	if (d.part >= 0)
		close(d.part);
	close(d.folder);
	return code;
}
