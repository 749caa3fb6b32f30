/*
 * REPORT (RFC 3253, 3.6). The one report is sync-collection (RFC 6578), of level 1, on a collection of the asker's own: which members are
 * new, changed or gone since a token. It is made in pages as a listing is.
 */
#include "base/codec.h"
#include "dav/document.h"
#include "dav/methods.h"
#include "dav/multistatus.h"
#include "dav/pages.h"
#include "dav/propstat.h"
#include "dav/request.h"
#include "dav/sync.h"
#include "xml/reader.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* A page ends at either; one row more may be in it. */
enum { PAGE = 256, PAGE_BYTES = 256 << 10 };

struct sync {
	struct wanted wanted;
	int64_t after; /* the change up to which has been told */
	int64_t last;  /* what comes behind it is left to the next report */
	uint64_t left; /* members that may still be told */
	bool initial;  /* what is gone is nothing to who knows of nothing (RFC 6578, 3.4) */
	bool begun;
};

/* RFC 6578, 3.2: a token of ours that is not too old, or none for everything. */
static int read_token(struct request *request, struct tx *tx, const struct resource *collection,
	const char *token, struct sync *sync)
{
	int64_t forgotten;
	int error = store_changes(tx, &sync->last, &forgotten);

	sync->initial = !*token;
	if (error < 0 || sync->initial)
		return error;
	error = sync_token_read(tx, request->arena, token, collection, &sync->after);
	if (error < 0)
		return error;
	if (error == 0 || sync->after > sync->last || sync->after < forgotten)
		return answer_refuse(request, 403, "valid-sync-token",
			"This token is not of this collection, or too old: begin again without "
			"one.");
	return 0;
}

/* RFC 5323, 5.17 */
static int read_limit(struct request *request, const struct xml_node *root, struct sync *sync)
{
	const struct xml_node *limit = xml_child(root, NS_DAV, "limit"),
			      *results = limit ? xml_child(limit, NS_DAV, "nresults") : NULL;
	int64_t number = INT64_MAX;

	if (results &&
		(decimal_parse(xml_text(request->arena, results), &number) < 0 || number < 1))
		return answer_refuse(request, 400, NULL, "DAV:nresults is a number from 1 on.");
	sync->left = (uint64_t)number;
	return 0;
}

/* RFC 6578, 6.1 */
static int read_body(struct request *request, struct tx *tx, const struct resource *collection,
	struct sync *sync)
{
	const struct xml_node *root, *token, *level, *prop;
	const char *depth = request_header(request, "Depth");
	int error = document_read(request, NULL, "The body is no XML.", &root);

	if (error < 0)
		return error;
	if (!xml_is(root, NS_DAV, "sync-collection"))
		return answer_refuse(request, 403, "supported-report", NULL);
	token = xml_child(root, NS_DAV, "sync-token");
	level = xml_child(root, NS_DAV, "sync-level");
	prop = xml_child(root, NS_DAV, "prop");
	if (!token || !level || !prop || (depth && strcmp(depth, "0") != 0))
		return answer_refuse(request, 400, NULL,
			"DAV:sync-collection has a sync-token, a sync-level and a prop, and Depth "
			"is "
			"0 (RFC 6578, 3.2).");
	if (strcmp(xml_text(request->arena, level), "1") != 0)
		return answer_refuse(request, 403, "sync-traversal-supported", "The level is 1.");
	sync->wanted.kind = PROP;
	error = wanted_names(request, prop, &sync->wanted);
	if (error == 0)
		error = read_limit(request, root, sync);
	return error < 0
		       ? error
		       : read_token(request, tx, collection, xml_text(request->arena, token), sync);
}

static int write_changed(const struct sync *sync, struct view *view, struct changed *changed,
	struct buf *href, struct buf *out)
{
	uri_encode(href, changed->resource.spelling);
	view->resource = &changed->resource;
	if (!changed->gone && changed->resource.collection)
		buf_puts(href, "/");
	if (!changed->gone)
		return propstat_response(&sync->wanted, view, buf_text(href), out);
	multistatus_response_begin(out, buf_text(href));
	buf_printf(out, "<D:status>HTTP/1.1 404 %s</D:status>", status_reason(404));
	multistatus_response_end(out);
	return 0;
}

/* The token from which the next report goes on; before it, that there is more, when the asker wanted no more. */
static void write_end(const struct sync *sync, const struct tx *tx, const struct walk *walk,
	bool cut_short, struct buf *out)
{
	if (cut_short) {
		struct buf href = {0};

		walk_href(&href, walk);
		multistatus_response_begin(out, buf_text(&href));
		buf_printf(out,
			"<D:status>HTTP/1.1 507 %s</D:status>"
			"<D:error><D:number-of-matches-within-limits/></D:error>",
			status_reason(507));
		multistatus_response_end(out);
		buf_free(&href);
	}
	buf_puts(out, "<D:sync-token>");
	sync_token(out, tx, &walk->chain[walk->count - 1], cut_short ? sync->after : sync->last);
	buf_puts(out, "</D:sync-token>\n");
	multistatus_end(out);
}

/* 1: there may be more; 0: that was all. */
static int write_page(void *state, struct view *view, const struct walk *walk, struct buf *out)
{
	struct sync *sync = state;
	size_t most = sync->left < PAGE ? (size_t)sync->left : PAGE, count = 0, told = 0, base;
	int64_t collection = walk->chain[walk->count - 1].id;
	struct member_locks locks = {0};
	struct changed *changed;
	struct buf href = {0};
	/* One more than is told shows whether there is more. */
	int error = store_changed(view->tx, view->arena, collection, sync->after, sync->last,
		most + 1, &changed, &count);

	if (!sync->begun)
		multistatus_begin(out);
	sync->begun = true;
	walk_href(&href, walk);
	base = href.len;
	view->locks = &locks;
	for (; error == 0 && told < count && told < most && out->len < PAGE_BYTES; told++) {
		href.len = base;
		sync->after = changed[told].resource.change;
		if (sync->initial && changed[told].gone)
			continue;
		error = write_changed(sync, view, &changed[told], &href, out);
		sync->left--;
	}
	buf_free(&href);
	view->locks = NULL;
	if (error < 0)
		return error;
	if (told < count && sync->left > 0)
		return 1;
	write_end(sync, view->tx, walk, told < count, out);
	return 0;
}

int report_select(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct resource *resource = &walk->chain[walk->count - 1];
	struct sync *sync = arena_alloc(request->arena, sizeof(*sync));
	struct pages *pages = arena_alloc(request->arena, sizeof(*pages));
	int error;

	if (!resource->collection || resource->id == STORE_ROOT ||
		strcmp(resource->owner, request->claim.bare) != 0)
		return answer_refuse(request, 403, "supported-report", NULL);
	error = read_body(request, tx, resource, sync);
	if (error < 0)
		return error;
	*pages = (struct pages){.right = RIGHT_OWN, .write = write_page, .state = sync};
	return pages_answer(request, tx, walk, pages, 207, "application/xml; charset=utf-8");
}
