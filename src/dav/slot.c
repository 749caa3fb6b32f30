#include "dav/slot.h"

#include "dav/audit.h"
#include "dav/served.h"

#include <errno.h>

int slot_find(struct request *request, struct tx *tx)
{
	const struct path *path = &request->path;

	return path->depth == 1 && !path->collection ? store_slot_named(tx, path->segments[0].name)
						     : 0;
}

static bool is_taken(const struct walk *walk)
{
	return walk->count > walk->path->depth;
}

static enum step_result refuse_taken(struct request *request)
{
	return answer_error(
		request, 409, NULL, "Something has the slot's URL already. Ask for another slot.");
}

static enum step_result refuse_short(struct request *request)
{
	return answer_error(
		request, 400, NULL, "This is shorter than the size that the slot was asked for.");
}

enum step_result slot_check_length(struct request *request, uint64_t length)
{
	return length <= request->slot->length
		       ? STEP_NEXT
		       : answer_error(request, 413, NULL,
				 "This is longer than the size that the slot was asked for.");
}

/* The token proves its owner for the whole file and for nothing beside it. */
static enum step_result check_fields(struct request *request)
{
	const char *type = request_header(request, "Content-Type"),
		   *announced = request->slot->content_type;

	if (request_header(request, "Content-Range") || request_header(request, "If"))
		return answer_error(request, 400, NULL,
			"A slot is filled at once: without Content-Range and If.");
	if (type && announced && !served_is_same_type(type, announced))
		return answer_error(request, 415, NULL,
			"Content-Type is not the type that the slot was asked for.");
	return STEP_NEXT;
}

enum step_result slot_check(struct request *request, const struct walk *walk)
{
	int64_t length = request->content_length;

	if (check_fields(request) == STEP_ANSWER)
		return STEP_ANSWER;
	if (is_taken(walk))
		return refuse_taken(request);
	/* Of chunks it is seen when they have come. */
	if (length < 0)
		return STEP_NEXT;
	return (uint64_t)length < request->slot->length
		       ? refuse_short(request)
		       : slot_check_length(request, (uint64_t)length);
}

const char *slot_media_type(const struct request *request)
{
	const char *announced = request->slot->content_type;

	return announced ? announced : served_media_type(request_header(request, "Content-Type"));
}

int slot_use(struct request *request, struct tx *tx, const struct walk *walk)
{
	int error;

	if (is_taken(walk)) {
		refuse_taken(request);
		return -ECANCELED;
	}
	if (upload_length(request->upload) != request->slot->length) {
		refuse_short(request);
		return -ECANCELED;
	}
	error = store_slot_use(tx, request->slot->token);
	/* Another upload with the same token was quicker, and its file is gone again. */
	return error == -ENOENT ? answer_refuse(request, 409, NULL,
					  "The slot was used meanwhile. Ask for another.")
				: error;
}

/* The one place where what the slot was asked for, slot->purpose and slot->expires, becomes how long the file is kept. */
static int keep(
	const struct dav *dav, struct tx *tx, const struct slot *slot, const struct resource *made)
{
	int64_t latest = made->created + (int64_t)dav->expires_ephemeral;

	switch (slot->purpose) {
	case SLOT_MESSAGE:
		return store_expires_default(tx, made->id, dav->expires_message);
	case SLOT_PROFILE:
		return store_expires_default(tx, made->id, dav->expires_profile);
	case SLOT_PERMANENT:
		return store_expires_default(tx, made->id, dav->expires_permanent);
	case SLOT_EPHEMERAL:
		break;
	}
	if (!dav->expires_ephemeral || slot->expires < latest)
		latest = slot->expires;
	return store_expires_limit(tx, made->id, latest);
}

int slot_fill(struct request *request, struct tx *tx, struct resource *made)
{
	const struct slot *slot = request->slot;
	int error = store_displayname_set(tx, made->id, slot->displayname);

	if (error == 0 && request->dav->links)
		error = store_link_make(tx, made);
	if (error == 0 && request->dav->links)
		audit_link(request, true);
	return error < 0 ? error : keep(request->dav, tx, slot, made);
}
