#include "../unit.h"

#include "auth/nonce.h"
#include "auth/parameters.h"
#include "auth/scheme.h"
#include "base/arena.h"
#include "dav/method.h"
#include "dav/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NONCE_TIME = 300000 /* milliseconds */ };

static const char secret[] = "a secret of the store";

#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MD5    "0123456789abcdef0123456789abcdef"

static struct nonces *nonces;
static uint64_t now = 1000000;

static uint64_t clock_of_test(void)
{
	return now;
}

/* Parameters, and what takes the place of one or stands beside it. */
static const struct parameter {
	const char *name, *value;
} good[] = {
	{"username", "\"romeo@localhost\""},
	{"realm", "\"xmpp\""},
	{"nonce", "\"%nonce\""},
	{"uri", "\"/a%20b?c\""},
	{"response", "\"" SHA256 "\""},
	{"algorithm", "SHA-256"},
	{"cnonce", "\"balcony\""},
	{"opaque", "\"%opaque\""},
	{"qop", "auth"},
	{"nc", "00000001"},
};

static const struct {
	struct parameter changed; /* value NULL: left out */
	enum credentials result;
	const char *more; /* behind it all */
} cases[] = {
	{{"", NULL}, CREDENTIALS_CLAIM, ""},
	{{"", NULL}, CREDENTIALS_CLAIM, " , ,\t, more=\"a, \\\"b\\\" = c\", more=x"},
	{{"", NULL}, CREDENTIALS_CLAIM, ", userhash=false"},
	{{"", NULL}, CREDENTIALS_CLAIM, ", Cnonces = x"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", userhash=true"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", more"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", more="},
	{{"", NULL}, CREDENTIALS_REFUSED, ", more=\"x"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", more=\"x\\"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", more=x y"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", more=\"x\"y=z"},
	{{"", NULL}, CREDENTIALS_REFUSED, " more=x"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", =x"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", m@re=x"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", NC=00000002"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", nc=00000001"},
	{{"", NULL}, CREDENTIALS_REFUSED, ", username=\"romeo@localhost\""},
	{{"", NULL}, CREDENTIALS_REFUSED, ", username*=UTF-8''romeo%40localhost"},

	{{"username", "\"romeo@localhost/home\""}, CREDENTIALS_CLAIM, ""},
	{{"username", "\"rom\\eo@localhost\""}, CREDENTIALS_CLAIM, ""},
	{{"username", "\"j\xc3\xbcrgen@localhost\""}, CREDENTIALS_CLAIM, ""},
	{{"username", "\"j%C3%BCrgen@localhost\""}, CREDENTIALS_CLAIM, ""},
	{{"username", "\"j\xfcrgen@localhost\""}, CREDENTIALS_REFUSED, ""},
	{{"username", "\"ju\xcc\x88rgen@localhost\""}, CREDENTIALS_REFUSED, ""},
	{{"username", "\"Romeo@localhost\""}, CREDENTIALS_REFUSED, ""},
	{{"username", "\"romeo@LOCALHOST\""}, CREDENTIALS_REFUSED, ""},
	{{"username", "\"romeo@localhost.\""}, CREDENTIALS_REFUSED, ""},
	{{"username", "\"rom%65o@localhost\""}, CREDENTIALS_CLAIM, ""},
	{{"username", "\"\""}, CREDENTIALS_REFUSED, ""},
	{{"username", "\"romeo@local host\""}, CREDENTIALS_REFUSED, ""},
	{{"username", "romeo@localhost"}, CREDENTIALS_REFUSED, ""},
	{{"username", NULL}, CREDENTIALS_REFUSED, ""},
	{{"username", NULL}, CREDENTIALS_CLAIM, ", username*=UTF-8''j%C3%BCrgen%40localhost"},
	{{"username", NULL}, CREDENTIALS_CLAIM, ", username*=utf-8'de-DE'romeo%40localhost"},
	{{"username", NULL}, CREDENTIALS_REFUSED, ", username*=UTF-8''Romeo%40localhost"},
	{{"username", NULL}, CREDENTIALS_REFUSED, ", username*=UTF-8''j%FCrgen%40localhost"},
	{{"username", NULL}, CREDENTIALS_REFUSED, ", username*=ISO-8859-1''j%FCrgen%40localhost"},
	{{"username", NULL}, CREDENTIALS_REFUSED, ", username*=UTF-8''romeo%40localhost%00x"},
	{{"username", NULL}, CREDENTIALS_REFUSED, ", username*=UTF-8''romeo%4"},
	{{"username", NULL}, CREDENTIALS_REFUSED, ", username*=UTF-8'romeo%40localhost"},
	{{"username", NULL}, CREDENTIALS_REFUSED, ", username*=romeo%40localhost"},
	{{"username", NULL}, CREDENTIALS_REFUSED, ", username*=\"UTF-8''romeo@localhost\""},

	{{"realm", "xmpp"}, CREDENTIALS_CLAIM, ""},
	{{"realm", "\"XMPP\""}, CREDENTIALS_REFUSED, ""},
	{{"realm", "\"xmpp \""}, CREDENTIALS_REFUSED, ""},
	{{"realm", NULL}, CREDENTIALS_REFUSED, ""},

	{{"nonce", "\"%old\""}, CREDENTIALS_STALE, ""},
	{{"nonce", "\"%old\""}, CREDENTIALS_REFUSED, ", userhash=true"},
	{{"nonce", "\"%foreign\""}, CREDENTIALS_REFUSED, ""},
	{{"nonce", "\"%nonce0\""}, CREDENTIALS_REFUSED, ""},
	{{"nonce", "\"\""}, CREDENTIALS_REFUSED, ""},
	{{"nonce", NULL}, CREDENTIALS_REFUSED, ""},

	{{"uri", "\"\\/a%20b?c\""}, CREDENTIALS_CLAIM, ""},
	{{"uri", "\"/a b?c\""}, CREDENTIALS_REFUSED, ""},
	{{"uri", "\"/a%20b\""}, CREDENTIALS_REFUSED, ""},
	{{"uri", "\"http://x/a%20b?c\""}, CREDENTIALS_REFUSED, ""},
	{{"uri", NULL}, CREDENTIALS_REFUSED, ""},

	{{"response", "\"" MD5 "\""}, CREDENTIALS_REFUSED, ""},
	{{"response", "\"" SHA256 "0\""}, CREDENTIALS_REFUSED, ""},
	{{"response", "\"" MD5 MD5 "\""}, CREDENTIALS_CLAIM, ""},
	{{"response", "\"" MD5 "0123456789abcdef0123456789abcdeg\""}, CREDENTIALS_REFUSED, ""},
	{{"response", "\"\""}, CREDENTIALS_REFUSED, ""},
	{{"response", NULL}, CREDENTIALS_REFUSED, ""},
	{{"response", NULL}, CREDENTIALS_CLAIM, ", RESPONSE=" SHA256},

	{{"algorithm", "\"sha-256\""}, CREDENTIALS_CLAIM, ""},
	{{"algorithm", "SHA-256-sess"}, CREDENTIALS_REFUSED, ""},
	{{"algorithm", "SHA-512-256"}, CREDENTIALS_REFUSED, ""},
	{{"algorithm", "\"\""}, CREDENTIALS_REFUSED, ""},
	{{"algorithm", "MD5"}, CREDENTIALS_REFUSED, ""},
	{{"algorithm", NULL}, CREDENTIALS_REFUSED, ""},

	{{"cnonce", "\"\""}, CREDENTIALS_REFUSED, ""},
	{{"cnonce", "\"\xe2\x80\xae\""}, CREDENTIALS_REFUSED, ""},
	{{"cnonce", "\"a\tb\""}, CREDENTIALS_REFUSED, ""},
	{{"cnonce", "\"%E2%80%AE\""}, CREDENTIALS_REFUSED, ""},
	{{"cnonce", "\"mv-abcdefghijklmnopqrstuvwxyz\""}, CREDENTIALS_REFUSED, ""},
	{{"cnonce", "\"MV-ABCDEFGHIJKLMNOPQRSTUVWXYZ\""}, CREDENTIALS_REFUSED, ""},
	{{"cnonce", "\"" SHA256 SHA256 "\""}, CREDENTIALS_CLAIM, ""},
	{{"cnonce", "\"" SHA256 SHA256 "0\""}, CREDENTIALS_REFUSED, ""},
	{{"cnonce", NULL}, CREDENTIALS_REFUSED, ""},

	{{"opaque", "\"\""}, CREDENTIALS_REFUSED, ""},
	{{"opaque", "\"%opaque0\""}, CREDENTIALS_REFUSED, ""},
	{{"opaque", NULL}, CREDENTIALS_REFUSED, ""},

	{{"qop", "\"auth\""}, CREDENTIALS_CLAIM, ""},
	{{"qop", "auth-int"}, CREDENTIALS_REFUSED, ""},
	{{"qop", "\"auth,auth-int\""}, CREDENTIALS_REFUSED, ""},
	{{"qop", NULL}, CREDENTIALS_REFUSED, ""},

	{{"nc", "\"0000000a\""}, CREDENTIALS_CLAIM, ""},
	{{"nc", "0000000A"}, CREDENTIALS_CLAIM, ""},
	{{"nc", "ffffffff"}, CREDENTIALS_CLAIM, ""},
	{{"nc", "00000000"}, CREDENTIALS_REFUSED, ""},
	{{"nc", "1"}, CREDENTIALS_REFUSED, ""},
	{{"nc", "000000001"}, CREDENTIALS_REFUSED, ""},
	{{"nc", "0000000g"}, CREDENTIALS_REFUSED, ""},
	{{"nc", "\" 0000001\""}, CREDENTIALS_REFUSED, ""},
	{{"nc", NULL}, CREDENTIALS_REFUSED, ""},
};

