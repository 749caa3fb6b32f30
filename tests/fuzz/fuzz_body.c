/*
 * The framing of a body: wherever the bytes are cut, the same content comes out, and the same bytes are left. Byte 0: the length, 255 for
 * chunked; byte 1: how large the pieces are.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "http/body.h"

struct outcome {
	struct buf content;
	size_t used;
	int error;
	bool done;
};

static struct outcome read_all(int64_t content_length, const char *bytes, size_t size, size_t piece)
{
	struct outcome out = {0};
	struct body body;

	body_begin(&body, content_length);
	for (size_t at = 0; at < size && !body.done && out.error == 0;) {
		size_t end = at + piece < size ? at + piece : size;

		while (at < end && !body.done && out.error == 0) {
			size_t length = 0, used = 0;
			const char *data = NULL;

			out.error = body_read(&body, bytes + at, end - at, &data, &length, &used);
			assert(used <= end - at && length <= used && (used > 0 || out.error < 0));
			if (out.error < 0)
				break;
			assert(length == 0 || data + length == bytes + at + used);
			if (length > 0)
				buf_append(&out.content, data, length);
			at += used;
		}
		out.used = at;
	}
	out.done = body.done;
	return out;
}

static void compare(const struct outcome *a, const struct outcome *b)
{
	assert(a->error == b->error && a->done == b->done);
	assert(a->error < 0 || a->used == b->used);
	assert(a->content.len == b->content.len);
	assert(a->content.len == 0 ||
		memcmp(a->content.data, b->content.data, a->content.len) == 0);
}

/* What was in many chunks is the same in one. */
static void check_again(struct outcome *first)
{
	struct buf again = {0};
	struct outcome second;

	if (first->content.len > 0)
		buf_printf(&again, "%zx\r\n", first->content.len);
	buf_append(&again, first->content.data, first->content.len);
	buf_puts(&again, first->content.len > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
	second = read_all(-1, again.data, again.len, again.len);
	assert(second.done && second.error == 0 && second.used == again.len);
	assert(second.content.len == first->content.len);
	buf_free(&second.content);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct outcome whole, bytewise, pieces;
	int64_t content_length;
	const char *text;

	if (size < 2)
		return 0;
	content_length = bytes[0] == 255 ? -1 : bytes[0];
	text = (const char *)bytes + 2;
	whole = read_all(content_length, text, size - 2, size);
	bytewise = read_all(content_length, text, size - 2, 1);
	pieces = read_all(content_length, text, size - 2, 1 + bytes[1]);
	compare(&whole, &bytewise);
	compare(&whole, &pieces);
	if (content_length >= 0)
		assert(whole.error == 0 && whole.content.len <= (size_t)content_length &&
			whole.done == (whole.content.len == (size_t)content_length));
	else if (whole.done)
		check_again(&whole);
	buf_free(&whole.content);
	buf_free(&bytewise.content);
	buf_free(&pieces.content);
	return 0;
}
