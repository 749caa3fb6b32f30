#include "dav/depth.h"
#include "dav/destination.h"
#include "dav/methods.h"
#include "dav/multistatus.h"
#include "dav/request.h"
#include "dav/right.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A COPY is one change: while it is made nobody else changes anything. */
enum { PAGE = 256, COPIES_MAX = 100000, REFUSED_MAX = 16 << 20 /* bytes of a 207 */ };

/* A collection that was copied, and whose members are to follow: those behind `after`. */
struct pending {
	struct pending *next;
	int64_t from, to;
	int inherited;    /* what the list of `from` says to the copier */
	size_t depth;     /* of `from` below the root */
	int64_t nameable; /* `from`, or what is nearest above it and not too deep for a URL */
	char after[NAME_MAX_BYTES + 1];
};

/*
 * A tree that is being copied: what the copier may not read stays behind, and is told. Trees are as deep as their owners make them: so there is
 * a list and no recursion, and no path is made before somebody is to be told one.
 */
struct copying {
	struct request *request;
	struct tx *tx;
	struct pending *pending;
	size_t count;       /* of members that were copied */
	struct buf refused; /* responses of a 207 */
	struct buf href;    /* of what has the id href_of */
	int64_t href_of;
	bool told; /* that below it something too deep for a URL was refused */
};

static void add_pending(struct copying *copying, const struct pending *collection)
{
	struct pending *pending = malloc(sizeof(*pending));

	if (!pending)
		abort();
	*pending = *collection;
	pending->next = copying->pending;
	copying->pending = pending;
}

static int find_href(struct copying *copying, struct arena *arena, int64_t collection)
{
	struct walk walk;
	int error;

	if (copying->href_of == collection)
		return 0;
	error = store_chain(copying->tx, arena, collection, &walk);
	if (error < 0)
		return error;
	copying->href.len = 0;
	walk_href(&copying->href, &walk);
	copying->href_of = collection;
	copying->told = false;
	return 0;
}

/* What no URL is long enough for is told by the URL above it, once. */
static int tell_refused(struct copying *copying, struct arena *arena,
	const struct pending *collection, const struct resource *member)
{
	int error = find_href(copying, arena, collection->nameable);
	struct buf *href = &copying->href, *out = &copying->refused;
	size_t base = href->len;

	if (error < 0)
		return error;
	if (out->len > REFUSED_MAX)
		return answer_refuse(copying->request, 403, NULL,
			"You may not read too much of what is in there.");
	if (collection->depth < PATH_DEPTH_MAX) {
		uri_encode(href, member->spelling);
		buf_puts(href, member->collection ? "/" : "");
	} else if (copying->told) {
		return 0;
	} else {
		copying->told = true;
	}
	multistatus_response_begin(out, buf_text(href));
	buf_printf(out, "<D:status>HTTP/1.1 403 %s</D:status>", status_reason(403));
	multistatus_response_end(out);
	href->len = base;
	return 0;
}

/* Members of a page that follow each other and are copied: those behind `after`, up to `last`. */
struct run {
	const char *after, *last;
};

/* A collection among them. */
struct inner {
	int64_t id;
	const char *name;
	bool has_list;
};

/* A page of the members of one collection: what is to be done when all have been looked at, as nothing changes while members are told. */
struct page {
	struct copying *copying;
	const struct pending *collection;
	struct arena *arena;
	size_t count;         /* of all members */
	const char *previous; /* the last one's name */
	bool running;         /* it is the last of the last run */
	struct run runs[PAGE];
	struct inner inner[PAGE];
	struct resource *refused[PAGE];
	size_t run_count, inner_count, refused_count;
};

