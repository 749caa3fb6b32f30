#include "dav/depth.h"
#include "dav/destination.h"
#include "dav/methods.h"
#include "dav/multistatus.h"
#include "dav/request.h"
#include "dav/right.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 256 };

/* A collection that was copied, and whose members are to follow. */
struct pending {
	struct pending *next;
	int64_t from, to;
	int inherited; /* what the list of `from` says to the copier */
	char *href;    /* of `from` */
};

/* A tree that is being copied: what the copier may not read stays behind, and is told. */
struct copying {
	struct request *request;
	struct tx *tx;
	struct pending
		*pending; /* a list and no recursion: trees are as deep as their owners make them */
	struct buf refused; /* responses of a 207 */
};

static void add_pending(
	struct copying *copying, int64_t from, int64_t to, int inherited, const char *href)
{
	struct pending *pending = malloc(sizeof(*pending));

	if (!pending)
		abort();
	*pending = (struct pending){copying->pending, from, to, inherited, strdup(href)};
	if (!pending->href)
		abort();
	copying->pending = pending;
}

static void tell_refused(struct copying *copying, const char *href)
{
	multistatus_response_begin(&copying->refused, href);
	buf_printf(&copying->refused, "<D:status>HTTP/1.1 403 %s</D:status>", status_reason(403));
	multistatus_response_end(&copying->refused);
}

static int copy_member(struct copying *copying, struct arena *arena, const struct resource *member,
	int64_t to, int inherited, const char *href)
{
	struct request *request = copying->request;
	const struct segment segment = {member->name, member->spelling};
	int readable = right_read_member(copying->tx, &request->claim, member, inherited), error;
	struct resource made;

	if (readable < 0)
		return readable;
	if (readable == 0) {
		tell_refused(copying, href);
		return 0;
	}
	error = store_copy(copying->tx, arena, member, to, &segment, request->claim.bare, &made);
	if (error < 0 || !member->collection)
		return error;
	if (member->has_list)
		inherited = store_list_names(copying->tx, member->id, &request->claim);
	if (inherited >= 0)
		add_pending(copying, member->id, made.id, inherited, href);
	return inherited < 0 ? inherited : 0;
}

/* All members of one collection, each by itself. */
static int copy_members(struct copying *copying, const struct pending *collection)
{
	struct buf path = {0}, after = {0};
	size_t count = PAGE;
	int error = 0;

	while (error == 0 && count == PAGE) {
		struct arena *arena = arena_new();
		struct resource *members;

		error = store_members(copying->tx, arena, collection->from,
			after.len ? buf_text(&after) : NULL, PAGE, &members, &count);
		for (size_t i = 0; error == 0 && i < count; i++) {
			path.len = after.len = 0;
			buf_puts(&path, collection->href);
			uri_encode(&path, members[i].spelling);
			buf_puts(&path, members[i].collection ? "/" : "");
			buf_puts(&after, members[i].name);
			error = copy_member(copying, arena, &members[i], collection->to,
				collection->inherited, buf_text(&path));
		}
		arena_free(arena);
	}
	buf_free(&path);
	buf_free(&after);
	return error;
}

static int copy_pending(struct copying *copying)
{
	int error = 0;

	while (copying->pending) {
		struct pending *collection = copying->pending;

		copying->pending = collection->next;
		if (error == 0)
			error = copy_members(copying, collection);
		free(collection->href);
		free(collection);
	}
	return error;
}

static int copy_tree(struct copying *copying, const struct walk *walk, enum depth depth,
	const struct destination *destination)
{
	struct request *request = copying->request;
	const struct resource *resource = &walk->chain[walk->count - 1];
	struct buf href = {0};
	struct resource made;
	int error = destination_clear(copying->tx, destination), inherited;

	if (error == 0)
		error = store_copy(copying->tx, request->arena, resource, destination->parent,
			destination->segment, request->claim.bare, &made);
	if (error < 0 || !resource->collection || depth == DEPTH_0)
		return error;
	inherited = right_inherited(copying->tx, &request->claim, walk);
	if (inherited < 0)
		return inherited;
	multistatus_href(&href, walk);
	add_pending(copying, resource->id, made.id, inherited, buf_text(&href));
	buf_free(&href);
	return copy_pending(copying);
}

static void answer_partly(struct request *request, const struct buf *refused)
{
	struct buf *out = &request->answer.bytes;

	answer_begin(request, 207);
	request->answer.encodable = true;
	answer_header(request, "Content-Type", "application/xml; charset=utf-8");
	request->answer.kind = ANSWER_BYTES;
	multistatus_begin(out);
	buf_append(out, refused->data, refused->len);
	multistatus_end(out);
}

/* RFC 4918, 9.8: the copy is the copier's, without the lists. */
int copy_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	struct copying copying = {.request = request, .tx = tx};
	/* RFC 4918, 9.8.3 */
	enum depth depth = depth_of(request, DEPTH_INFINITY);
	struct destination destination;
	int error;

	if (depth != DEPTH_0 && depth != DEPTH_INFINITY) {
		answer_error(request, 400, NULL, "Depth is 0 or infinity.");
		return -ECANCELED;
	}
	error = destination_find(request, tx, walk, &destination);
	if (error == 0)
		error = copy_tree(&copying, walk, depth, &destination);
	if (error == 0 && copying.refused.len > 0)
		answer_partly(request, &copying.refused);
	else if (error == 0)
		destination_answer(request, &destination);
	buf_free(&copying.refused);
	return error;
}
