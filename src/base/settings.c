#include "base/settings.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_LONGEST = 8192 };

struct reading {
	FILE *file;
	int line; /* of what inih tells of now, from 1 */
	bool line_ended;
	const char *wrong;
	const char *(*take)(
		void *arg, int line, const char *section, const char *name, const char *value);
	void *arg;
};

/* inih's handler: 1: go on; 0: stop. */
static int take_setting(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *reading = arg;

	reading->wrong = reading->take(reading->arg, reading->line, section, name, value);
	return !reading->wrong;
}

/* inih's reader: like fgets(), and counts the lines. */
static char *next_line(char *line, int size, void *arg)
{
	struct reading *reading = arg;
	char *got = fgets(line, size, reading->file);

	if (got && reading->line_ended)
		reading->line++;
	if (got)
		reading->line_ended = strchr(line, '\n') != NULL;
	return got;
}

int settings_read(const char *file,
	const char *(*take)(
		void *arg, int line, const char *section, const char *name, const char *value),
	void *arg, int *last, char *error, size_t size)
{
	struct reading reading = {
		.file = fopen(file, "re"), .line_ended = true, .take = take, .arg = arg};
	int result;

	if (!reading.file) {
		snprintf(error, size, "%s:1: %s", file, strerror(errno));
		return -EINVAL;
	}
	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_stop_on_first_error = true;
	ini_use_stack = false;
	ini_allow_realloc = true;
	ini_max_line = LINE_LONGEST;
	result = ini_parse_stream(next_line, &reading, take_setting, &reading);
	fclose(reading.file);
	if (last)
		*last = reading.line;
	if (result == 0)
		return 0;
	snprintf(error, size, "%s:%d: %s", file, reading.line ? reading.line : 1,
		reading.wrong ? reading.wrong : "this line is neither a [section] nor a setting");
	return -EINVAL;
}
