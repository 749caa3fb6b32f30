#include "../unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "xml/reader.h"

#include <errno.h>
#include <string.h>
#include <time.h>

struct heard {
	struct buf text;
	struct arena *arena;
};

static void on_start(void *arg, const struct xml_node *root)
{
	struct heard *heard = arg;

	buf_printf(&heard->text, "start(%s) ", xml_attribute(root, "id"));
}

static void on_stanza(void *arg, struct arena *arena, const struct xml_node *node)
{
	struct heard *heard = arg;

	buf_printf(&heard->text, "%s(%s) ", node->name, xml_text(arena, node));
}

static void on_too_large(void *arg, const struct xml_node *start_tag)
{
	struct heard *heard = arg;

	assert_null(start_tag->child);
	buf_printf(&heard->text, "large(%s,%s) ", start_tag->name, xml_attribute(start_tag, "id"));
}

static void on_end(void *arg)
{
	buf_puts(&((struct heard *)arg)->text, "end");
}

static const struct xml_stream_handler handler = {on_start, on_stanza, on_too_large, on_end};

static const char head[] = "<?xml version='1.0'?><s:stream xmlns:s='urn:s' xmlns='urn:c' id='7'>";

static int feed(struct xml_stream *stream, const char *text)
{
	return xml_stream_feed(stream, text, strlen(text));
}

/* The same whether it comes whole or byte by byte. */
static void test_pieces(void **state)
{
	static const char rest[] = "<a>1</a> \n <b>x<c/>y</b><a/></s:stream>";

	for (size_t size = 1; size < 100; size += 33) {
		struct heard heard = {0};
		struct xml_stream *stream = xml_stream_new(&handler, &heard, &xml_limits_stanza);
		struct buf all = {0};

		buf_puts(&all, head);
		buf_puts(&all, rest);
		for (size_t at = 0; at < all.len; at += size)
			assert_int_equal(xml_stream_feed(stream, all.data + at,
						 all.len - at < size ? all.len - at : size),
				0);
		assert_string_equal(buf_text(&heard.text), "start(7) a(1) b(xy) a() end");
		buf_free(&all);
		buf_free(&heard.text);
		xml_stream_free(stream);
	}
}

/* A stranger's stanza over a limit is skipped; the one behind it is heard. */
static void test_too_large(void **state)
{
	struct heard heard = {0};
	struct xml_stream *stream = xml_stream_new(&handler, &heard, &xml_limits_stanza);

	assert_int_equal(feed(stream, head), 0);
	assert_int_equal(feed(stream, "<m id='deep'>"), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(feed(stream, "<a>"), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(feed(stream, "</a>"), 0);
	assert_int_equal(feed(stream, "</m><n>1</n><m id='long'>"), 0);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(feed(stream, "0123456789012345678901234567890123456789"), 0);
	assert_int_equal(feed(stream, "</m><m id='many'>"), 0);
	for (int i = 0; i < 1100; i++)
		assert_int_equal(feed(stream, "<a/>"), 0);
	assert_int_equal(feed(stream, "</m><n>2</n>"), 0);
	assert_string_equal(buf_text(&heard.text),
		"start(7) large(m,deep) n(1) large(m,long) large(m,many) n(2) ");
	buf_free(&heard.text);
	xml_stream_free(stream);
}

static void test_broken(void **state)
{
	static const char *const cases[] = {"<a></b>", "<!DOCTYPE a>", "<a>&e;</a>", "<x:a/>"};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct heard heard = {0};
		struct xml_stream *stream = xml_stream_new(&handler, &heard, &xml_limits_stanza);

		assert_int_equal(feed(stream, head), 0);
		assert_int_equal(feed(stream, cases[i]), -EINVAL);
		buf_free(&heard.text);
		xml_stream_free(stream);
	}
}

/* 4 KiB at a time, as long as it is well. */
static int feed_value(struct xml_stream *stream, int blocks)
{
	char block[4096];
	int result = 0;

	memset(block, 'x', sizeof(block));
	for (int i = 0; i < blocks && result == 0; i++)
		result = xml_stream_feed(stream, block, sizeof(block));
	return result;
}

static void test_endless_tag(void **state)
{
	struct heard heard = {0};
	struct xml_stream *stream = xml_stream_new(&handler, &heard, &xml_limits_stanza);

	assert_int_equal(feed(stream, head), 0);
	assert_int_equal(feed(stream, "<a b='"), 0);
	assert_int_equal(feed_value(stream, 4000), -EINVAL);
	buf_free(&heard.text);
	xml_stream_free(stream);
}

/* What a server makes of a stanza of 512 KiB that is all quotation marks; in the time in which it is read once. */
static void test_long_tag(void **state)
{
	struct heard heard = {0};
	struct xml_stream *stream = xml_stream_new(&handler, &heard, &xml_limits_stanza);
	clock_t begin = clock();

	assert_int_equal(feed(stream, head), 0);
	assert_int_equal(feed(stream, "<a id='1' b='"), 0);
	assert_int_equal(feed_value(stream, 800), 0);
	assert_int_equal(feed(stream, " > > "), 0);
	assert_int_equal(feed_value(stream, 10), 0);
	assert_int_equal(feed(stream, "'"), 0);
	assert_int_equal(feed(stream, "><x/></a><iq>second</iq><iq>thi"), 0);
	assert_int_equal(feed(stream, "rd</iq>"), 0);
	assert_non_null(strstr(buf_text(&heard.text), "large(a,1) "));
	assert_non_null(strstr(buf_text(&heard.text), "iq(second) "));
	assert_non_null(strstr(buf_text(&heard.text), "iq(third) "));
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	buf_free(&heard.text);
	xml_stream_free(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_endless_tag),
		cmocka_unit_test(test_long_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
