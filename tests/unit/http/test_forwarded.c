#include "../unit.h"

#include "dav/request.h"
#include "http/forwarded.h"

#include <string.h>

enum { TRUSTED, STRANGER };

static void test_read(void **state)
{
	static const struct {
		int peer;
		struct header headers[3];
		int result;
		const char *address, *host, *scheme;
	} cases[] = {
		{TRUSTED, {{0}}, 0, "10.0.0.1", NULL, NULL},
		/* One field each. */
		{TRUSTED,
			{{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Host", "a.example"},
				{"X-Forwarded-Proto", "HTTPS"}},
			0, "192.0.2.1", "a.example", "https"},
		{TRUSTED, {{"X-Forwarded-Host", "a.example:8443"}}, 0, "10.0.0.1", "a.example:8443",
			NULL},
		{TRUSTED, {{"X-Forwarded-For", "192.0.2.9, 192.0.2.1, 10.0.0.2"}}, 0, "192.0.2.1",
			NULL, NULL},
		{TRUSTED, {{"X-Forwarded-For", "192.0.2.9,192.0.2.1 , 10.0.0.2"}}, 0, "192.0.2.1",
			NULL, NULL},
		{TRUSTED, {{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}, 0, "10.0.0.3", NULL, NULL},
		{TRUSTED, {{"X-Forwarded-For", "2001:db8::1"}}, 0, "2001:db8::1", NULL, NULL},
		{TRUSTED, {{"X-Forwarded-For", "2001:DB8:0:0::1"}}, 0, "2001:db8::1", NULL, NULL},
		{TRUSTED, {{"X-Forwarded-For", "192.0.2.1, ::ffff:10.0.0.2"}}, 0, "192.0.2.1", NULL,
			NULL},
		{TRUSTED, {{"X-Forwarded-For", "192.0.2.9, 192.0.2.1:99"}}, 0, "10.0.0.1", NULL,
			NULL},
		{TRUSTED, {{"X-Forwarded-For", "192.0.2.9, fe80::1%eth0"}}, 0, "10.0.0.1", NULL,
			NULL},
		{TRUSTED, {{"X-Forwarded-For", "192.0.2.9, unknown"}}, 0, "10.0.0.1", NULL, NULL},
		{TRUSTED, {{"X-Forwarded-For", "192.0.2.9, "}}, 0, "10.0.0.1", NULL, NULL},
		{TRUSTED, {{"X-Forwarded-For", "192.0.2.9, 10.0.0.0/8"}}, 0, "10.0.0.1", NULL,
			NULL},
		{TRUSTED, {{"X-Forwarded-Proto", "ftp"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"X-Forwarded-Proto", "https, https"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"X-Forwarded-Proto", ""}}, -400, NULL, NULL, NULL},
		/* RFC 7239. */
		{TRUSTED, {{"Forwarded", "for=192.0.2.1;host=a.example;proto=https"}}, 0,
			"192.0.2.1", "a.example", "https"},
		{TRUSTED,
			{{"forwarded", "Proto=http; HOST=\"a.example:81\" ;For=\"192.0.2.1:99\""}},
			0, "192.0.2.1", "a.example:81", "http"},
		{TRUSTED, {{"Forwarded", "for=\"[2001:db8::1]:99\";by=_me"}}, 0, "2001:db8::1",
			NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=\"[::FFFF:192.0.2.1]:99\""}}, 0, "192.0.2.1", NULL,
			NULL},
		{TRUSTED, {{"Forwarded", "for=\"\\192.0.2.1\";x=\"a,;\\\"=\""}}, 0, "192.0.2.1",
			NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=unknown;host=a.example"}}, 0, "10.0.0.1", "a.example",
			NULL},
		{TRUSTED, {{"Forwarded", "for=_hidden"}}, 0, "10.0.0.1", NULL, NULL},
		{TRUSTED, {{"Forwarded", "host=evil.example, for=192.0.2.1;host=a.example"}}, 0,
			"192.0.2.1", "a.example", NULL},
		{TRUSTED, {{"Forwarded", "host=evil.example, host=a.example"}}, 0, "10.0.0.1",
			"a.example", NULL},
		{TRUSTED,
			{{"Forwarded",
				"for=192.0.2.9;host=evil, for=192.0.2.1;host=a.example;proto=https,"
				"for=10.0.0.2;host=inner;proto=http"}},
			0, "192.0.2.1", "a.example", "https"},
		{TRUSTED, {{"Forwarded", "for=192.0.2.9;proto=ftp, for=192.0.2.1"}}, 0, "192.0.2.1",
			NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=192.0.2.1;;"}}, 0, "192.0.2.1", NULL, NULL},
		{TRUSTED, {{"Forwarded", ""}}, 0, "10.0.0.1", NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=192.0.2.1;proto=ftp"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "host=a;host=b"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=192.0.2.1;For=192.0.2.2"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for="}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "=192.0.2.1"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for =192.0.2.1"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=192.0.2.1 host=a"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=192.0.2.1:99"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=\"192.0.2.1"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=\"192.0.2.1\\"}}, -400, NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=\"a\"b"}}, -400, NULL, NULL, NULL},
		/* One of the two kinds may be the client's own: which, nobody can know. */
		{TRUSTED, {{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", "192.0.2.1"}}, -400,
			NULL, NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-Host", "a"}}, -400, NULL,
			NULL, NULL},
		{TRUSTED, {{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-Proto", "http"}}, -400,
			NULL, NULL, NULL},
		/* Nothing counts from a stranger, be it nonsense. */
		{STRANGER,
			{{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Host", "a.example"},
				{"X-Forwarded-Proto", "ftp"}},
			0, "192.0.2.77", NULL, NULL},
		{STRANGER, {{"Forwarded", "for=192.0.2.1;host=a;proto=https"}}, 0, "192.0.2.77",
			NULL, NULL},
		{STRANGER, {{"Forwarded", "\"="}, {"X-Forwarded-Host", "a"}}, 0, "192.0.2.77", NULL,
			NULL},
	};
	struct dav dav = {0};
	struct request request = {0};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct forwarded out;
		int result;

		request_begin(&request, &dav);
		request.headers = (struct header *)cases[i].headers;
		while (request.header_count < 3 && request.headers[request.header_count].name)
			request.header_count++;
		result = forwarded_read(&request,
			cases[i].peer == TRUSTED ? "10.0.0.1" : "192.0.2.77", "10.0.0.0/24", &out);
		if (result != cases[i].result)
			fail_msg("case %zu: %d and not %d", i, result, cases[i].result);
		if (result == 0) {
			assert_string_equal(out.address, cases[i].address);
			assert_string_equal(
				out.host ? out.host : "-", cases[i].host ? cases[i].host : "-");
			assert_string_equal(out.scheme ? out.scheme : "-",
				cases[i].scheme ? cases[i].scheme : "-");
		}
		request_end(&request);
	}
	request_free(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_read)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
