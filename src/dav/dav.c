#include "dav/dav.h"
#include "base/codec.h"
#include "dav/audit.h"
#include "dav/checksum.h"
#include "dav/if.h"
#include "dav/link.h"
#include "dav/method.h"
#include "dav/part.h"
#include "dav/precondition.h"
#include "dav/quota.h"
#include "dav/served.h"
#include "dav/slot.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Content that is read before anything is looked at: refusing it early saves nothing. */
enum { SMALL = 64 << 10 };

static unsigned mapped_to(const struct walk *walk)
{
	const struct resource *resource = &walk->chain[walk->count - 1];

	if (walk->count <= walk->path->depth)
		return ON_UNMAPPED;
	/* A URL with a slash at its end names a collection (RFC 4918, 5.2). */
	if (!resource->collection)
		return walk->path->collection ? ON_UNMAPPED : ON_FILE;
	return resource->id == STORE_ROOT ? ON_ROOT : ON_COLLECTION;
}

/* Why the right is not there: the scope of the proof, or `otherwise`; not by what is mapped. */
static const char *why_not(const struct request *request, const char *otherwise)
{
	if (request->scope.read_only && request->method->commit)
		return "This app password is for reading only.";
	if (request->scope.collection)
		return "You may not do this here: this app password is for one collection, and "
		       "for what is in it.";
	return otherwise;
}

/* The same bytes whether something is there or not. */
static void answer_hidden(struct request *request)
{
	if (request->method->hidden == 404)
		answer_error(request, 404, NULL, "There is nothing here.");
	else
		answer_error(request, 403, NULL,
			why_not(request,
				"You may not do this here. Was something shared with "
				"you? Then ask who shared it to put your JID on its list."));
}

static void answer_not_allowed(struct request *request, unsigned on)
{
	struct buf allow = {0};

	method_allow(&allow, on);
	answer_error(request, 405, NULL, "This cannot be done to what is here.");
	answer_header(request, "Allow", arena_strdup(request->arena, buf_text(&allow)));
	buf_free(&allow);
}

/* 1: the right is there; 0: it is not; negative: the store cannot say. */
static int look_up(struct request *request, struct tx *tx, struct walk *walk)
{
	int error = store_walk(tx, request->arena, &request->path, walk);

	if (error < 0)
		return error;
	return right_ask(request, tx, walk, request->method->right);
}

/* Bytes that are to come; Finder says so although it sends chunks. -1: nobody knows. */
static int64_t announced(const struct request *request)
{
	const char *expected = request_header(request, "X-Expected-Entity-Length");
	int64_t length = request->content_length;

	if (length < 0 && expected && decimal_parse(expected, &length) < 0)
		length = -1;
	return length;
}

/* What is wrong with an upload whatever is mapped: said before a person is asked and content is sent. */
static enum step_result check_upload(struct request *request)
{
	request->room = UINT64_MAX;
	if (announced(request) > (int64_t)request->dav->max_file_size)
		return answer_errno(request, -EFBIG);
	return part_read(request) == STEP_NEXT ? checksum_read(request) : STEP_ANSWER;
}

/* What is there, or is to come: whoever has the right may be told in a prompt. */
static void find_subject(struct request *request, const struct walk *walk)
{
	const struct path *path = &request->path;
	const struct resource *there = walk->count > path->depth ? &walk->chain[path->depth] : NULL;

	request->subject.name = path->depth ? path->segments[path->depth - 1].name : NULL;
	request->subject.size = there && !there->collection ? (int64_t)there->length : -1;
	request->subject.owner = NULL;
	if (there && *there->owner && strcmp(there->owner, request->claim.bare) != 0)
		request->subject.owner = there->owner;
	if (request->method->body == METHOD_BODY_CONTENT)
		request->subject.size =
			request->part ? (int64_t)request->part->total : announced(request);
}

/* The second URL, before a person is asked; destination_find() asks again in the commit. */
static enum step_result authorize_destination(struct request *request, struct tx *tx)
{
	struct walk walk;
	int right = store_walk(tx, request->arena, &request->destination, &walk);

	if (right == 0)
		right = right_ask(request, tx, &walk, RIGHT_UPLOAD);
	if (right < 0)
		return answer_errno(request, right);
	request->refused = !right;
	return right ? STEP_NEXT
		     : answer_error(request, 403, NULL,
			       why_not(request, "You may not put anything there."));
}