static void replace(struct arena *arena, const char **text, const char *name, const char *value)
{
	const char *at = strstr(*text, name);

	if (at)
		*text = arena_printf(
			arena, "%.*s%s%s", (int)(at - *text), *text, value, at + strlen(name));
}

static const char *credentials_of(struct arena *arena, const struct parameter *changed)
{
	struct nonces *others = nonces_open("other", 5, NONCE_TIME, clock_of_test);
	char nonce[NONCE_TEXT], old[NONCE_TEXT], foreign[NONCE_TEXT];
	const char *text = "";

	nonce_make(nonces, old);
	now += NONCE_TIME;
	nonce_make(nonces, nonce);
	nonce_make(others, foreign);
	nonces_close(others);
	for (size_t i = 0; i < COUNT(good); i++) {
		bool is_it = strcmp(good[i].name, changed->name) == 0;
		const char *value = is_it ? changed->value : good[i].value;

		if (value)
			text = arena_printf(
				arena, "%s%s%s=%s", text, *text ? ", " : "", good[i].name, value);
	}
	replace(arena, &text, "%nonce", nonce);
	replace(arena, &text, "%old", old);
	replace(arena, &text, "%foreign", foreign);
	replace(arena, &text, "%opaque", nonces_opaque(nonces));
	return text;
}