static int look_at_member(void *arg, const struct resource *member)
{
	struct page *page = arg;
	struct copying *copying = page->copying;
	int readable = right_read_member(
		copying->tx, &copying->request->claim, member, page->collection->inherited);
	const char *name = arena_strdup(page->arena, member->name);

	if (readable < 0)
		return readable;
	if (!readable)
		page->refused[page->refused_count++] = resource_copy(page->arena, member);
	else if (++copying->count > COPIES_MAX)
		return answer_refuse(copying->request, 403, NULL,
			"This is too much to copy at once. Copy what is in it, one after the "
			"other.");
	if (readable && !page->running)
		page->runs[page->run_count++].after = page->previous;
	if (readable)
		page->runs[page->run_count - 1].last = name;
	if (readable && member->collection)
		page->inner[page->inner_count++] =
			(struct inner){member->id, name, member->has_list};
	page->running = readable;
	page->previous = name;
	page->count++;
	return 0;
}

/* What is in a collection that was copied is to follow. */
static int add_inner(struct page *page, const struct inner *inner)
{
	const struct pending *collection = page->collection;
	struct copying *copying = page->copying;
	struct pending pending = {
		.from = inner->id,
		.inherited = collection->inherited,
		.depth = collection->depth + 1,
	};
	int error = store_member_id(copying->tx, collection->to, inner->name, &pending.to);

	if (error == 0 && inner->has_list)
		pending.inherited =
			store_list_names(copying->tx, inner->id, &copying->request->claim);
	if (error < 0 || pending.inherited < 0)
		return error < 0 ? error : pending.inherited;
	pending.nameable = pending.depth <= PATH_DEPTH_MAX ? inner->id : collection->nameable;
	add_pending(copying, &pending);
	return 0;
}

static int copy_page(struct page *page)
{
	const struct pending *collection = page->collection;
	struct copying *copying = page->copying;
	int error = 0;

	for (size_t i = 0; error == 0 && i < page->refused_count; i++)
		error = tell_refused(copying, page->arena, collection, page->refused[i]);
	for (size_t i = 0; error == 0 && i < page->run_count; i++)
		error = store_copy_members(copying->tx, collection->from, collection->to,
			page->runs[i].after, page->runs[i].last, copying->request->claim.bare);
	for (size_t i = 0; error == 0 && i < page->inner_count; i++)
		error = add_inner(page, &page->inner[i]);
	return error;
}

/* What is in the collections of a page comes before the next page, so that little is pending. */
static int copy_members(struct copying *copying, const struct pending *collection)
{
	struct arena *arena = arena_new();
	struct page *page = arena_alloc(arena, sizeof(*page));
	struct pending rest = *collection;
	int error;

	page->copying = copying;
	page->collection = collection;
	page->arena = arena;
	page->previous = collection->after;
	error = store_members(
		copying->tx, collection->from, collection->after, PAGE, look_at_member, page);
	if (error == 0 && page->count == PAGE) {
		assert(strlen(page->previous) < sizeof(rest.after));
		strcpy(rest.after, page->previous);
		add_pending(copying, &rest);
	}
	if (error == 0)
		error = copy_page(page);
	arena_free(arena);
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
		free(collection);
	}
	return error;
}

static int copy_tree(struct copying *copying, const struct walk *walk, enum depth depth,
	const struct destination *destination)
{
	struct request *request = copying->request;
	const struct resource *resource = &walk->chain[walk->count - 1];
	struct pending whole = {
		.from = resource->id, .nameable = resource->id, .depth = walk->count - 1};
	struct resource made;
	int error = destination_clear(copying->tx, destination);

	if (error == 0)
		error = store_copy(copying->tx, request->arena, resource, destination->parent,
			destination->segment, request->claim.bare, &made);
	if (error < 0 || !resource->collection || depth == DEPTH_0)
		return error;
	whole.to = made.id;
	whole.inherited = right_inherited(copying->tx, &request->claim, walk);
	if (whole.inherited < 0)
		return whole.inherited;
	add_pending(copying, &whole);
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

	if (depth != DEPTH_0 && depth != DEPTH_INFINITY)
		return answer_refuse(request, 400, NULL, "Depth is 0 or infinity.");
	error = destination_find(request, tx, walk, &destination);
	if (error == 0)
		error = copy_tree(&copying, walk, depth, &destination);
	if (error == 0 && copying.refused.len > 0)
		answer_partly(request, &copying.refused);
	else if (error == 0)
		destination_answer(request, &destination);
	buf_free(&copying.refused);
	buf_free(&copying.href);
	return error;
}
