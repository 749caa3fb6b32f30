#include "../unit.h"

#include "base/arena.h"
#include "base/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int load(
	struct arena *arena, const char *text, struct config *config, char *error, size_t size)
{
	char name[] = "/tmp/missive-config-XXXXXX", full[256];
	int fd = mkstemp(name), result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	result = config_load(arena, name, config, full, sizeof(full));
	unlink(name);
	/* What stands behind the file's name. */
	if (result < 0) {
		assert_memory_equal(full, name, strlen(name));
		snprintf(error, size, "%s", full + strlen(name) + 1);
	}
	return result;
}

static void test_standards(void **state)
{
	struct arena *arena = arena_new();
	struct config config;
	char error[256];

	assert_int_equal(
		load(arena, "[xmpp]\nsecret = s3;cret # no comment\n", &config, error, 256), 0);
	assert_string_equal(config.xmpp.secret, "s3;cret # no comment");
	assert_string_equal(config.http.listen[0], "127.0.0.1:8080");
	assert_null(config.http.listen[1]);
	assert_string_equal(config.http.base_url, "http://files.localhost:8080");
	assert_string_equal(config.xmpp.server, "127.0.0.1:5347");
	assert_string_equal(config.xmpp.domain, "files.localhost");
	assert_string_equal(config.xmpp.users, "localhost");
	assert_int_equal(config.xmpp.confirm_timeout, 50000);
	assert_int_equal(config.xmpp.confirm_reuse, 300000);
	assert_int_equal(config.limits.expires, 0);
	assert_int_equal(config.limits.expires_message, 7776000000);
	assert_int_equal(config.limits.expires_profile, 0);
	assert_int_equal(config.limits.expires_ephemeral, 604800000);
	assert_int_equal(config.limits.expires_permanent, 0);
	assert_int_equal(config.limits.once_kept, 86400000);
	assert_int_equal(config.limits.expiry_notice, 86400000);
	assert_int_equal(config.limits.max_file_size, 10ULL << 30);
	assert_int_equal(config.limits.keep_free, 1ULL << 30);
	assert_int_equal(config.limits.connections, 10000);
	assert_int_equal(config.limits.slots, 32);
	assert_true(config.slots.links);
	assert_int_equal(config.limits.wrong_passwords, 10);
	assert_int_equal(config.limits.wrong_passwords_per_address, 60);
	assert_int_equal(config.limits.prompts, 4096);
	assert_int_equal(config.limits.prompts_per_pair, 5);
	assert_int_equal(config.limits.prompts_per_address, 10);
	assert_int_equal(config.limits.prompts_per_known_pair, 64);
	assert_int_equal(config.limits.silence, 600000);
	assert_int_equal(config.limits.refusals, 60);
	assert_true(config.http.threads >= 1);
	arena_free(arena);
}

static void test_values(void **state)
{
	struct arena *arena = arena_new();
	struct config config;
	char error[256];

	assert_int_equal(load(arena,
				 "[http]\nlisten = 127.0.0.1:1\nlisten = [::1]:2\n"
				 "base-url = https://Files.Example.org/\n"
				 "[xmpp]\nsecret = x\nusers = Montague.LIT  "
				 "capulet.lit\nconfirm-timeout=2min\n"
				 "[limits]\nmax-file-size = 500M\n",
				 &config, error, sizeof(error)),
		0);
	assert_string_equal(config.http.listen[0], "127.0.0.1:1");
	assert_string_equal(config.http.listen[1], "[::1]:2");
	assert_null(config.http.listen[2]);
	assert_string_equal(config.http.base_url, "https://Files.Example.org");
	assert_string_equal(config.xmpp.users, "montague.lit capulet.lit");
	assert_int_equal(config.xmpp.confirm_timeout, 120000);
	assert_int_equal(config.limits.max_file_size, 500ULL << 20);
	arena_free(arena);
}

