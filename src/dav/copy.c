#include "dav/destination.h"
#include "dav/methods.h"
#include "dav/multistatus.h"
#include "dav/request.h"
#include "dav/right.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { PAGE = 256 };

/* A tree that is being copied: what the copier may not read stays behind, and is told. */
struct copying {
	struct request *request;
	struct tx *tx;
	struct buf refused; /* responses of a 207 */
};

static int copy_members(struct copying *copying, struct arena *arena, const struct resource *from,
	const struct resource *to, int inherited, const char *href);

static void tell_refused(struct copying *copying, const char *href)
{
	multistatus_response_begin(&copying->refused, href);
	buf_printf(&copying->refused, "<D:status>HTTP/1.1 403 %s</D:status>", status_reason(403));
	multistatus_response_end(&copying->refused);
}

/* One member and what is below it. `inherited`: what the list of its parent says to the copier. */
static int copy_member(struct copying *copying, const struct resource *member,
	const struct resource *to, int inherited, const char *href)
{
	struct request *request = copying->request;
	struct arena *arena = arena_new();
	const struct segment segment = {member->name, member->spelling};
	int readable = right_read_member(copying->tx, &request->claim, member, inherited),
	    error = readable;
	struct resource made;

	if (readable == 0)
		tell_refused(copying, href);
	if (readable == 1)
		error = store_copy(
			copying->tx, arena, member, to->id, &segment, request->claim.bare, &made);
	if (readable == 1 && error == 0 && member->collection) {
		if (member->has_list)
			inherited = store_list_names(copying->tx, member->id, &request->claim);
		error = inherited < 0
				? inherited
				: copy_members(copying, arena, member, &made, inherited, href);
	}
	arena_free(arena);
	return error < 0 ? error : 0;
}

static int copy_members(struct copying *copying, struct arena *arena, const struct resource *from,
	const struct resource *to, int inherited, const char *href)
{
	struct buf path = {0};
	const char *after = NULL;
	size_t count = PAGE;
	int error = 0;

	while (error == 0 && count == PAGE) {
		struct resource *members;

		error = store_members(copying->tx, arena, from->id, after, PAGE, &members, &count);
		for (size_t i = 0; error == 0 && i < count; i++) {
			path.len = 0;
			buf_puts(&path, href);
			uri_encode(&path, members[i].spelling);
			buf_puts(&path, members[i].collection ? "/" : "");
			error = copy_member(copying, &members[i], to, inherited, buf_text(&path));
			after = members[i].name;
		}
	}
	buf_free(&path);
	return error;
}

/* RFC 4918, 9.8.3: 0 or infinity, which it is when nothing is said. -1: neither. */
static int copies_members(const struct request *request)
{
	const char *depth = request_header(request, "Depth");

	if (!depth || strcasecmp(depth, "infinity") == 0)
		return 1;
	return strcmp(depth, "0") == 0 ? 0 : -1;
}

static int copy_tree(
	struct copying *copying, const struct walk *walk, const struct destination *destination)
{
	struct request *request = copying->request;
	const struct resource *resource = &walk->chain[walk->count - 1];
	struct buf href = {0};
	struct resource made;
	int error = destination_clear(copying->tx, destination), inherited;

	if (error == 0)
		error = store_copy(copying->tx, request->arena, resource, destination->parent,
			destination->segment, request->claim.bare, &made);
	if (error < 0 || !resource->collection || copies_members(request) == 0)
		return error;
	inherited = right_inherited(copying->tx, &request->claim, walk);
	multistatus_href(&href, walk);
	error = inherited < 0 ? inherited
			      : copy_members(copying, request->arena, resource, &made, inherited,
					buf_text(&href));
	buf_free(&href);
	return error;
}

static void answer_partly(struct request *request, const struct buf *refused)
{
	struct buf *out = &request->answer.bytes;

	answer_begin(request, 207);
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
	struct destination destination;
	int error;

	if (copies_members(request) < 0) {
		answer_error(request, 400, NULL, "Depth is 0 or infinity.");
		return -ECANCELED;
	}
	error = destination_find(request, tx, walk, &destination);
	if (error == 0)
		error = copy_tree(&copying, walk, &destination);
	if (error == 0 && copying.refused.len > 0)
		answer_partly(request, &copying.refused);
	else if (error == 0)
		destination_answer(request, &destination);
	buf_free(&copying.refused);
	return error;
}