static void begin(struct request *request, struct dav *dav)
{
	dav->nonces = nonces;
	request_begin(request, dav);
	request->method = method_find("GET");
	request->target = "/a%20b?c";
}

static void test_credentials(void **state)
{
	struct request request = {0};
	struct dav dav = {0};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text;
		enum credentials result;

		begin(&request, &dav);
		text = arena_printf(request.arena, "%s%s",
			credentials_of(request.arena, &cases[i].changed), cases[i].more);
		result = digest_identify(&request, text);
		if (result != cases[i].result)
			fail_msg("%s: %d", text, result);
		request_end(&request);
	}
	request_free(&request);
}

/* XEP-0070, 3.3.2: who is asked, and what for. */
static void test_claim(void **state)
{
	static const struct {
		struct parameter changed;
		const char *bare, *resourcepart, *id;
	} claims[] = {
		{{"", NULL}, "romeo@localhost", NULL, "balcony"},
		{{"username", "\"romeo@localhost/a \\\"b\\\"\""}, "romeo@localhost", "a \"b\"",
			"balcony"},
		{{"username", "\"rom%65o@localhost\""}, "rom%65o@localhost", NULL, "balcony"},
		{{"username", "\"j%C3%BCrgen@localhost\""}, "j\xc3\xbcrgen@localhost", NULL,
			"balcony"},
		{{"cnonce", "\"a\\\\b%41%C3%A9\""}, "romeo@localhost", NULL, "a\\b%41\xc3\xa9"},
	};
	struct request request = {0};
	struct dav dav = {0};

	for (size_t i = 0; i < COUNT(claims); i++) {
		begin(&request, &dav);
		assert_int_equal(digest_identify(&request,
					 credentials_of(request.arena, &claims[i].changed)),
			CREDENTIALS_CLAIM);
		assert_string_equal(request.claim.bare, claims[i].bare);
		if (claims[i].resourcepart)
			assert_string_equal(request.claim.resourcepart, claims[i].resourcepart);
		else
			assert_null(request.claim.resourcepart);
		assert_string_equal(request.transaction_id, claims[i].id);
		assert_false(request.proven);
		request_end(&request);
	}
	request_free(&request);
}

