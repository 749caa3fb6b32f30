#include "dav/if.h"

#include "base/site.h"
#include "dav/precondition.h"
#include "dav/request.h"
#include "dav/right.h"

#include <errno.h>
#include <string.h>

enum { FIELD_MAX = 8 << 10, CONDITIONS_MAX = 64 };

struct condition {
	bool negated, is_token;
	const char *text; /* the token without its brackets, or the entity tag as it stands */
};

struct reading {
	struct request *request;
	struct tx *tx;
	struct arena *arena;
	const char *at;
	int conditions;
	/* What the list that is being read is about; NULL: nothing that the asker may see. */
	const struct resource *resource;
	struct lock *locks;
	size_t lock_count;
};

static void skip(struct reading *reading)
{
	reading->at += strspn(reading->at, " \t");
}

/* "<...>" or "[...]": what stands between. NULL: it has no end, or is empty. */
static const char *bracketed(struct reading *reading, char end)
{
	const char *from = reading->at + 1, *to = strchr(from, end), *text;

	if (!to || to == from)
		return NULL;
	text = arena_strndup(reading->arena, from, (size_t)(to - from));
	reading->at = to + 1;
	return text;
}

/* 0 or -EINVAL. */
static int read_condition(struct reading *reading, struct condition *out)
{
	*out = (struct condition){0};
	if (++reading->conditions > CONDITIONS_MAX)
		return -EINVAL;
	if (strncmp(reading->at, "Not", 3) == 0) {
		out->negated = true;
		reading->at += 3;
		skip(reading);
	}
	if (*reading->at == '<') {
		out->is_token = true;
		out->text = bracketed(reading, '>');
		return out->text ? 0 : -EINVAL;
	}
	if (*reading->at != '[')
		return -EINVAL;
	out->text = bracketed(reading, ']');
	return out->text && strchr(out->text, '"') ? 0 : -EINVAL;
}

static bool holds(const struct reading *reading, const struct condition *condition)
{
	const struct resource *resource = reading->resource;
	char etag[ETAG_TEXT];

	if (!condition->is_token) {
		if (!resource || resource->collection)
			return false;
		etag_text(resource, etag);
		return strcmp(etag, condition->text) == 0;
	}
	for (size_t i = 0; i < reading->lock_count; i++)
		if (strcmp(reading->locks[i].token, condition->text) == 0 &&
			strcmp(reading->locks[i].owner, reading->request->claim.bare) == 0)
			return true;
	return false;
}

/* "(" 1*condition ")". 1: true; 0: false; -EINVAL. */
static int read_list(struct reading *reading)
{
	struct condition condition;
	int all = 1, count = 0;

	reading->at++;
	for (skip(reading); *reading->at != ')'; skip(reading), count++) {
		if (read_condition(reading, &condition) < 0)
			return -EINVAL;
		if (holds(reading, &condition) == condition.negated)
			all = 0;
	}
	reading->at++;
	return count ? all : -EINVAL;
}

/* Which resource the lists that follow are about. 0 or a negative errno. */
static int look_at(struct reading *reading, const struct walk *walk)
{
	bool there = walk->count == walk->path->depth + 1;
	/* An unmapped URL has the locks of infinite depth from above. */
	const struct resource *nearest = &walk->chain[walk->count - 1];

	int error;

	reading->resource = there ? nearest : NULL;
	error = store_locks(
		reading->tx, reading->arena, nearest->id, &reading->locks, &reading->lock_count);
	for (size_t i = 0; error == 0 && !there && i < reading->lock_count; i++)
		if (!reading->locks[i].infinite)
			reading->locks[i--] = reading->locks[--reading->lock_count];
	return error;
}

/* A tag: a path, or a URL of ours; another site's is nothing that we know. */
static int read_tag(struct reading *reading)
{
	struct request *request = reading->request;
	const char *tag = bracketed(reading, '>');
	struct path *path = arena_alloc(reading->arena, sizeof(*path));
	struct walk walk;
	int error;

	reading->resource = NULL;
	reading->lock_count = 0;
	if (!tag)
		return -EINVAL;
	error = site_path(reading->arena, request->dav->site, tag, path);
	if (error < 0)
		return error == -EXDEV ? 0 : error;
	error = store_walk(reading->tx, reading->arena, path, &walk);
	if (error == 0)
		error = right_ask(request->dav, reading->tx, &request->claim, &walk, RIGHT_LOOK);
	return error == 1 ? look_at(reading, &walk) : error;
}

/* 1: true; 0: false; -EINVAL: malformed; or another negative errno. */
static int evaluate(struct reading *reading, const struct walk *walk)
{
	int any = 0, error = look_at(reading, walk);
	bool tagged = *reading->at == '<', listed = false;

	if (error < 0)
		return error;
	for (skip(reading); *reading->at; skip(reading)) {
		int list;

		if (*reading->at == '<' && tagged && (listed || reading->conditions == 0)) {
			error = read_tag(reading);
			if (error < 0)
				return error;
			listed = false;
			skip(reading);
		}
		if (*reading->at != '(')
			return -EINVAL;
		list = read_list(reading);
		if (list < 0)
			return list;
		listed = true;
		any |= list;
	}
	return listed ? any : -EINVAL;
}

int if_check(struct request *request, struct tx *tx, const struct walk *walk)
{
	const char *field = request_header(request, "If");
	struct reading reading = {
		.request = request, .tx = tx, .arena = request->arena, .at = field};
	int result;

	if (!field)
		return 0;
	result = strlen(field) > FIELD_MAX ? -EINVAL : evaluate(&reading, walk);
	if (result == 1)
		return 0;
	if (result < 0 && result != -EINVAL)
		return result;
	if (result == 0)
		answer_error(request, 412, NULL, "What the If field expects is not so.");
	else
		answer_error(request, 400, NULL, "The If field is malformed (RFC 4918, 10.4).");
	return -ECANCELED;
}

bool if_submits(const struct request *request, const char *token)
{
	const char *field = request_header(request, "If"), *at = field;
	size_t length = strlen(token);

	while (at && (at = strstr(at, token))) {
		const char *before = at - 1;

		if (at > field && *before == '<' && at[length] == '>') {
			while (before > field && (before[-1] == ' ' || before[-1] == '\t'))
				before--;
			if (before - field < 3 || strncmp(before - 3, "Not", 3) != 0)
				return true;
		}
		at += length;
	}
	return false;
}
