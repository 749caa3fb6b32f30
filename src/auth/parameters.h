/* Parameters of credentials (RFC 9110, 11.2 and 11.4): name=value, value a token or a quoted string, separated by commas. */
#pragma once

#include <stddef.h>

struct arena;

/*
 * Fills values[i] with what stands behind names[i] (compared without regard to case), unquoted; NULL where it is absent. Others are
 * passed over. -EINVAL: not of that grammar, or one of the names stands there twice.
 */
int parameters_parse(struct arena *arena, const char *text, const char *const *names, size_t count,
	const char **values);

/* An extended value in UTF-8 (RFC 8187, 3.2.1), decoded; NULL: it is none, or holds a NUL. */
const char *parameter_extended(struct arena *arena, const char *value);