/* SHA-256 first, then MD5 (RFC 7616, 3.7); what each says is read by the parser that reads credentials. */
static void test_challenges(void **state)
{
	static const char *const names[] = {
		"realm", "qop", "algorithm", "nonce", "opaque", "charset", "stale", "domain"};
	static const char *const algorithms[] = {"SHA-256", "MD5"};
	const char *values[COUNT(names)], *nonce = "";
	struct request request = {0};
	struct dav dav = {0};
	uint64_t number;

	begin(&request, &dav);
	for (size_t i = 0; i < 4; i++) {
		const struct header *headers = request.answer.headers;

		if (i % 2 == 0) {
			answer_begin(&request, 401);
			digest_challenge(&request, i == 2);
		}
		assert_int_equal(request.answer.header_count, 2);
		assert_string_equal(headers[i % 2].name, "WWW-Authenticate");
		assert_memory_equal(headers[i % 2].value, "Digest ", 7);
		assert_int_equal(parameters_parse(request.arena, headers[i % 2].value + 7, names,
					 COUNT(names), values),
			0);
		assert_string_equal(values[0], "xmpp");
		assert_string_equal(values[1], "auth");
		assert_string_equal(values[2], algorithms[i % 2]);
		assert_int_equal(nonce_check(nonces, values[3], &number), NONCE_GOOD);
		assert_int_equal(strcmp(values[3], nonce) == 0, i % 2 == 1);
		nonce = values[3];
		assert_string_equal(values[4], nonces_opaque(nonces));
		assert_string_equal(values[5], "UTF-8");
		assert_int_equal(values[6] && strcmp(values[6], "true") == 0, i >= 2);
		assert_null(values[7]);
	}
	request_free(&request);
}

static int open_nonces(void **state)
{
	nonces = nonces_open(secret, strlen(secret), NONCE_TIME, clock_of_test);
	return 0;
}

static int close_nonces(void **state)
{
	nonces_close(nonces);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_claim),
		cmocka_unit_test(test_challenges),
	};

	return cmocka_run_group_tests(tests, open_nonces, close_nonces);
}
