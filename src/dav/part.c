#include "dav/part.h"

#include "base/codec.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { NUMBER = 20 };

/* Digits up to `end`, which must follow; *text goes behind it. */
static int number(const char **text, char end, uint64_t *out)
{
	size_t length = strspn(*text, "0123456789");
	char digits[NUMBER];
	int64_t value;

	if (length == 0 || length >= sizeof(digits) || (*text)[length] != end)
		return -EINVAL;
	memcpy(digits, *text, length);
	digits[length] = '\0';
	if (decimal_parse(digits, &value) < 0)
		return -EINVAL;
	*out = (uint64_t)value;
	*text += length + (end != '\0');
	return 0;
}

int part_parse(const char *content_range, struct part *part)
{
	const char *at = content_range;

	*part = (struct part){0};
	if (strncasecmp(at, "bytes ", 6) != 0)
		return -EINVAL;
	at += 6;
	part->asks = strncmp(at, "*/", 2) == 0;
	if (part->asks)
		at += 2;
	else if (number(&at, '-', &part->first) < 0 || number(&at, '/', &part->last) < 0)
		return -EINVAL;
	if (number(&at, '\0', &part->total) < 0 || part->total == 0)
		return -EINVAL;
	return part->asks || (part->first <= part->last && part->last < part->total) ? 0 : -EINVAL;
}

/* Names in NFC, so that all spellings of a URL mean one upload. */
const char *part_path(struct arena *arena, const struct path *path)
{
	struct buf out = {0};
	const char *text;

	for (size_t i = 0; i < path->depth; i++) {
		buf_puts(&out, "/");
		buf_puts(&out, path->segments[i].name);
	}
	text = arena_strdup(arena, buf_text(&out));
	buf_free(&out);
	return text;
}

enum step_result part_read(struct request *request)
{
	const char *field = request_header(request, "Content-Range");
	struct part *part;

	if (!field)
		return STEP_NEXT;
	part = arena_alloc(request->arena, sizeof(*part));
	if (part_parse(field, part) < 0)
		return answer_error(request, 400, NULL,
			"Content-Range of an upload in parts is \"bytes FIRST-LAST/LENGTH\" (RFC "
			"9110, 14.5).");
	if (part->total > request->dav->max_file_size)
		return answer_errno(request, -EFBIG);
	if (request->content_length >= 0 && (uint64_t)request->content_length !=
						    (part->asks ? 0 : part->last - part->first + 1))
		return answer_error(request, 400, NULL,
			"Content-Range and Content-Length do not say the same.");
	part->path = part_path(request->arena, &request->path);
	request->part = part;
	return STEP_NEXT;
}

static const char *offset_text(struct request *request, uint64_t offset)
{
	return arena_printf(request->arena, "%llu", (unsigned long long)offset);
}

/* RFC 9110, 15.5.17: the length that there is now is where the next part begins. */
static int refuse(struct request *request, uint64_t offset)
{
	const char *text = offset_text(request, offset);

	answer_error(request, 416, NULL,
		arena_printf(request->arena, "The next part of this upload begins at %s.", text));
	answer_header(request, "Upload-Offset", text);
	answer_header(request, "Content-Range", arena_printf(request->arena, "bytes */%s", text));
	return -ECANCELED;
}

int part_admit(struct request *request, struct tx *tx)
{
	struct part *part = request->part;
	int found = store_partial(
		tx, request->arena, request->claim.bare, part->path, part->total, &part->partial);

	if (found < 0)
		return found;
	part->resumes = found == 1;
	if (part->asks || part->first != part->partial.received)
		return refuse(request, part->partial.received);
	return 0;
}

/* Somebody else was quicker, or its day is over: what is there now. */
static int refuse_again(struct request *request, struct tx *tx)
{
	struct part *part = request->part;
	int found = store_partial(
		tx, request->arena, request->claim.bare, part->path, part->total, &part->partial);

	return found < 0 ? found : refuse(request, part->partial.received);
}

int part_commit(struct request *request, struct tx *tx)
{
	struct part *part = request->part;
	const char *owner = request->claim.bare;
	bool last = part->last + 1 == part->total;
	int error = 0;

	if (upload_length(request->upload) != part->last + 1)
		return answer_refuse(
			request, 400, NULL, "The part has not the length that it says.");
	if (!last)
		error = store_partial_grow(
			tx, owner, part->path, part->total, part->first, request->upload);
	else if (part->resumes)
		error = store_partial_end(
			tx, owner, part->path, part->total, part->first, request->upload);
	if (error == -ESTALE)
		return refuse_again(request, tx);
	if (error < 0)
		return error;
	if (last)
		return 1;
	answer_begin(request, 202);
	answer_header(request, "Upload-Offset", offset_text(request, part->last + 1));
	return 0;
}
