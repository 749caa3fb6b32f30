#include "client/resume.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/text.h"
#include "client/client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { URL_MAX = 1024 };

struct resume {
	int fd; /* -1: nothing is remembered */
	const char *path;
	const char *base, *url;
};

/* Makes the folders that a path needs; whether it worked is seen when the file is opened. */
static void make_folders(struct arena *arena, const char *path)
{
	char *copy = arena_strdup(arena, path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0700);
		*slash = '/';
	}
}

/* The file that this very content, account and service have. NULL: the user has no place for it. */
static const char *path_of(
	struct client *client, const char *base, const char *file, const struct stat *status)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME"), *folder, *text;
	char *whole = realpath(file, NULL), digest[SHA256_HEX];

	if (state && *state == '/')
		folder = arena_printf(client->arena, "%s/missive", state);
	else if (home && *home == '/')
		folder = arena_printf(client->arena, "%s/.local/state/missive", home);
	else
		folder = NULL;
	text = arena_printf(client->arena,
		"%s\n%s\n%s\n%" PRId64 "\n%" PRId64 ".%09ld\n%" PRId64 ".%09ld",
		client->account.jid.bare, base, whole ? whole : file, (int64_t)status->st_size,
		(int64_t)status->st_mtim.tv_sec, status->st_mtim.tv_nsec,
		(int64_t)status->st_ctim.tv_sec, status->st_ctim.tv_nsec);
	free(whole);
	sha256_hex(digest, text, strlen(text));
	return folder ? arena_printf(client->arena, "%s/upload-%.32s", folder, digest) : NULL;
}

static const char *read_url(struct client *client, int fd, const char *base)
{
	char text[URL_MAX] = "";
	ssize_t length = read(fd, text, sizeof(text) - 1);

	/* Only what we wrote ourselves for this service is gone on with. */
	if (length <= 0 || !text_is_presentable(text) || strncmp(text, base, strlen(base)) != 0)
		return NULL;
	return arena_strdup(client->arena, text);
}

struct resume *resume_open(
	struct client *client, const char *base, const char *file, const struct stat *status)
{
	struct resume *resume = arena_alloc(client->arena, sizeof(*resume));
	struct stat now;

	*resume = (struct resume){.fd = -1, .base = base};
	resume->path = path_of(client, base, file, status);
	if (!resume->path)
		return resume;
	make_folders(client->arena, resume->path);
	resume->fd = open(resume->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (resume->fd < 0)
		return resume;
	/* One that was removed since it was opened was another's, who is done with it. */
	if (flock(resume->fd, LOCK_EX | LOCK_NB) < 0 || fstat(resume->fd, &now) < 0 ||
		now.st_nlink == 0) {
		close(resume->fd);
		return NULL;
	}
	resume->url = read_url(client, resume->fd, base);
	return resume;
}

const char *resume_url(const struct resume *resume)
{
	return resume->url;
}

void resume_keep(struct resume *resume, const char *url)
{
	size_t length = strlen(url);

	if (resume->fd >= 0 && (ftruncate(resume->fd, 0) < 0 ||
				       pwrite(resume->fd, url, length, 0) != (ssize_t)length))
		unlink(resume->path);
}

void resume_close(struct resume *resume, bool done)
{
	if (resume->fd < 0)
		return;
	if (done && unlink(resume->path) < 0 && ftruncate(resume->fd, 0) < 0)
		client_fail("%s: %s", resume->path, strerror(errno));
	close(resume->fd);
}
