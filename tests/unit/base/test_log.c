#include "../unit.h"

#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
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

enum { TURNS = 20, LINES_A_TURN = 200 };

/* A thread that holds its lines, as loops do, with far more of them than a pipe takes at once. */
static void *write_many(void *who)
{
	log_hold();
	for (int turn = 0; turn < TURNS; turn++) {
		for (int i = 0; i < LINES_A_TURN; i++)
			log_event(LOG_INFO, "many", "who", (const char *)who, "what",
				"0123456789012345678901234567890123456789", NULL);
		log_let_go();
	}
	log_hold_end();
	return NULL;
}

/* No line of a thread is cut by another's, however slowly the log is read. */
static void test_threads(void **state)
{
	static const char a[] = "level=info event=many who=a "
				"what=0123456789012345678901234567890123456789\n";
	int ends[2], saved = dup(STDERR_FILENO), lines = 0, whole = 0;
	pthread_t threads[2];
	char line[256], names[][2] = {"a", "b"};
	FILE *out;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fcntl(ends[1], F_SETPIPE_SZ, 4096);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	pthread_create(&threads[0], NULL, write_many, names[0]);
	pthread_create(&threads[1], NULL, write_many, names[1]);
	out = fdopen(ends[0], "r");
	setvbuf(out, NULL, _IOFBF, 512);
	while (lines < 2 * TURNS * LINES_A_TURN && fgets(line, sizeof(line), out)) {
		char *who = strstr(line, "who=b");

		lines++;
		if (who)
			who[4] = 'a';
		whole += strcmp(line, a) == 0;
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	dup2(saved, STDERR_FILENO);
	close(saved);
	fclose(out);
	assert_int_equal(whole, 2 * TURNS * LINES_A_TURN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
