/* Files of settings: [section] and name = value, a line each; ";" and "#" begin a comment line. The only face of inih. */
#pragma once

#include <stddef.h>

/*
 * Tells each setting in turn; `take` returns 0, or what is wrong with it, which ends the reading. 0, or -EINVAL with
 * "FILE:LINE: what is wrong" in error. *last gets the number of the last line that was read; NULL: not wanted.
 */
int settings_read(const char *file,
	const char *(*take)(
		void *arg, int line, const char *section, const char *name, const char *value),
	void *arg, int *last, char *error, size_t size);
