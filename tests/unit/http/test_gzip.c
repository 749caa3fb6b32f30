#include "../unit.h"

#include "base/buf.h"
#include "http/gzip.h"

#include <string.h>
#include <zlib.h>

static void test_accepted(void **state)
{
	static const struct {
		const char *field;
		bool accepted;
	} cases[] = {
		{"gzip", true},
		{"GZip", true},
		{"x-gzip", true},
		{"gzip, deflate", true},
		{"deflate,gzip", true},
		{"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
		{"gzip;q=1.000", true},
		{"gzip ; Q=0.001", true},
		{"*", true},
		{"*;q=0.5", true},
		{"identity;q=0.5, gzip;q=0.5", true},
		{"gzip, identity", true},
		{"identity;q=0, gzip", true},
		{",, gzip ,", true},
		{NULL, false},
		{"", false},
		{"identity", false},
		{"deflate, br, zstd", false},
		{"gzip;q=0", false},
		{"gzip;q=0.000, *", false},
		{"*, gzip;q=0", false},
		{"*;q=0", false},
		{"*;q=0, identity", false},
		{"identity, gzip;q=0.5", false},
		{"identity;q=0.9, *;q=0.8", false},
		{"gzipped", false},
		{"gzip;q=2", false},
		{"gzip;q=1.001", false},
		{"gzip;q=-1", false},
		{"gzip;q=", false},
		{"gzip;level=9", false},
		{"gzip;q=0.1234", false},
		{"gzip;q=1;q=0", false},
		{"gzip deflate", false},
		{";q=1", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (gzip_accepted(cases[i].field) != cases[i].accepted)
			fail_msg("%s", cases[i].field);
}

/* Piece by piece, pieces of nothing among them, and larger than what is made room for at once. */
static void test_pieces(void **state)
{
	static const size_t pieces[] = {0, 1, 100, 0, 100000, 1 << 20, 7};
	struct gzip *gzip = gzip_open();
	struct buf plain = {0}, coded = {0}, read = {0};
	z_stream stream = {0};
	unsigned seed = 1;

	for (size_t i = 0; i < COUNT(pieces); i++) {
		size_t from = plain.len;

		for (size_t k = 0; k < pieces[i]; k++) {
			char c = (char)((seed = seed * 1103515245 + 12345) >> 16);

			buf_append(&plain, &c, 1);
		}
		gzip_write(gzip, plain.data ? plain.data + from : "", pieces[i],
			i + 1 == COUNT(pieces), &coded);
	}
	gzip_close(gzip);
	assert_int_equal(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
	stream.next_in = (Bytef *)coded.data;
	stream.avail_in = (uInt)coded.len;
	stream.next_out = (Bytef *)buf_room(&read, plain.len + 1);
	stream.avail_out = (uInt)plain.len + 1;
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, plain.len);
	assert_memory_equal(read.data, plain.data, plain.len);
	inflateEnd(&stream);
	buf_free(&plain);
	buf_free(&coded);
	buf_free(&read);
}

static void test_client_that_goes(void **state)
{
	struct gzip *gzip = gzip_open();
	struct buf out = {0};

	gzip_write(gzip, "begun", 5, false, &out);
	gzip_close(gzip);
	gzip_close(NULL);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_client_that_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