/* RFC 9110, 8.4: whatever takes a body takes it as it is; content that was stored under a coding would be served without. */
static enum step_result check_coding(struct request *request)
{
	const char *coding = request_header(request, "Content-Encoding");

	if (request->method->body == METHOD_BODY_NONE || !coding || served_is_identity(coding))
		return STEP_NEXT;
	answer_error(request, 415, NULL, "Bodies are taken without a Content-Encoding.");
	answer_header(request, "Accept-Encoding", "identity");
	return STEP_ANSWER;
}

enum step_result dav_look(struct request *request, struct tx *tx, struct walk *walk)
{
	bool fetches = request->method->right == RIGHT_FETCH;
	int found = 0;

	if (request->claimed)
		found = store_walk(tx, request->arena, &request->path, walk);
	else if (fetches)
		found = link_find(request, tx);
	if (found == 0 && request->claimed && fetches)
		found = right_of_anybody(request->dav, walk);
	if (found < 0)
		return answer_errno(request, found);
	if (found == 1) {
		request->by_link = request->any_origin = true;
		request->claimed = false;
	}
	return STEP_NEXT;
}

enum step_result dav_authorize(struct request *request, struct tx *tx, const struct walk *walk)
{
	int right;

	if (!request->claimed)
		return STEP_NEXT;
	right = right_ask(request, tx, walk, request->method->right);
	if (right < 0)
		return answer_errno(request, right);
	if (right == 0 && request->method->anonymous) {
		request->claimed = false;
		return STEP_NEXT;
	}
	if (right == 0) {
		request->refused = true;
		answer_hidden(request);
		return STEP_ANSWER;
	}
	if (request->method->destination && authorize_destination(request, tx) == STEP_ANSWER)
		return STEP_ANSWER;
	if (!request->method->destination && check_coding(request) == STEP_ANSWER)
		return STEP_ANSWER;
	if (request->slot && slot_check(request, walk) == STEP_ANSWER)
		return STEP_ANSWER;
	if (request->method->body == METHOD_BODY_CONTENT && check_upload(request) == STEP_ANSWER)
		return STEP_ANSWER;
	find_subject(request, walk);
	return STEP_NEXT;
}

/* Conditions on the request, and the locks on what it touches; OPTIONS is about no state (RFC 9110, 13.2.1). 0, a negative errno, or -ECANCELED with an answer. */
static int check_conditions(struct request *request, struct tx *tx, const struct walk *walk,
	const struct resource *resource)
{
	int error;

	if (request->method->anonymous)
		return 0;
	error = precondition_check(request, walk, resource);
	if (error == 0 && request->by_link && request_header(request, "If"))
		/* Nobody is known whose locks and resources it could be about. */
		return answer_refuse(
			request, 412, NULL, "What is here is not what the request expects.");
	if (error == 0 && !request->by_link)
		error = if_check(request, tx, walk);
	if (error == 0 && request->method->touches)
		error = locked_check(request, tx, walk, request->method->touches);
	return error;
}

/* Whether what is not there could be made: the collection that it would be in is there. */
static bool has_place(const struct walk *walk)
{
	return walk->count == walk->path->depth && walk->chain[walk->count - 1].collection;
}

/* What both kinds of method have in common before they begin: 0, a negative errno, or -ECANCELED with an answer. */
static int prepare(struct request *request, struct tx *tx, struct walk *walk)
{
	const struct method *method = request->method;
	unsigned on;
	int right;

	right = look_up(request, tx, walk);
	if (right < 0)
		return right;
	on = mapped_to(walk);
	if (right == 0)
		answer_hidden(request);
	else if (!(method->on & on) && on == ON_UNMAPPED)
		answer_error(request, 404, NULL, "There is nothing here.");
	else if (!(method->on & on))
		answer_not_allowed(request, on);
	else if (on == ON_UNMAPPED && method->commit && walk->count > walk->path->depth)
		/* What ends in a slash cannot be made where a file has the name. */
		answer_not_allowed(request, ON_FILE);
	else if (on == ON_UNMAPPED && method->commit && !has_place(walk))
		answer_error(request, 409, NULL,
			"The collection to put it into is not there (MKCOL makes one).");
	else
		return check_conditions(request, tx, walk,
			on == ON_UNMAPPED ? NULL : &walk->chain[walk->count - 1]);
	return -ECANCELED;
}

