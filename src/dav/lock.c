#include "base/digest.h"
#include "dav/depth.h"
#include "dav/document.h"
#include "dav/if.h"
#include "dav/locked.h"
#include "dav/methods.h"
#include "dav/multistatus.h"
#include "dav/property.h"
#include "dav/request.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { NOTE_MAX = 8 << 10 /* bytes */ };

static const char too_many[] = "There are too many locks already; unlock something first.";

/* RFC 4918, 10.7: the first of a list, which the client likes best; never longer than the limit. */
static int64_t expiry_of(const struct request *request)
{
	const char *timeout = request_header(request, "Timeout");
	long most = (long)(request->dav->limits.lock_time / 1000), seconds = most;
	struct timespec now;

	if (timeout && strncasecmp(timeout, "Second-", 7) == 0)
		seconds = strtol(timeout + 7, NULL, 10);
	if (seconds <= 0 || seconds > most)
		seconds = most;
	clock_gettime(CLOCK_REALTIME, &now);
	return ((int64_t)now.tv_sec + seconds) * 1000;
}

/* The inside of DAV:owner, each piece so that it can stand alone. */
static const char *note_of(struct arena *arena, const struct xml_node *owner)
{
	struct buf out = {0};
	const char *note;

	for (const struct xml_node *node = owner ? owner->child : NULL; node; node = node->next)
		if (node->name)
			xml_write_node(&out, node);
		else
			xml_escape(&out, node->text);
	note = arena_strdup(arena, buf_text(&out));
	buf_free(&out);
	return note;
}

/* RFC 4918, 14.11 */
static int read_body(struct request *request, struct lock *lock)
{
	const struct xml_node *root, *scope, *type;
	int error = document_read(
		request, "lockinfo", "The body is no DAV:lockinfo (RFC 4918, 14.11).", &root);

	if (error < 0)
		return error;
	scope = xml_child(root, NS_DAV, "lockscope");
	type = xml_child(root, NS_DAV, "locktype");
	if (!type || !xml_child(type, NS_DAV, "write") || !scope)
		return answer_refuse(
			request, 400, NULL, "Only write locks are known, exclusive or shared.");
	lock->shared = xml_child(scope, NS_DAV, "shared") != NULL;
	if (!lock->shared && !xml_child(scope, NS_DAV, "exclusive"))
		return answer_refuse(
			request, 400, NULL, "Only write locks are known, exclusive or shared.");
	lock->note = note_of(request->arena, xml_child(root, NS_DAV, "owner"));
	if (strlen(lock->note) > NOTE_MAX)
		return answer_refuse(request, 413, NULL, "DAV:owner is too long.");
	return 0;
}

/* RFC 4918, 9.10.1; the field is for a lock that is new (9.10.2). */
static void answer_lock(struct request *request, int status, const struct lock *lock, bool is_new)
{
	struct buf *bytes = &request->answer.bytes;

	answer_begin(request, status);
	request->answer.kind = ANSWER_BYTES;
	answer_header(request, "Content-Type", "application/xml; charset=utf-8");
	if (is_new)
		answer_header(
			request, "Lock-Token", arena_printf(request->arena, "<%s>", lock->token));
	if (status == 201)
		answer_header(request, "Location", request->url);
	buf_puts(bytes, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:prop "
			"xmlns:D=\"DAV:\"><D:lockdiscovery>");
	locked_write(bytes, request, lock);
	buf_puts(bytes, "</D:lockdiscovery></D:prop>\n");
}

/* RFC 4918, 9.10.2: without a body it is the one lock of the If field that lives on. */
static int refresh(struct request *request, struct tx *tx, struct lock *locks, size_t count)
{
	struct lock *lock = NULL;
	int error;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(locks[i].owner, request->claim.bare) != 0 ||
			!if_submits(request, locks[i].token))
			continue;
		if (lock)
			return answer_refuse(request, 400, NULL,
				"One lock is refreshed at a time (RFC 4918, 9.10.2).");
		lock = &locks[i];
	}
	if (!lock)
		return answer_refuse(request, 412, "lock-token-matches-request-uri", NULL);
	lock->expires = expiry_of(request);
	error = store_lock_refresh(tx, lock->token, lock->expires);
	if (error == 0)
		answer_lock(request, 200, lock, false);
	return error;
}

/* RFC 4918, 6.2: an exclusive lock stands alone. */
static bool conflicts(const struct lock *lock, const struct lock *other)
{
	return !lock->shared || !other->shared;
}

/* Whether its scope takes in the other's root: a collection's path ends in a slash. */
static bool covers(const struct lock *lock, const struct lock *other)
{
	size_t length = strlen(lock->href);

	return lock->infinite && lock->href[length - 1] == '/' &&
	       strncmp(lock->href, other->href, length) == 0;
}

/* How many hold on the root of the first: its own, and those of infinite depth from between. */
static size_t count_on(const struct lock *one, const struct lock *locks, size_t count)
{
	size_t on = 0;

	for (size_t i = 0; i < count; i++)
		on += locks[i].resource == one->resource || covers(&locks[i], one);
	return on;
}

/*
 * A lock of infinite depth meets those below (RFC 4918, 9.10.3: a 207 names what stands against it); `here` are those that hold on
 * the collection itself.
 */
