/* Encodings. All lengths in bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena;

/* RFC 4648, 4, strict: padding required, no white space, no stray bits. The length, or -EINVAL. `out` holds length*3/4. */
int64_t base64_decode(const char *text, size_t length, unsigned char *out);
char *base64_encode(struct arena *arena, const void *bytes, size_t length);

/* The value of a hex digit of either case; -1: it is none. */
int hex_digit(char c);

/* Exactly `length` bytes from twice as many digits of either case, nothing behind. 0 or -EINVAL. */
int hex_decode(void *out, const char *text, size_t length);

/* Lower case; `out` holds 2 * length + 1. */
void hex_encode(char *out, const void *bytes, size_t length);

/* An IMF-fixdate (RFC 9110, 5.6.7): 29 characters and NUL. Seconds since the epoch. */
void http_date_format(char out[30], int64_t seconds);

/* Any of RFC 9110's three forms. 0, or -EINVAL. */
int http_date_parse(const char *text, int64_t *seconds);

/* RFC 3339 in UTC, "2026-01-02T03:04:05Z". */
void iso_date_format(char out[21], int64_t seconds);

/* A date-time of RFC 3339, with a fraction and any offset. Milliseconds since the epoch. 0, or -EINVAL. */
int iso_date_parse(const char *text, int64_t *milliseconds);

/* "50s", "7d": decimal digits and one of ms, s, min, h, d, w; "0" alone is nothing. 0, -EINVAL, or -ERANGE above INT64_MAX. */
int duration_parse(const char *text, uint64_t *milliseconds);

/* Digits and one of the units, which end with one without a name. As above. */
struct unit {
	const char *name;
	uint64_t factor;
};
int unit_parse(const char *text, const struct unit *units, uint64_t *out);

/* Decimal digits only, no sign, nothing behind. 0, -EINVAL, or -ERANGE above INT64_MAX. */
int decimal_parse(const char *text, int64_t *out);