bool dav_admits(const struct request *request)
{
	return request->method->body == METHOD_BODY_CONTENT && !request->admitted &&
	       (request->part || request->content_length < 0 || request->content_length > SMALL ||
		       request_header(request, "Expect"));
}

/* What the content may have: what is left of the quota, and what it takes the place of. */
static int find_room(struct request *request, struct tx *tx, const struct walk *walk)
{
	const struct resource *last = &walk->chain[walk->count - 1];
	int error = quota_rest(request->dav, tx, request->claim.bare, &request->room);

	if (error < 0 || request->room == UINT64_MAX)
		return error;
	if (walk->count > walk->path->depth)
		request->room += last->length;
	return announced(request) > 0 && (uint64_t)announced(request) > request->room ? -EDQUOT : 0;
}

enum step_result dav_admit(struct request *request, struct tx *tx)
{
	struct walk walk;
	int error;

	assert(request->claimed && request->proven);
	request->admitted = true;
	error = prepare(request, tx, &walk);
	if (error == 0)
		error = find_room(request, tx, &walk);
	if (error == 0 && request->part)
		error = part_admit(request, tx);
	if (error == 0 && request->part && request->room != UINT64_MAX)
		request->room += request->part->first;
	if (error < 0 && error != -ECANCELED)
		return answer_errno(request, error);
	return error < 0 ? STEP_ANSWER : STEP_NEXT;
}

/* OPTIONS without a claim: what could be there for somebody who may see it. */
static int select_anonymous(struct request *request, struct tx *tx)
{
	static const struct walk nothing;

	return request->method->select(request, tx, &nothing);
}

/* It may have expired or been revoked since it was verified. 0, a negative errno, or -ECANCELED with an answer. */
static int check_password(struct request *request, struct tx *tx)
{
	int lives = request->scope.password ? store_password_lives(tx, request->scope.password) : 1;

	if (lives == 0)
		return answer_refuse(
			request, 403, NULL, "This app password has expired or was revoked.");
	return lives < 0 ? lives : 0;
}

enum step_result dav_select(struct request *request, struct tx *tx)
{
	struct walk walk;
	int error = 0;

	answer_begin(request, 0);
	if (!request->claimed && !request->by_link) {
		assert(request->method->anonymous);
		error = select_anonymous(request, tx);
	} else {
		assert(request->claimed ? request->proven : request->by_link);
		/* Only a body takes time. */
		if (request->has_body)
			error = check_password(request, tx);
		if (error == 0)
			error = prepare(request, tx, &walk);
		if (error == 0)
			error = request->method->select(request, tx, &walk);
	}
	/* Whatever was found is of one state, or is looked for again. */
	if (error == -ESTALE || !store_glance_holds(tx))
		return STEP_NEXT;
	if (error < 0 && error != -ECANCELED)
		answer_errno(request, error);
	return STEP_ANSWER;
}

static int run(struct tx *tx, struct store_change *change)
{
	struct request *request =
		(struct request *)((char *)change - offsetof(struct request, change));
	struct usage before;
	struct walk walk;
	int error;

	assert(request->claimed && request->proven);
	answer_begin(request, 0);
	audit_begin(request);
	error = check_password(request, tx);
	if (error == 0)
		error = prepare(request, tx, &walk);
	if (error == 0)
		error = quota_before(request->dav, tx, request->claim.bare, &before);
	if (error == 0)
		error = request->method->commit(request, tx, &walk);
	return error < 0 ? error : quota_check(request->dav, tx, request->claim.bare, &before);
}

void dav_commit(struct request *request, struct mailbox *reply)
{
	request->change = (struct store_change){.run = run, .reply = reply};
	store_submit(request->dav->store, &request->change);
}

struct request *dav_committed(struct message *message)
{
	struct request *request =
		(struct request *)((char *)message - offsetof(struct request, change.message));
	int result = request->change.result;

	if (request->upload)
		upload_close(request->upload, result == 0 || request->change.uncertain);
	request->upload = NULL;
	if (result >= 0)
		audit_log(request);
	if (result < 0 && result != -ECANCELED)
		answer_errno(request, result);
	return request;
}
