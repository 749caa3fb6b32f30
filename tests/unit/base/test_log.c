#include "../unit.h"

#include "base/log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What was written to standard error while `write_lines` ran. */
static void captured(void (*write_lines)(void), char *out, size_t size)
{
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t length;

	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	dup2(ends[1], STDERR_FILENO);
	write_lines();
	dup2(saved, STDERR_FILENO);
	length = read(ends[0], out, size - 1);
	out[length < 0 ? 0 : length] = '\0';
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

static void write_lines(void)
{
	log_event(LOG_DEBUG, "unseen", NULL);
	log_event(LOG_INFO, "get", "path", "/a", "status", log_number(200), NULL);
	log_event(LOG_WARNING, "odd", "value", "a b\"\nlevel=error", "none", (char *)NULL, "empty",
		"", NULL);
	log_event(LOG_INFO, "far", "least", log_number(INT64_MIN), "most", log_number(INT64_MAX),
		"zero", log_number(0), "high", "\xff\xff=\\", NULL);
}

static void test_lines(void **state)
{
	char out[1024];

	captured(write_lines, out, sizeof(out));
	assert_string_equal(out,
		"level=info event=get path=/a status=200\n"
		"level=warning event=odd value=\"a b\\\"\\x0alevel=error\" none=- empty=\"\"\n"
		"level=info event=far least=-9223372036854775808 most=9223372036854775807 zero=0 "
		"high=\"\\xff\\xff=\\\\\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
