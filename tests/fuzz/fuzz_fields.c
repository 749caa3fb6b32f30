/*
 * What is written in fields and settings: numbers, times, addresses, ranges, media types, parameters, base64. One text for all: what is
 * understood is the same when it is written again. Lines: the text, another one.
 */
#include "fuzz.h"

#include "auth/parameters.h"
#include "auth/scheme.h"
#include "base/address.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/text.h"
#include "base/uri.h"
#include "dav/part.h"
#include "dav/range.h"
#include "dav/served.h"
#include "http/head.h"
#include "xml/writer.h"

#include <errno.h>
#include <strings.h>

static void check_dates(const char *text)
{
	/* The year 0 and the year 9999 in seconds: what has four digits. */
	const int64_t first = INT64_C(-62167219200), last = INT64_C(253402300799);
	char out[30], iso[21];
	int64_t time, again;

	if (http_date_parse(text, &time) == 0) {
		http_date_format(out, time);
		assert(time >= first && time <= last + 1);
		assert(http_date_parse(out, &again) == 0 && (again == time || time > last));
	}
	if (iso_date_parse(text, &time) == 0 && time >= first * 1000 && time <= last * 1000) {
		iso_date_format(iso, time / 1000);
		assert(iso_date_parse(iso, &again) == 0);
		assert(again == time / 1000 * 1000);
	}
}

static void check_numbers(struct arena *arena, const char *text)
{
	char *digits;
	int64_t number, again;
	uint64_t milliseconds;

	if (decimal_parse(text, &number) == 0) {
		assert(number >= 0);
		digits = arena_printf(arena, "%lld", (long long)number);
		assert(decimal_parse(digits, &again) == 0 && again == number);
	}
	if (duration_parse(text, &milliseconds) == 0) {
		assert(milliseconds <= INT64_MAX);
		digits = arena_printf(arena, "%llums", (unsigned long long)milliseconds);
		assert(duration_parse(digits, &milliseconds) == 0);
	}
}

static void check_encodings(struct arena *arena, const char *text)
{
	size_t length = strlen(text);
	unsigned char *bytes = arena_alloc(arena, length * 3 / 4 + 1);
	char *hex = arena_alloc(arena, 2 * length + 1), *back = arena_alloc(arena, length + 1);
	int64_t size = base64_decode(text, length, bytes);

	/* One spelling for one value (RFC 4648, 3.5). */
	if (size >= 0)
		assert(same(base64_encode(arena, bytes, (size_t)size), text));
	size = base64_decode(base64_encode(arena, text, length),
		strlen(base64_encode(arena, text, length)), (unsigned char *)back);
	assert(size == (int64_t)length && memcmp(back, text, length) == 0);
	hex_encode(hex, text, length);
	memset(back, 0, length);
	assert(hex_decode(back, hex, length) == 0 && memcmp(back, text, length) == 0);
	if (hex_decode(bytes, text, length / 2) == 0)
		hex_encode(hex, bytes, length / 2);
	strcpy(back, text);
	decode_percent(back);
	assert(strlen(back) <= length);
}

/* What is sent lies in the file, and nothing of it twice. */
static void check_ranges(const char *text)
{
	static const uint64_t totals[] = {0, 1, 2, 10, 1000, UINT64_C(1) << 40, INT64_MAX};
	enum { MOST = 16 };
	struct span spans[MOST];
	size_t count;

	for (size_t i = 0; i < sizeof(totals) / sizeof(*totals); i++) {
		int result = ranges_parse(text, totals[i], spans, MOST, &count);

		assert(result == 0 || result == 1 || result == -ERANGE);
		if (result != 1)
			continue;
		assert(count >= 1 && count <= MOST);
		for (size_t j = 0; j < count; j++) {
			assert(spans[j].length > 0 && spans[j].length <= totals[i]);
			assert(spans[j].offset <= totals[i] - spans[j].length);
			for (size_t k = 0; k < j; k++)
				assert(spans[j].offset >= spans[k].offset + spans[k].length ||
					spans[k].offset >= spans[j].offset + spans[j].length);
		}
	}
}

static void check_part(const char *text)
{
	struct part part = {0};

	if (part_parse(text, &part) == 0 && !part.asks)
		assert(part.first <= part.last && part.last < part.total);
}

static void check_addresses(struct arena *arena, const char *text, const char *networks)
{
	char normal[ADDRESS_TEXT], again[ADDRESS_TEXT], key[ADDRESS_TEXT];
	struct sockaddr_storage address, back;

	if (address_normalise(text, normal) == 0) {
		assert(address_normalise(normal, again) == 0 && same(normal, again));
		assert(address_in(text, text) && address_in(normal, "0.0.0.0/0 ::/0"));
		address_is_loopback(normal);
		address_limit_key(normal, key);
	}
	if (strlen(text) < ADDRESS_TEXT)
		address_limit_key(text, key);
	if (address_parse(text, &address) == 0) {
		address_port_text((struct sockaddr *)&address, normal);
		assert(address_parse(normal, &back) == 0);
		address_port_text((struct sockaddr *)&back, again);
		assert(same(normal, again));
	}
	if (networks_check(networks) == 0)
		address_in(text, networks);
}

static void check_parameters(struct arena *arena, const char *text)
{
	static const char *const names[] = {"username", "nc", "username*"};
	const char *values[3], *extended;

	if (parameters_parse(arena, text, names, 3, values) == 0 && values[2]) {
		extended = parameter_extended(arena, values[2]);
		assert(!extended || strlen(extended) <= strlen(values[2]));
	}
	parameter_extended(arena, text);
	list_holds(text, "keep-alive");
	/* It is sent again as it is. */
	if (served_media_type(text)) {
		assert(strlen(text) <= 255 && strchr(text, '/'));
		for (const char *p = text; *p; p++)
			assert((*p >= ' ' && *p <= '~') || *p == '\t');
		assert(served_is_same_type(text, text));
	}
}

static void check_texts(struct arena *arena, const char *text, const char *other)
{
	const char *normal, *at = text;
	struct buf out = {0};
	uint32_t character;
	bool presentable = true;

	assert(text_equal_secret(text, other) == same(text, other));
	assert(served_is_same_type(text, other) == served_is_same_type(other, text));
	assert(!text_has_word(text, "word") || strstr(text, "word"));
	uri_encode(&out, text);
	assert(strspn(buf_text(&out), "%-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz") == out.len);
	buf_free(&out);
	if (!text_is_utf8(text, strlen(text))) {
		assert(!text_is_presentable(text));
		return;
	}
	normal = text_nfc(arena, text);
	assert(same(text_nfc(arena, normal), normal));
	normal = text_fold(arena, text);
	assert(text_is_utf8(normal, strlen(normal)));
	while ((character = text_next(&at)))
		presentable = presentable && text_character_is_presentable(character);
	assert(presentable == text_is_presentable(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new();
	struct lines lines = {bytes, size};
	const char *text = line_next(arena, &lines), *other = line_next(arena, &lines);

	check_dates(text);
	check_numbers(arena, text);
	check_encodings(arena, text);
	check_ranges(text);
	check_part(text);
	check_addresses(arena, text, other);
	check_parameters(arena, text);
	check_texts(arena, text, other);
	arena_free(arena);
	return 0;
}
