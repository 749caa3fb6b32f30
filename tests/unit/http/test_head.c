#include "../unit.h"

#include "base/buf.h"
#include "http/head.h"
#include "http/http.h"

#include <string.h>

static const struct http_limits usual = {.target = 8 << 10, .head = 32 << 10, .fields = 100};

static int parse(
	struct arena *arena, const char *text, size_t length, struct head *head, size_t *used)
{
	size_t scanned = 0;

	return head_parse(arena, text, length, &scanned, &usual, head, used);
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

/* The same, byte by byte: as soon as it says something. */
static int parse_slowly(
	struct arena *arena, const char *text, size_t length, struct head *head, size_t *used)
{
	size_t scanned = 0;
	int result = 0;

	for (size_t i = 1; result == 0 && i <= length; i++)
		result = head_parse(arena, text, i, &scanned, &usual, head, used);
	return result;
}

/* What is refused stands beside what is accepted. */
static void test_grammar(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{GET "\r\n", 1},
		{"\r\n" GET "\r\n", 1},
		{"\r\n\r\n" GET "\r\n", -400},
		{"GET / HTTP/1.0\r\n\r\n", 1},
		{"GET / HTTP/1.1\r\n\r\n", -400},
		{"GET /\r\nHost: a\r\n\r\n", -400},
		{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", -400},
		{"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", -400},
		{" GET / HTTP/1.1\r\nHost: a\r\n\r\n", -400},
		{"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", -400},
		{"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", -400},
		{"GET /\t HTTP/1.1\r\nHost: a\r\n\r\n", -400},
		{"GET / http/1.1\r\nHost: a\r\n\r\n", -400},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", -505},
		{"GET / HTTP/1.9\r\nHost: a\r\n\r\n", 1},
		{"GET / HTTP/1.10\r\nHost: a\r\n\r\n", -400},
		{GET "X: 1\n\r\n", -400},
		{"GET / HTTP/1.1\nHost: a\n\n", -400},
		{GET "X: 1\rY: 2\r\n\r\n", -400},
		{GET " folded\r\n\r\n", -400},
		{GET "X: 1\r\n folded\r\n\r\n", -400},
		{GET "X : 1\r\n\r\n", -400},
		{GET ": 1\r\n\r\n", -400},
		{GET "X\r\n\r\n", -400},
		{GET "X: a\x01z\r\n\r\n", -400},
		{GET "X: a\x7fz\r\n\r\n", -400},
		{GET "X: a\tz \xc3\xa9 \r\n\r\n", 1},
		{GET "X:\r\n\r\n", 1},
		{GET "Host: a\r\n\r\n", -400},
		{GET "Authorization: a\r\nAuthorization: b\r\n\r\n", -400},
		{GET "If: a\r\nif: b\r\n\r\n", -400},
		{GET "Range: a\r\nRange: b\r\n\r\n", -400},
		{GET "Content-Type: a\r\nContent-Type: b\r\n\r\n", -400},
		{GET "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", -400},
		{GET "Content-Length: 1\r\n\r\n", 1},
		{GET "Content-Length: 1, 1\r\n\r\n", -400},
		{GET "Content-Length: +1\r\n\r\n", -400},
		{GET "Content-Length: 0x1\r\n\r\n", -400},
		{GET "Content-Length: -1\r\n\r\n", -400},
		{GET "Content-Length:\r\n\r\n", -400},
		{GET "Content-Length: 9223372036854775807\r\n\r\n", 1},
		{GET "Content-Length: 9223372036854775808\r\n\r\n", -400},
		{GET "Transfer-Encoding: chunked\r\n\r\n", 1},
		{GET "Transfer-Encoding: Chunked\r\n\r\n", 1},
		{GET "Transfer-Encoding: gzip, chunked\r\n\r\n", -501},
		{GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", -501},
		{GET "Transfer-Encoding: xchunked\r\n\r\n", -501},
		{GET "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", -400},
		{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", -400},
		{GET "Expect: 100-continue\r\n\r\n", 1},
		{GET "Expect: the-unexpected\r\n\r\n", -417},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct head head;
		size_t used;
		int result = parse(arena, cases[i].text, strlen(cases[i].text), &head, &used);

		if (result != cases[i].result)
			fail_msg("%d and not %d: %s", result, cases[i].result, cases[i].text);
		if (result == 1)
			assert_int_equal(used, strlen(cases[i].text));
		result = parse_slowly(arena, cases[i].text, strlen(cases[i].text), &head, &used);
		if (result != cases[i].result)
			fail_msg("%d and not %d, byte by byte: %s", result, cases[i].result,
				cases[i].text);
		if (result == 1)
			assert_int_equal(used, strlen(cases[i].text));
	}
	assert_int_equal(parse(arena, GET "X: a\0z\r\n\r\n", sizeof(GET "X: a\0z\r\n\r\n") - 1,
				 &(struct head){0}, &(size_t){0}),
		-400);
	arena_free(arena);
}

static void test_fields(void **state)
{
	static const char text[] =
		"PUT /a HTTP/1.1\r\nHost: b:80\r\nIf-Match: \"1\"\r\nIF-MATCH: \"2\"\r\n"
		"Content-Length: 5\r\nConnection: Keep-Alive, close\r\n"
		"Expect: 100-Continue\r\n\r\nhello";
	struct arena *arena = arena_new();
	struct head head;
	size_t used;

	assert_int_equal(parse(arena, text, strlen(text), &head, &used), 1);
	assert_int_equal(used, strlen(text) - 5);
	assert_string_equal(head.method, "PUT");
	assert_string_equal(head.target, "/a");
	assert_int_equal(head.content_length, 5);
	assert_true(head.has_body);
	assert_true(head.expect_continue);
	assert_false(head.keep_alive);
	assert_int_equal(head.header_count, 5);
	assert_string_equal(head.headers[1].value, "\"1\", \"2\"");
	arena_free(arena);
}

/* Byte by byte it is the same. */
static void test_pieces(void **state)
{
	static const char text[] = "\r\n" GET "Content-Length: 0\r\n\r\n";
	struct arena *arena = arena_new();
	size_t scanned = 0, used = 0;
	struct head head;

	for (size_t i = 1; i < strlen(text); i++)
		assert_int_equal(head_parse(arena, text, i, &scanned, &usual, &head, &used), 0);
	assert_int_equal(head_parse(arena, text, strlen(text), &scanned, &usual, &head, &used), 1);
	assert_int_equal(used, strlen(text));
	assert_true(head.keep_alive);
	arena_free(arena);
}

static void test_usual_limits(void **state)
{
	static const struct {
		size_t target, fields, value;
		int result;
	} cases[] = {
		{8191, 0, 0, 1},
		{8192, 0, 0, -414},
		{1, 99, 1, 1},
		{1, 100, 1, -431},
		{1, 1, 31000, 1},
		{1, 1, 33000, -431},
		{100000, 0, 0, -414},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = {0};
		struct head head;
		size_t used;

		buf_puts(&text, "GET /");
		for (size_t k = 0; k < cases[i].target; k++)
			buf_puts(&text, "a");
		buf_puts(&text, " HTTP/1.1\r\nHost: a\r\n");
		for (size_t k = 0; k < cases[i].fields; k++) {
			buf_printf(&text, "X%zu: ", k);
			for (size_t n = 0; n < cases[i].value; n++)
				buf_puts(&text, "v");
			buf_puts(&text, "\r\n");
		}
		buf_puts(&text, "\r\n");
		assert_int_equal(parse(arena, text.data, text.len, &head, &used), cases[i].result);
		assert_int_equal(
			parse_slowly(arena, text.data, text.len, &head, &used), cases[i].result);
		buf_free(&text);
	}
	arena_free(arena);
}

/* Each refuses what is one above it; byte by byte, and when all is there at once. */
static void test_limits(void **state)
{
	static const char text[] =
		"GET /abcde HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 22222222222222222222\r\n\r\n";
	enum { LENGTH = sizeof(text) - 1 };
	static const struct {
		struct http_limits limits;
		int result;
	} cases[] = {
		{{.target = 6, .head = LENGTH, .fields = 3}, 1},
		{{.target = 5, .head = LENGTH, .fields = 3}, -414},
		{{.target = 6, .head = LENGTH - 1, .fields = 3}, -431},
		{{.target = 6, .head = LENGTH, .fields = 2}, -431},
		{{.target = 16 << 10, .head = 64 << 10, .fields = 256}, 1},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t scanned = 0, used, k;
		struct head head;
		int result =
			head_parse(arena, text, LENGTH, &scanned, &cases[i].limits, &head, &used);

		assert_int_equal(result, cases[i].result);
		scanned = 0;
		result = 0;
		for (k = 1; result == 0 && k <= LENGTH; k++)
			result = head_parse(
				arena, text, k, &scanned, &cases[i].limits, &head, &used);
		assert_int_equal(result, cases[i].result);
	}
	arena_free(arena);
}

static void test_list(void **state)
{
	assert_true(list_holds("a, Close", "close"));
	assert_true(list_holds("close", "close"));
	assert_false(list_holds("closed", "close"));
	assert_false(list_holds("", "close"));
	assert_false(list_holds(NULL, "close"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_usual_limits),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