static int check_below(struct request *request, struct tx *tx, const struct lock *lock,
	const struct resource *collection, const struct lock *here, size_t here_count)
{
	struct multistatus_refusal *refusals;
	size_t count, refused = 0, inherited = 0;
	struct lock *below;
	int error = store_locks_below(
		tx, request->arena, collection->id, collection->owner, &below, &count);

	if (error < 0)
		return error;
	refusals = arena_alloc(request->arena, (count + 1) * sizeof(*refusals));
	for (size_t i = 0; i < count; i++)
		if (conflicts(lock, &below[i]))
			refusals[refused++] = (struct multistatus_refusal){
				below[i].href, 423, "no-conflicting-lock"};
	if (refused) {
		refusals[refused++] = (struct multistatus_refusal){lock->href, 424, NULL};
		multistatus_answer_refusals(request, refusals, refused);
		return -ECANCELED;
	}
	for (size_t i = 0; i < here_count; i++)
		inherited += here[i].infinite;
	for (size_t i = 0; i < count; i++)
		if (inherited + count_on(&below[i], below, count) >=
			request->dav->limits.locks_per_resource)
			return answer_refuse(request, 403, NULL, too_many);
	return 0;
}

/* Those that hold on what is locked. */
static int check_here(
	struct request *request, const struct lock *lock, const struct lock *others, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (conflicts(lock, &others[i])) {
			multistatus_answer_error(
				request, 423, "no-conflicting-lock", others[i].href);
			return -ECANCELED;
		}
	return count >= request->dav->limits.locks_per_resource
		       ? answer_refuse(request, 403, NULL, too_many)
		       : 0;
}

static int check_cap(struct request *request, struct tx *tx)
{
	int64_t held = 0;
	int error = store_lock_count(tx, request->claim.bare, &held);

	if (error == 0 && held >= (int64_t)request->dav->limits.locks_per_account)
		return answer_refuse(request, 403, NULL, too_many);
	return error;
}

static void make_token(struct request *request, struct lock *lock)
{
	char random[RANDOM_ID];

	random_id(random);
	/* RFC 4122, 4.4 */
	random[12] = '4';
	random[16] = '8';
	lock->token = arena_printf(request->arena, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", random,
		random + 8, random + 12, random + 16, random + 20);
}

/* RFC 4918, 7.3: an empty resource where there was none. */
static int make_empty(
	struct request *request, struct tx *tx, const struct walk *walk, struct resource *made)
{
	const struct path *path = &request->path;
	const struct resource *parent = &walk->chain[walk->count - 1];

	if (path->collection)
		return answer_refuse(request, 409, NULL, "A file's URL has no slash at its end.");
	return store_make_file(tx, parent->id, &path->segments[path->depth - 1],
		request->claim.bare, NULL, NULL, made, request->arena);
}

static int make_lock(
	struct request *request, struct tx *tx, const struct walk *walk, struct lock *lock)
{
	bool there = walk->count == walk->path->depth + 1;
	struct resource made;
	int error = there ? 0 : make_empty(request, tx, walk, &made);

	if (error < 0)
		return error;
	lock->resource = there ? walk->chain[walk->count - 1].id : made.id;
	lock->owner = request->claim.bare;
	lock->expires = expiry_of(request);
	make_token(request, lock);
	error = store_lock_make(tx, lock);
	if (error == 0)
		answer_lock(request, there ? 200 : 201, lock, true);
	return error;
}

/* The path of what is locked, be it made only then. */
static const char *root_of(struct request *request, const struct walk *walk)
{
	struct buf href = {0};
	const char *text;

	walk_href(&href, walk);
	if (walk->count == walk->path->depth)
		uri_encode(&href, walk->path->segments[walk->path->depth - 1].spelling);
	text = arena_strdup(request->arena, buf_text(&href));
	buf_free(&href);
	return text;
}

/* RFC 4918, 9.10 */
int lock_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct resource *last = &walk->chain[walk->count - 1];
	bool there = walk->count == walk->path->depth + 1;
	enum depth depth = depth_of(request, DEPTH_INFINITY);
	struct lock lock = {.infinite = depth == DEPTH_INFINITY}, *locks;
	size_t count;
	int error = store_locks(tx, request->arena, last->id, &locks, &count);

	if (error < 0)
		return error;
	/* On what is not there hold those from above that are infinite. */
	for (size_t i = 0; !there && i < count; i++)
		if (!locks[i].infinite)
			locks[i--] = locks[--count];
	if (request->xml.len == 0)
		return refresh(request, tx, locks, count);
	if (depth != DEPTH_0 && depth != DEPTH_INFINITY)
		return answer_refuse(request, 400, NULL, "Depth is 0 or infinity.");
	error = read_body(request, &lock);
	if (error < 0)
		return error;
	lock.href = root_of(request, walk);
	error = check_here(request, &lock, locks, count);
	if (error == 0 && there && lock.infinite && last->collection)
		error = check_below(request, tx, &lock, last, locks, count);
	if (error == 0)
		error = check_cap(request, tx);
	return error < 0 ? error : make_lock(request, tx, walk, &lock);
}

/* RFC 4918, 9.11 */
int unlock_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	const char *field = request_header(request, "Lock-Token");
	size_t length = field ? strlen(field) : 0, count;
	struct lock *locks;
	int error;

	if (length < 3 || field[0] != '<' || field[length - 1] != '>')
		return answer_refuse(
			request, 400, NULL, "Lock-Token must be a token in angle brackets.");
	error = store_locks(tx, request->arena, walk->chain[walk->count - 1].id, &locks, &count);
	if (error < 0)
		return error;
	for (size_t i = 0; i < count; i++)
		if (strlen(locks[i].token) == length - 2 &&
			strncmp(locks[i].token, field + 1, length - 2) == 0 &&
			strcmp(locks[i].owner, request->claim.bare) == 0) {
			error = store_lock_remove(tx, locks[i].token);
			if (error == 0)
				answer_begin(request, 204);
			return error;
		}
	return answer_refuse(request, 409, "lock-token-matches-request-uri", NULL);
}
