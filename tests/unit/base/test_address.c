#include "../unit.h"

#include "base/address.h"

#include <errno.h>
#include <string.h>

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		const char *again; /* NULL: refused */
	} cases[] = {
		{"127.0.0.1:8080", "127.0.0.1:8080"},
		{"[::1]:8080", "[::1]:8080"},
		{"0.0.0.0:0", "0.0.0.0:0"},
		{"[0:0::0:1]:1", "[::1]:1"},
		{"127.0.0.1", NULL},
		{"::1:8080", NULL},
		{"[::1]", NULL},
		{"127.0.0.1:65536", NULL},
		{"127.0.0.1:-1", NULL},
		{"127.0.0.1:80x", NULL},
		{"localhost:80", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sockaddr_storage address;
		char text[ADDRESS_TEXT];
		int result = address_parse(cases[i].text, &address);

		assert_int_equal(result, cases[i].again ? 0 : -EINVAL);
		if (!cases[i].again)
			continue;
		address_port_text((struct sockaddr *)&address, text);
		assert_string_equal(text, cases[i].again);
	}
}

static void test_mapped(void **state)
{
	struct sockaddr_storage address;
	char text[ADDRESS_TEXT];

	assert_int_equal(address_parse("[::ffff:192.0.2.7]:80", &address), 0);
	address_text((struct sockaddr *)&address, text);
	assert_string_equal(text, "192.0.2.7");
}

static void test_networks(void **state)
{
	static const struct {
		const char *address, *networks;
		bool in;
	} cases[] = {
		{"10.1.2.3", "10.0.0.0/8", true},
		{"11.1.2.3", "10.0.0.0/8", false},
		{"192.0.2.129", "192.0.2.128/25", true},
		{"192.0.2.127", "192.0.2.128/25", false},
		{"::1", "127.0.0.1 ::1", true},
		{"2001:db8::5", "2001:db8::/32", true},
		{"2001:db9::5", "2001:db8::/32", false},
		{"10.1.2.3", "::/0", false},
		{"10.1.2.3", "0.0.0.0/0", true},
		{"10.1.2.3", "", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(address_in(cases[i].address, cases[i].networks), cases[i].in);
	assert_int_equal(networks_check("10.0.0.0/8 ::1"), 0);
	assert_int_equal(networks_check("10.0.0.0/33"), -EINVAL);
	assert_int_equal(networks_check("10.0.0/8"), -EINVAL);
	assert_int_equal(networks_check("10.0.0.0/x"), -EINVAL);
	assert_int_equal(networks_check("host"), -EINVAL);
}

static void test_limit_key(void **state)
{
	static const struct {
		const char *address, *key;
	} cases[] = {
		{"192.0.2.7", "192.0.2.7"},
		{"::ffff:192.0.2.7", "192.0.2.7"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"},
		{"2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"::1", "::/64"},
		{"unknown", "unknown"},
		{"", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char key[ADDRESS_TEXT];

		address_limit_key(cases[i].address, key);
		assert_string_equal(key, cases[i].key);
	}
}

static void test_loopback(void **state)
{
	assert_true(address_is_loopback("127.0.0.1"));
	assert_true(address_is_loopback("127.9.9.9"));
	assert_true(address_is_loopback("::1"));
	assert_false(address_is_loopback("128.0.0.1"));
	assert_false(address_is_loopback("::2"));
	assert_false(address_is_loopback("0.0.0.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_limit_key),
		cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
