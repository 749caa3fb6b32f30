#include "dav/locked.h"

#include "dav/if.h"
#include "dav/request.h"
#include "xml/writer.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static bool is_held(const struct request *request, const struct lock *lock)
{
	return strcmp(lock->owner, request->claim.bare) == 0 && if_submits(request, lock->token);
}

/* RFC 4918, 16 */
static int refuse(struct request *request, const struct lock *lock)
{
	struct buf *bytes = &request->answer.bytes;

	answer_begin(request, 423);
	request->answer.kind = ANSWER_BYTES;
	answer_header(request, "Content-Type", "application/xml; charset=utf-8");
	buf_puts(bytes, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error xmlns:D=\"DAV:\">"
			"<D:lock-token-submitted><D:href>");
	buf_puts(bytes, lock->href);
	buf_puts(bytes, "</D:href></D:lock-token-submitted></D:error>\n");
	return -ECANCELED;
}

/* One token is enough where several share a root (RFC 4918, 6.2). */
static int check(struct request *request, const struct lock *locks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool held = false;

		for (size_t k = 0; k < count && !held; k++)
			held = locks[k].resource == locks[i].resource &&
			       is_held(request, &locks[k]);
		if (!held)
			return refuse(request, &locks[i]);
	}
	return 0;
}

static int check_one(struct request *request, struct tx *tx, int64_t resource)
{
	struct lock *locks;
	size_t count;
	int error = store_locks(tx, request->arena, resource, &locks, &count);

	return error < 0 ? error : check(request, locks, count);
}

int locked_check(struct request *request, struct tx *tx, const struct walk *walk, int touches)
{
	const struct resource *last = &walk->chain[walk->count - 1];
	bool there = walk->count == walk->path->depth + 1;
	struct lock *locks;
	size_t count;
	int error = 0;

	if (there && touches & TOUCHES_ITSELF)
		error = check_one(request, tx, last->id);
	if (!there && touches & TOUCHES_NEW)
		touches |= TOUCHES_PLACE;
	if (error == 0 && touches & TOUCHES_PLACE && (!there || walk->count > 1))
		error = check_one(request, tx, there ? last->parent : last->id);
	if (error == 0 && there && touches & TOUCHES_BELOW && last->collection) {
		error = store_locks_below(
			tx, request->arena, last->id, last->owner, &locks, &count);
		if (error == 0)
			error = check(request, locks, count);
	}
	return error;
}

void locked_write(struct buf *out, const struct request *request, const struct lock *lock)
{
	struct timespec now;
	int64_t left;

	clock_gettime(CLOCK_REALTIME, &now);
	left = lock->expires / 1000 - (int64_t)now.tv_sec;
	buf_printf(out,
		"<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:%s/></"
		"D:lockscope>"
		"<D:depth>%s</D:depth>",
		lock->shared ? "shared" : "exclusive", lock->infinite ? "infinity" : "0");
	if (*lock->note)
		buf_printf(out, "<D:owner>%s</D:owner>", lock->note);
	buf_printf(out, "<D:timeout>Second-%lld</D:timeout>", (long long)(left < 0 ? 0 : left));
	if (strcmp(lock->owner, request->claim.bare) == 0)
		xml_write(
			out, "<D:locktoken><D:href>", lock->token, "</D:href></D:locktoken>", NULL);
	buf_printf(out, "<D:lockroot><D:href>%s</D:href></D:lockroot></D:activelock>", lock->href);
}
