#include "dav/pages.h"

#include "dav/request.h"

#include <errno.h>

static int64_t resource_of(const struct walk *walk)
{
	return walk->chain[walk->count - 1].id;
}

static int page_of(struct request *request, struct tx *tx, const struct walk *walk, struct buf *out)
{
	const struct pages *pages = request->answer.page_state;
	struct view view = {.request = request, .tx = tx, .arena = arena_new()};
	int more = pages->write(pages->state, &view, walk, out);

	arena_free(view.arena);
	return more;
}

/* 0, or negative errno: the app password has expired or was revoked since. */
static int lives(const struct request *request, struct tx *tx)
{
	int is = store_password_lives(tx, request->scope.password);

	return is == 0 ? -EACCES : is < 0 ? is : 0;
}

/* What was allowed for the first page may have been taken back since, and what has the URL now be another resource, or nothing. */
static int next_page(struct request *request, struct tx *tx, struct buf *out)
{
	const struct pages *pages = request->answer.page_state;
	struct arena *arena = arena_new();
	struct walk walk;
	int more = store_walk(tx, arena, &request->path, &walk);

	if (more == 0 && resource_of(&walk) != pages->resource)
		more = -EACCES;
	if (more == 0 && request->scope.password)
		more = lives(request, tx);
	if (more == 0)
		more = right_ask(request, tx, &walk, pages->right);
	if (more >= 0)
		more = more == 1 ? page_of(request, tx, &walk, out) : -EACCES;
	arena_free(arena);
	return more;
}

int pages_answer(struct request *request, struct tx *tx, const struct walk *walk,
	struct pages *pages, int status, const char *content_type)
{
	struct answer *answer = &request->answer;
	int more;

	answer_begin(request, status);
	pages->resource = resource_of(walk);
	answer->page_state = pages;
	more = page_of(request, tx, walk, &answer->bytes);
	if (more < 0)
		return more;
	answer->kind = more ? ANSWER_PAGES : ANSWER_BYTES;
	answer->page = next_page;
	answer->encodable = true;
	answer_header(request, "Content-Type", content_type);
	return 0;
}
