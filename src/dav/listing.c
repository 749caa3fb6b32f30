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

/* A page that is being written. */
struct page {
	struct listing *listing;
	struct view *view;
	const struct jid *jid;
	int inherited; /* what the list of the collection says to who asks */
	struct buf *href, *out;
	size_t base;  /* of `href`, what the collection's takes */
	size_t count; /* of members, those that may not be read too */
};

static void go_on_behind(struct listing *listing, const struct resource *member)
{
	size_t length = strlen(member->name);

	assert(length < sizeof(listing->after));
	memcpy(listing->after, member->name, length + 1);
}

/* 1: the page is full. */
static int write_member(void *arg, const struct resource *member)
{
	struct page *page = arg;
	int readable = right_read_member(page->view->tx, page->jid, member, page->inherited),
	    error = 0;

	page->count++;
	if (readable < 0)
		return readable;
	if (readable) {
		page->href->len = page->base;
		uri_encode(page->href, member->spelling);
		if (member->collection)
			buf_puts(page->href, "/");
		page->view->resource = member;
		error = page->listing->row(
			page->listing, page->view, buf_text(page->href), page->out);
	}
	if (error < 0)
		return error;
	if (page->count < PAGE && page->out->len < PAGE_BYTES)
		return 0;
	go_on_behind(page->listing, member);
	return 1;
}

/* 1: there may be more. `href` is the collection's; each member's is written behind it. */
static int members_page(struct listing *listing, struct view *view, const struct walk *walk,
	struct buf *href, struct buf *out)
{
	const char *after = *listing->after ? listing->after : NULL;
	struct member_locks locks = {0};
	struct page page = {
		.listing = listing,
		.view = view,
		.jid = &view->request->claim,
		.inherited = right_inherited(view->tx, &view->request->claim, walk),
		.href = href,
		.out = out,
		.base = href->len,
	};
	int more;

	if (page.inherited < 0)
		return page.inherited;
	view->locks = &locks;
	if (last(walk)->id == STORE_ROOT)
		more = store_root_members(view->tx, page.jid, after, PAGE, write_member, &page);
	else
		more = store_members(view->tx, last(walk)->id, after, PAGE, write_member, &page);
	view->locks = NULL;
	return more;
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
