#include "dav/listing.h"
#include "dav/method.h"
#include "dav/multistatus.h"
#include "dav/pages.h"
#include "dav/request.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* A page ends at either; one row more may be in it. */
enum { PAGE = 256, PAGE_BYTES = 256 << 10 };

static const struct resource *last(const struct walk *walk)
{
	return &walk->chain[walk->count - 1];
}

static int members(const struct listing *listing, struct view *view, const struct walk *walk,
	struct resource **rows, size_t *count)
{
	const char *after = *listing->after ? listing->after : NULL;

	if (last(walk)->id == STORE_ROOT)
		return store_root_members(
			view->tx, view->arena, &view->request->claim, after, PAGE, rows, count);
	return store_members(view->tx, view->arena, last(walk)->id, after, PAGE, rows, count);
}

static void go_on_behind(struct listing *listing, const struct resource *row)
{
	assert(strlen(row->name) < sizeof(listing->after));
	strcpy(listing->after, row->name);
}

/* 1: there may be more. `href` is the collection's; each member's is written behind it. */
static int members_page(struct listing *listing, struct view *view, const struct walk *walk,
	struct buf *href, struct buf *out)
{
	const struct jid *jid = &view->request->claim;
	int inherited = right_inherited(view->tx, jid, walk);
	size_t base = href->len, count = 0;
	struct resource *rows;
	int error;

	if (inherited < 0)
		return inherited;
	error = members(listing, view, walk, &rows, &count);
	if (error < 0)
		return error;
	for (size_t i = 0; i < count; i++) {
		int readable = right_read_member(view->tx, jid, &rows[i], inherited);

		if (readable < 0)
			return readable;
		if (!readable)
			continue;
		href->len = base;
		uri_encode(href, rows[i].spelling);
		if (rows[i].collection)
			buf_puts(href, "/");
		view->resource = &rows[i];
		error = listing->row(listing, view, buf_text(href), out);
		if (error < 0)
			return error;
		if (out->len >= PAGE_BYTES) {
			go_on_behind(listing, &rows[i]);
			return 1;
		}
	}
	if (count == 0)
		return 0;
	go_on_behind(listing, &rows[count - 1]);
	return count == PAGE;
}

static int write_listing(struct listing *listing, struct view *view, const struct walk *walk,
	struct buf *href, struct buf *out)
{
	int more = 0;

	walk_href(href, walk);
	if (!listing->begun && listing->begin)
		listing->begin(out);
	if (!listing->begun && listing->self) {
		view->resource = last(walk);
		more = listing->row(listing, view, buf_text(href), out);
	}
	listing->begun = true;
	if (more == 0 && listing->members && last(walk)->collection)
		more = members_page(listing, view, walk, href, out);
	if (more == 0 && listing->end)
		listing->end(out);
	return more;
}

static int write_page(void *state, struct view *view, const struct walk *walk, struct buf *out)
{
	struct buf href = {0};
	int more = write_listing(state, view, walk, &href, out);

	buf_free(&href);
	return more;
}

void listing_headers(struct request *request, const struct walk *walk)
{
	struct buf href = {0};

	request->answer.encodable = true;
	if (!last(walk)->collection || request->path.collection)
		return;
	walk_href(&href, walk);
	answer_header(request, "Content-Location", arena_strdup(request->arena, buf_text(&href)));
	buf_free(&href);
}

int listing_answer(
	struct request *request, struct tx *tx, const struct walk *walk, struct listing *listing)
{
	struct pages *pages = arena_alloc(request->arena, sizeof(*pages));
	int error;

	*pages = (struct pages){.right = RIGHT_READ, .write = write_page, .state = listing};
	error = pages_answer(request, tx, walk, pages, listing->status, listing->content_type);
	if (error < 0)
		return error;
	listing_headers(request, walk);
	return 0;
}

static int write_text(
	const struct listing *listing, const struct view *view, const char *href, struct buf *out)
{
	buf_puts(out, view->request->dav->base_url);
	buf_puts(out, href);
	buf_puts(out, "\n");
	return 0;
}

int listing_answer_text(struct request *request, struct tx *tx, const struct walk *walk)
{
	struct listing *listing = arena_alloc(request->arena, sizeof(*listing));

	*listing = (struct listing){
		.members = true,
		.content_type = "text/plain; charset=utf-8",
		.status = 200,
		.row = write_text,
	};
	return listing_answer(request, tx, walk, listing);
}
