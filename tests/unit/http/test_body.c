#include "../unit.h"

#include "base/buf.h"
#include "http/body.h"

#include <errno.h>
#include <string.h>

/* Reads all of it in pieces of a size; what was content, or NULL when it was refused. */
static const char *read_all(
	int64_t content_length, const char *text, size_t piece, struct buf *content, size_t *rest)
{
	size_t length = strlen(text), at = 0;
	struct body body;

	content->len = 0;
	body_begin(&body, content_length);
	while (!body.done && at < length) {
		size_t end = at + piece < length ? at + piece : length;

		while (!body.done && at < end) {
			size_t size, used;
			const char *data;

			if (body_read(&body, text + at, end - at, &data, &size, &used) < 0)
				return NULL;
			buf_append(content, data, size);
			at += used;
		}
	}
	*rest = length - at;
	buf_text(content);
	return body.done ? content->data : "unfinished";
}

static void test_bodies(void **state)
{
	static const struct {
		int64_t content_length;
		const char *text;
		const char *content; /* NULL: refused */
		size_t rest;
	} cases[] = {
		{5, "helloGET", "hello", 3},
		{0, "GET", "", 3},
		{6, "hello", "unfinished", 0},
		{-1, "5\r\nhello\r\n0\r\n\r\nGET", "hello", 3},
		{-1, "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!", 0},
		{-1, "0005\r\nhello\r\n0\r\nX: y\r\nZ: 1\r\n\r\nGET", "hello", 3},
		{-1, "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0},
		{-1, "0\r\n\r\n", "", 0},
		{-1, "\r\nhello", NULL, 0},
		{-1, "5\nhello\n0\n\n", NULL, 0},
		{-1, "5\r\nhello0\r\n\r\n", NULL, 0},
		{-1, "5\r\nhello\n0\r\n\r\n", NULL, 0},
		{-1, "-5\r\nhello\r\n", NULL, 0},
		{-1, "+5\r\nhello\r\n", NULL, 0},
		{-1, "0x5\r\nhello\r\n", NULL, 0},
		{-1, "g\r\n", NULL, 0},
		{-1, "10000000000000005\r\nhello\r\n0\r\n\r\n", NULL, 0},
		{-1, "ffffffffffffffff\r\nhello", NULL, 0},
		{-1, "5;\x01\r\nhello\r\n0\r\n\r\n", NULL, 0},
		{-1, "5;a\nb\r\nhello\r\n0\r\n\r\n", NULL, 0},
		{-1, "5;a=\"b;\\\" c\";d\r\nhello\r\n0;a = b\r\n\r\n", "hello", 0},
		{-1, "0;a=\"\r\n\r\n", NULL, 0},
		{-1, "0;a=\"\\\"\r\n\r\n", NULL, 0},
		{-1, "0;a=\"b\";c=\"\r\n\r\n", NULL, 0},
		{-1, "0;\"a=\"\r\n\r\n", NULL, 0},
		{-1, "0;a\"b\"\r\n\r\n", NULL, 0},
		{-1, "0;a=\r\n\r\n", NULL, 0},
		{-1, "0;a=;b\r\n\r\n", NULL, 0},
		{-1, "5 ;x\r\nhello\r\n0\t ;\r\n\r\n", "hello", 0},
		{-1, "5 \r\nhello\r\n0\r\n\r\n", NULL, 0},
		{-1, "5 0\r\nhello\r\n0\r\n\r\n", NULL, 0},
		{-1, "0\r\nX: y\n\r\n", NULL, 0},
		{-1, "0\r\nX:\r\nA-b:c:d e\r\n\r\n", "", 0},
		{-1, "0\r\nX\r\n\r\n", NULL, 0},
		{-1, "0\r\n: y\r\n\r\n", NULL, 0},
		{-1, "0\r\nX : y\r\n\r\n", NULL, 0},
		{-1, "0\r\nX: y\r\n z\r\n\r\n", NULL, 0},
		{-1, "0\r\nGET / HTTP/1.1\r\n\r\n", NULL, 0},
		{-1, "0\r\nX: y\r\n\rZ", NULL, 0},
	};
	struct buf content = {0};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece < 100; piece += 49) {
			size_t rest = 0;
			const char *got = read_all(
				cases[i].content_length, cases[i].text, piece, &content, &rest);

			if (!cases[i].content) {
				assert_null(got);
				continue;
			}
			assert_non_null(got);
			assert_string_equal(got, cases[i].content);
			assert_int_equal(rest, cases[i].rest);
		}
	buf_free(&content);
}

static void test_endless_framing(void **state)
{
	struct buf text = {0}, content = {0};
	size_t rest;

	buf_puts(&text, "5;");
	for (int i = 0; i < 300; i++)
		buf_puts(&text, "x");
	buf_puts(&text, "\r\nhello\r\n0\r\n\r\n");
	assert_null(read_all(-1, buf_text(&text), 1000, &content, &rest));
	text.len = 0;
	buf_puts(&text, "0\r\n");
	for (int i = 0; i < 1000; i++)
		buf_puts(&text, "X: 0123456789\r\n");
	buf_puts(&text, "\r\n");
	assert_null(read_all(-1, buf_text(&text), 1000, &content, &rest));
	buf_free(&text);
	buf_free(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_endless_framing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