/* Each bound is itself allowed. */
static void test_bounds(void **state)
{
	struct arena *arena = arena_new();
	struct config config;
	char error[256];

	assert_int_equal(
		load(arena,
			"[xmpp]\nsecret = x\n[limits]\nhead = 1K\ntarget = 16K\nfields = 256\n"
			"head-time = 1s\nlock-time = 7d\nranges = 1\nbody-rate = 1M\ndrain = 0\n",
			&config, error, sizeof(error)),
		0);
	assert_int_equal(config.limits.head, 1 << 10);
	assert_int_equal(config.limits.target, 16 << 10);
	assert_int_equal(config.limits.fields, 256);
	assert_int_equal(config.limits.head_time, 1000);
	assert_int_equal(config.limits.lock_time, 604800000);
	assert_int_equal(config.limits.ranges, 1);
	assert_int_equal(config.limits.body_rate, 1 << 20);
	assert_int_equal(config.limits.drain, 0);
	assert_int_equal(config.limits.idle_time, 60000);
	arena_free(arena);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *error; /* begins so */
	} cases[] = {
		{"", "1: secret or secret-file must be set"},
		{"[xmpp]\n\nsecret =\n", "3: the secret is empty"},
		{"[xmpp]\nsecret = x\nsecrets = y\n", "3: there is no setting secrets in [xmpp]"},
		{"[xmp]\nsecret = x\n", "2: there is no section [xmp]"},
		{"secret = x\n", "1: secret stands before the first section"},
		{"[xmpp]\nsecret = x\nsecret = y\n", "3: secret is already set in line 2"},
		{"[xmpp]\nsecret = x\nwhat is this\n", "3: this line is neither"},
		{"[xmpp]\nsecret = x\n[http]\nlisten = 8080\n", "4: this is no address and port"},
		{"[xmpp]\nsecret = x\n[http]\nlisten = 0.0.0.0:80\n",
			"4: this address is not loopback"},
		{"[xmpp]\nsecret = x\n[http]\nbase-url = files\n",
			"4: this is no http or https URL"},
		{"[xmpp]\nsecret = x\n[http]\nbase-url = http://a/b\n",
			"4: the base URL has no path"},
		{"[xmpp]\nsecret = x\n[http]\ntls-cert = /nowhere\n", "4: /nowhere: No such file"},
		{"[xmpp]\nsecret = x\n[http]\ntls-cert = /dev/null\n", "4: tls-cert and tls-key"},
		{"[xmpp]\nsecret = x\n[log]\nformat = xml\n", "4: this is neither text nor json"},
		{"[xmpp]\nsecret = x\n[log]\nlevel = audit\n", "4: this is none of debug"},
		{"[xmpp]\nsecret = x\n[http]\nmetrics = 9190\n",
			"4: this is no address and port, as in 127.0.0.1:9190"},
		{"[xmpp]\nsecret = x\n[http]\nallow-plain = maybe\n",
			"4: this is neither yes nor no"},
		{"[xmpp]\nsecret = x\n[http]\ntrusted-proxies = proxy\n",
			"4: these are no networks"},
		{"[xmpp]\nsecret = x\n[http]\nhost = a http://b\n", "4: these are no host names"},
		{"[xmpp]\nsecret = x\nusers =\n", "3: nobody could upload"},
		{"[xmpp]\nsecret = x\nusers = a b@c\n", "3: b@c is no XMPP domain"},
		{"[xmpp]\nsecret = x\ndomain = a@b\n", "3: this is no XMPP domain"},
		{"[xmpp]\nsecret = x\nconfirm-timeout = 50\n", "3: this is no time"},
		{"[xmpp]\nsecret = x\n[limits]\nexpires = 90\n", "4: this is no time"},
		{"[xmpp]\nsecret = x\nconfirm-timeout = 10ms\n", "3: nobody can answer"},
		{"[xmpp]\nsecret = x\nserver = a:b\n", "3: this is no host and port"},
		{"[xmpp]\nsecret = x\n[system]\nfence = maybe\n", "4: this is neither yes nor no"},
		{"[xmpp]\nsecret-file = /nowhere\n", "2: /nowhere: No such file"},
		{"[xmpp]\nsecret-file = /dev/null\n", "2: the secret is empty"},
		{"[xmpp]\nsecret = x\n[limits]\nkeep-free = 1X\n", "4: this is no number of bytes"},
		{"[xmpp]\nsecret = x\n[limits]\nkeep-free = 99999999T\n",
			"4: this is no number of bytes"},
		{"[xmpp]\nsecret = x\n[limits]\nconnections = 0\n", "4: connections must be"},
		{"[xmpp]\nsecret = x\n[limits]\nrefusals = 65536\n",
			"4: this is no number from 0 to 65535"},
		{"[xmpp]\nsecret = x\n[limits]\nsilence = 25h\n",
			"4: silence must be from 0 to 24h"},
		{"[xmpp]\nsecret = x\n[limits]\nhead = 1\n", "4: head must be from 1K to 64K"},
		{"[xmpp]\nsecret = x\n[limits]\nhead = 65K\n", "4: head must be from 1K to 64K"},
		{"[xmpp]\nsecret = x\n[limits]\n\nlock-time = 999ms\n",
			"5: lock-time must be from 1s to 1w"},
		{"[xmpp]\nsecret = x\n[limits]\nranges = 257\n", "4: ranges must be from 1 to 256"},
		{"[xmpp]\nsecret = x\n[limits]\nranges = 1K\n", "4: this is no number"},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config config;
		char error[256];

		assert_true(load(arena, cases[i].text, &config, error, sizeof(error)) < 0);
		error[strlen(cases[i].error)] = '\0';
		assert_string_equal(error, cases[i].error);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standards),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
