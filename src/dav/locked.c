#include "dav/locked.h"

#include "dav/if.h"
#include "dav/multistatus.h"
#include "dav/property.h"
#include "dav/request.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is_held(const struct request *request, const struct lock *lock)
{
	return strcmp(lock->owner, request->claim.bare) == 0 && if_submits(request, lock->token);
}

/* One token is enough where several share a root (RFC 4918, 6.2). */
static bool is_open(const struct request *request, const struct lock *lock,
	const struct lock *locks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (locks[i].resource == lock->resource && is_held(request, &locks[i]))
			return true;
	return false;
}

static int check_one(struct request *request, struct tx *tx, int64_t resource)
{
	struct lock *locks;
	size_t count;
	int error = store_locks(tx, request->arena, resource, &locks, &count);

	for (size_t i = 0; error == 0 && i < count; i++)
		if (!is_open(request, &locks[i], locks, count)) {
			multistatus_answer_error(
				request, 423, "lock-token-submitted", locks[i].href);
			return -ECANCELED;
		}
	return error;
}

/* What stands against the whole is not what was named: a 207 names it (RFC 4918, 9.6.1). */
static int check_below(struct request *request, struct tx *tx, const struct resource *collection)
{
	struct multistatus_refusal *refusals;
	size_t count, refused = 0;
	struct lock *locks;
	int error = store_locks_below(
		tx, request->arena, collection->id, collection->owner, &locks, &count);

	if (error < 0)
		return error;
	refusals = arena_alloc(request->arena, (count + 1) * sizeof(*refusals));
	for (size_t i = 0; i < count; i++)
		if (!is_open(request, &locks[i], locks, count))
			refusals[refused++] = (struct multistatus_refusal){
				locks[i].href, 423, "lock-token-submitted"};
	if (!refused)
		return 0;
	multistatus_answer_refusals(request, refusals, refused);
	return -ECANCELED;
}

int locked_check(struct request *request, struct tx *tx, const struct walk *walk, int touches)
{
	const struct resource *last = &walk->chain[walk->count - 1];
	bool there = walk->count == walk->path->depth + 1;
	int error = 0;

	if (there && touches & TOUCHES_ITSELF)
		error = check_one(request, tx, last->id);
	if (!there && touches & TOUCHES_NEW)
		touches |= TOUCHES_PLACE;
	if (error == 0 && touches & TOUCHES_PLACE && (!there || walk->count > 1))
		error = check_one(request, tx, there ? last->parent : last->id);
	if (error == 0 && there && touches & TOUCHES_BELOW && last->collection)
		error = check_below(request, tx, last);
	return error;
}

/* A tree has one owner, who alone can lock in it. */
static int read_members(const struct view *view, struct member_locks *of)
{
	int64_t collection = view->resource->parent;
	size_t count;
	int error = store_locks(view->tx, view->arena, collection, &of->above, &count);

	for (size_t i = 0; error == 0 && i < count; i++)
		if (of->above[i].infinite)
			of->above[of->above_count++] = of->above[i];
	of->read = true;
	return error < 0 ? error
			 : store_locked_members(view->tx, view->arena, collection,
				   view->resource->owner, &of->locked, &of->locked_count);
}

static int compare_ids(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return (one > other) - (one < other);
}

int locked_find(const struct view *view, struct lock **locks, size_t *count)
{
	const struct resource *resource = view->resource;
	struct member_locks *of = view->locks;
	int error = of && !of->read ? read_members(view, of) : 0;

	if (error < 0)
		return error;
	if (!of || bsearch(&resource->id, of->locked, of->locked_count, sizeof(*of->locked),
			   compare_ids))
		return store_locks(view->tx, view->arena, resource->id, locks, count);
	*locks = of->above;
	*count = of->above_count;
	return 0;
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
