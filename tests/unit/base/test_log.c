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

/* What stands behind the time, line for line. */
static void test_json(void **state)
{
	static const char *const wanted[] = {
		"\"level\":\"info\",\"event\":\"get\",\"path\":\"/a\",\"status\":\"200\"}",
		"\"level\":\"warning\",\"event\":\"odd\",\"value\":\"a "
		"b\\u0022\\u000alevel=error\",\"none\":null,"
		"\"empty\":\"\"}",
		"\"level\":\"info\",\"event\":\"far\",\"least\":\"-9223372036854775808\","
		"\"most\":\"9223372036854775807\",\"zero\":\"0\",\"high\":\"\\ufffd\\ufffd="
		"\\u005c\"}",
	};
	char out[1024], *line = out;

	log_use(LOG_JSON);
	captured(write_lines, out, sizeof(out));
	log_use(LOG_TEXT);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		char *end = strchr(line, '\n');

		assert_non_null(end);
		*end = '\0';
		assert_memory_equal(line, "{\"time\":\"2", 10);
		assert_memory_equal(line + 28, "Z\",", 3);
		assert_string_equal(line + 31, wanted[i]);
		line = end + 1;
	}
	assert_string_equal(line, "");
}

static void write_characters(void)
{
	log_event(LOG_INFO, "x", "c", "\u00e9\u20ac\U0001f600\x7f", NULL);
}

static void test_json_characters(void **state)
{
	char out[1024];

	log_use(LOG_JSON);
	captured(write_characters, out, sizeof(out));
	log_use(LOG_TEXT);
	assert_non_null(strstr(out, "\"c\":\"\\u00e9\\u20ac\\ud83d\\ude00\\u007f\"}\n"));
}

static void write_levels(void)
{
	for (enum log_level level = LOG_DEBUG; level <= LOG_AUDIT; level++)
		log_event(level, "x", NULL);
}

/* What is for audits is always written. */
static void test_levels(void **state)
{
	enum log_level level;
	char out[1024];

	assert_int_equal(log_level_parse("error", &level), 0);
	log_threshold(level);
	captured(write_levels, out, sizeof(out));
	log_threshold(LOG_INFO);
	assert_string_equal(out, "level=error event=x\nlevel=audit event=x\n");
	assert_true(log_level_parse("audit", &level) < 0);
	assert_true(log_level_parse("", &level) < 0);
}

static void write_long(void)
{
	char value[3][20001];

	memset(value[0], '\xe9', 20000), memset(value[1], 'a', 20000), memset(value[2], '"', 20000);
	for (size_t i = 0; i < 3; i++)
		value[i][20000] = '\0';
	log_event(LOG_AUDIT, "long", "a", value[0], "b", value[1], "c", value[2], "d", value[0],
		"e", value[1], "f", "last", NULL);
	value[1][3500] = '\0';
	log_event(LOG_AUDIT, "whole", "b", value[1], "f", "last", NULL);
}

/* One line stays so short that nobody who passes it on cuts it: its end would begin a line, and is what a stranger has sent. */
static void test_long(void **state)
{
	static const struct {
		enum log_format format;
		const char *cut, *end, *whole;
	} cases[] = {
		{LOG_TEXT, "aaa...\" c=\"", "...\" f=last", "a f=last"},
		{LOG_JSON, "aaa...\",\"c\":\"", "...\",\"f\":\"last\"}", "a\",\"f\":\"last\"}"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[16384], *end;

		log_use(cases[i].format);
		captured(write_long, out, sizeof(out));
		log_use(LOG_TEXT);
		end = strchr(out, '\n');
		assert_non_null(end);
		assert_in_range(end - out, 3000, 4095);
		*end = '\0';
		assert_non_null(strstr(out, cases[i].cut));
		assert_string_equal(end - strlen(cases[i].end), cases[i].end);
		out[strlen(out)] = '\n';
		assert_null(strstr(end + 1, "..."));
		assert_non_null(strstr(end + 1, cases[i].whole));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_characters),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
