#include "dav/if.h"

#include "base/site.h"
#include "dav/precondition.h"
#include "dav/request.h"
#include "dav/right.h"

#include <errno.h>
#include <string.h>

struct condition {
	bool negated, is_token;
	const char *
		text; /* in the field: the token without its brackets, or the entity tag as it stands */
	size_t length;
};

struct reading {
	struct request *request;
	struct tx *tx;
	struct arena *arena;
	const char *at;
	uint64_t conditions;
	/* What the list that is being read is about; NULL: nothing is there. */
	const struct resource *resource;
	struct lock *locks;
	size_t lock_count;
	bool visible; /* to the asker */
};

static void skip(struct reading *reading)
{
	reading->at += strspn(reading->at, " \t");
}

/* "<...>": what stands between. NULL: it has no end, or is empty. */
static const char *bracketed(struct reading *reading, char end)
{
	const char *from = reading->at + 1, *to = strchr(from, end);

	if (!to || to == from)
		return NULL;
	reading->at = to + 1;
	return arena_strndup(reading->arena, from, (size_t)(to - from));
}

/* Where a token ends that begins behind "<". NULL: nowhere, or it is empty. */
static const char *token_end(const char *text)
{
	const char *end = strchr(text, '>');

	return end > text ? end : NULL;
}

/* Where an entity tag ends that begins behind "[" (RFC 9110, 8.8.3); a "]" may stand in it. NULL: it is none. */
static const char *tag_end(const char *text)
{
	const char *quote = text + (strncmp(text, "W/", 2) == 0 ? 2 : 0);
	const char *end = *quote == '"' ? strchr(quote + 1, '"') : NULL;

	return end && end[1] == ']' ? end + 1 : NULL;
}

/* Leaves *at behind it. 0 or -EINVAL. */
static int read_condition(const char **at, struct condition *out)
{
	const char *end;

	*out = (struct condition){0};
	if (strncasecmp(*at, "Not", 3) == 0) {
		out->negated = true;
		*at += 3;
		*at += strspn(*at, " \t");
	}
	if (**at != '<' && **at != '[')
		return -EINVAL;
	out->is_token = **at == '<';
	out->text = *at + 1;
	end = out->is_token ? token_end(out->text) : tag_end(out->text);
	if (!end)
		return -EINVAL;
	out->length = (size_t)(end - out->text);
	*at = end + 1;
	return 0;
}

static bool says(const struct condition *condition, const char *text)
{
	return strlen(text) == condition->length &&
	       memcmp(text, condition->text, condition->length) == 0;
}

/* What the asker may not see is looked at like all else, and counts for nothing. */
static bool holds(const struct reading *reading, const struct condition *condition)
{
	const struct resource *resource = reading->resource;
	char etag[ETAG_TEXT] = "";
	bool found = false;

	if (resource && !resource->collection)
		etag_text(resource, etag);
	if (!condition->is_token)
		found = *etag && says(condition, etag);
	for (size_t i = 0; condition->is_token && i < reading->lock_count; i++)
		found |= says(condition, reading->locks[i].token) &&
			 strcmp(reading->locks[i].owner, reading->request->claim.bare) == 0;
	return found && reading->visible;
}

/* "(" 1*condition ")". 1: true; 0: false; -EINVAL. */
static int read_list(struct reading *reading)
{
	struct condition condition;
	int all = 1, count = 0;

	reading->at++;
	for (skip(reading); *reading->at != ')'; skip(reading), count++) {
		if (++reading->conditions > reading->request->dav->limits.conditions ||
			read_condition(&reading->at, &condition) < 0)
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
	int error, right;

	reading->resource = NULL;
	reading->lock_count = 0;
	if (!tag)
		return -EINVAL;
	error = site_path(reading->arena, request->dav->site, tag, path);
	if (error < 0)
		return error == -EXDEV ? 0 : error;
	error = store_walk(reading->tx, reading->arena, path, &walk);
	if (error < 0)
		return error;
	right = right_ask(request, reading->tx, &walk, RIGHT_LOOK);
	reading->visible = right == 1;
	return right < 0 ? right : look_at(reading, &walk);
}

/* 1: true; 0: false; -EINVAL: malformed; or another negative errno. */
static int evaluate(struct reading *reading, const struct walk *walk)
{
	int any = 0, error = look_at(reading, walk);
	/* Either all lists have a tag or none has; behind each tag stands a list. */
	bool tagged = *reading->at == '<', listed = tagged;

	if (error < 0)
		return error;
	for (skip(reading); *reading->at; skip(reading)) {
		int list;

		if (*reading->at == '<' && tagged && listed) {
			error = read_tag(reading);
			if (error < 0)
				return error;
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
	struct reading reading = {.request = request,
		.tx = tx,
		.arena = request->arena,
		.at = field,
		.visible = true};
	int result;

	if (!field)
		return 0;
	result = strlen(field) > request->dav->limits.conditions_size ? -EINVAL
								      : evaluate(&reading, walk);
	if (result == 1)
		return 0;
	if (result < 0 && result != -EINVAL)
		return result;
	if (result == 0)
		return answer_refuse(request, 412, NULL, "What the If field expects is not so.");
	return answer_refuse(request, 400, NULL, "The If field is malformed (RFC 4918, 10.4).");
}

/* if_check() has found the field to be well-formed. */
bool if_submits(const struct request *request, const char *token)
{
	const char *at = request_header(request, "If");
	bool listed = false;

	while (at && *at) {
		struct condition condition;

		if (strchr("() \t", *at)) {
			listed = *at == '(' || (listed && *at != ')');
			at++;
			continue;
		}
		if (read_condition(&at, &condition) < 0)
			return false;
		if (listed && condition.is_token && !condition.negated && says(&condition, token))
			return true;
	}
	return false;
}
