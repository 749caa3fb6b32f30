#include "dav/right.h"
#include "base/text.h"
#include "dav/request.h"

#include <string.h>

static bool mapped(const struct walk *walk)
{
	return walk->count == walk->path->depth + 1;
}

static const struct resource *last(const struct walk *walk)
{
	return &walk->chain[walk->count - 1];
}

static bool owns(const struct jid *jid, const struct resource *resource)
{
	return resource->id != STORE_ROOT && strcmp(resource->owner, jid->bare) == 0;
}

/* An account of a domain in users; a domain or a service by itself is nobody's account. */
bool right_may_upload(const struct dav *dav, const struct jid *jid)
{
	if (!jid_has_localpart(jid))
		return false;
	return text_has_word(dav->users, jid->domain);
}

/* Nothing is mapped: who owns the collection that is nearest may create below it; in the root every uploader. */
static bool may_create(const struct dav *dav, const struct jid *jid, const struct walk *walk)
{
	const struct resource *nearest = last(walk);

	return right_may_upload(dav, jid) && (nearest->id == STORE_ROOT || owns(jid, nearest));
}

int right_inherited(struct tx *tx, const struct jid *jid, const struct walk *walk)
{
	for (size_t i = walk->count; i-- > 0;)
		if (walk->chain[i].has_list)
			return store_list_names(tx, walk->chain[i].id, jid);
	return 0;
}

int right_read_member(
	struct tx *tx, const struct jid *jid, const struct resource *member, int inherited)
{
	if (owns(jid, member))
		return 1;
	return member->has_list ? store_list_names(tx, member->id, jid) : inherited;
}

static int is_there(void *arg, const struct resource *member)
{
	return 1;
}

/* The root is there for who may upload, and for whom something in it is shared with. */
static int may_see_root(const struct dav *dav, struct tx *tx, const struct jid *jid)
{
	return right_may_upload(dav, jid) ? 1
					  : store_root_members(tx, jid, NULL, 1, is_there, NULL);
}

static int may_read(
	const struct dav *dav, struct tx *tx, const struct jid *jid, const struct walk *walk)
{
	if (last(walk)->id == STORE_ROOT)
		return may_see_root(dav, tx, jid);
	return owns(jid, last(walk)) ? 1 : right_inherited(tx, jid, walk);
}

bool right_of_anybody(const struct dav *dav, const struct walk *walk)
{
	/* A slash at the end names something else. */
	return dav->links && mapped(walk) && !walk->path->collection && last(walk)->link;
}

int right_of_account(const struct dav *dav, struct tx *tx, const struct jid *jid,
	const struct walk *walk, enum right right)
{
	if (!mapped(walk))
		return right == RIGHT_READ || right == RIGHT_OWN ? 0 : may_create(dav, jid, walk);
	switch (right) {
	case RIGHT_READ:
	case RIGHT_LOOK:
	case RIGHT_FETCH:
		return may_read(dav, tx, jid, walk);
	case RIGHT_OWN:
		return owns(jid, last(walk));
	case RIGHT_CHANGE:
	case RIGHT_REMOVE:
		return last(walk)->id == STORE_ROOT ? right_may_upload(dav, jid)
						    : owns(jid, last(walk));
	case RIGHT_UPLOAD:
		return may_create(dav, jid, walk);
	}
	return 0;
}

static bool is_in_scope(const struct request *request, const struct walk *walk, enum right right)
{
	const struct scope *scope = &request->scope;

	if (scope->read_only &&
		(right == RIGHT_CHANGE || right == RIGHT_REMOVE || right == RIGHT_UPLOAD))
		return false;
	/* A principal is in no collection, and public; it has the root's walk. What conditions name has another. */
	if (!scope->collection || (request->principal && walk->path->depth == 0))
		return true;
	for (size_t i = 0; i < walk->count; i++)
		if (walk->chain[i].id == scope->collection)
			return right != RIGHT_REMOVE || i < walk->path->depth;
	return false;
}

int right_ask(
	const struct request *request, struct tx *tx, const struct walk *walk, enum right right)
{
	if (request->by_link)
		return right == RIGHT_FETCH && right_of_anybody(request->dav, walk);
	return is_in_scope(request, walk, right)
		       ? right_of_account(request->dav, tx, &request->claim, walk, right)
		       : 0;
}
