#include "../unit.h"

#include "auth/grant.h"
#include "base/arena.h"
#include "base/loop.h"

#include <stdio.h>
#include <string.h>

struct request {
	const char *jid, *id, *method, *url, *address;
	bool creates;
};

static const struct request given = {
	"a@b/c", "identifier", "GET", "http://x/y", "192.0.2.1", false};

static struct proof *proof_of(const struct request *request)
{
	struct proof *proof = proof_new(1, NULL);

	assert_int_equal(jid_parse(proof->arena, request->jid, &proof->jid), 0);
	proof->transaction_id = request->id;
	proof->method = request->method;
	proof->url = request->url;
	proof->address = request->address;
	proof->creates = request->creates;
	return proof;
}

static void add(struct grants *grants, struct request request)
{
	struct proof *proof = proof_of(&request);

	grants_add(grants, proof);
	proof_free(proof);
}

static bool use(struct grants *grants, struct request request)
{
	struct proof *proof = proof_of(&request);
	bool used = grants_use(grants, proof);

	proof_free(proof);
	return used;
}

static void with_grants(uint64_t reuse, void (*test)(struct grants *grants))
{
	struct grants *grants;
	struct loop *loop;

	assert_int_equal(loop_open(&loop), 0);
	grants = grants_open(loop, reuse);
	test(grants);
	grants_close(grants);
	loop_close(loop);
}

static void same_reading_request(struct grants *grants)
{
	const struct request others[] = {
		{"a@b/d", given.id, given.method, given.url, given.address, false},
		{"a@b", given.id, given.method, given.url, given.address, false},
		{given.jid, "identifieR", given.method, given.url, given.address, false},
		{given.jid, given.id, "HEAD", given.url, given.address, false},
		{given.jid, given.id, "PUT", given.url, given.address, true},
		{given.jid, given.id, given.method, "http://x/z", given.address, false},
		{given.jid, given.id, given.method, given.url, "192.0.2.2", false},
	};

	assert_false(use(grants, given));
	add(grants, given);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(use(grants, others[i]));
	assert_true(use(grants, given));
	assert_true(use(grants, given));
}

static void only_reading_and_telling(struct grants *grants)
{
	static const char *const methods[] = {"PUT", "DELETE", "PROPPATCH", "MKCOL", "OPTIONS"};
	struct request request = given;

	for (size_t i = 0; i < COUNT(methods); i++) {
		request.method = methods[i];
		add(grants, request);
		assert_false(use(grants, request));
	}
	request = given;
	request.id = "short-1";
	add(grants, request);
	assert_false(use(grants, request));
}

static void one_more_after_head(struct grants *grants)
{
	struct request head = given, upload = given, overwrite = given;

	head.method = "HEAD";
	upload.method = overwrite.method = "PUT";
	upload.creates = true;
	add(grants, head);
	assert_false(use(grants, overwrite));
	assert_true(use(grants, upload));
	assert_false(use(grants, upload));
	assert_false(use(grants, given));
	head.id = "short";
	add(grants, head);
	assert_false(use(grants, head));
	upload.id = "short";
	assert_true(use(grants, upload));
}

static void ended(struct grants *grants)
{
	struct request head = given;

	head.method = "HEAD";
	add(grants, given);
	add(grants, head);
	assert_false(use(grants, given));
	assert_false(use(grants, head));
}

static void test_same_reading_request(void **state)
{
	with_grants(60000, same_reading_request);
}

static void test_only_reading_and_telling(void **state)
{
	with_grants(60000, only_reading_and_telling);
}

static void test_one_more_after_head(void **state)
{
	with_grants(60000, one_more_after_head);
}

static void test_ended(void **state)
{
	with_grants(0, ended);
}

/* However many there are, of one account perhaps, a fresh one counts; those that had to go are asked for again. */
static void more_than_are_kept(struct grants *grants)
{
	struct request other = given;
	char id[32];
	int kept = 0;

	other.jid = "x@y";
	other.id = id;
	for (int i = 0; i < 80000; i++) {
		snprintf(id, sizeof(id), "identifier-%d", i);
		add(grants, other);
	}
	for (int i = 0; i < 80000; i++) {
		snprintf(id, sizeof(id), "identifier-%d", i);
		kept += use(grants, other);
	}
	assert_in_range(kept, 60000, 65536);
	add(grants, given);
	assert_true(use(grants, given));
}

static void test_more_than_are_kept(void **state)
{
	with_grants(60000, more_than_are_kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_reading_request),
		cmocka_unit_test(test_only_reading_and_telling),
		cmocka_unit_test(test_one_more_after_head),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_more_than_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
