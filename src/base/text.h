/* What may stand in text that strangers send and that people, logs and XML streams get to see. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Valid UTF-8, only characters of XML 1.0, no controls, line breaks, direction marks or invisible separators. */
bool text_is_presentable(const char *text);

/* Valid UTF-8 without overlong forms and surrogates. */
bool text_is_utf8(const char *text, size_t length);

/* Normalisation form C (Unicode, UAX 15) of valid UTF-8; the text itself when it is in that form already. */
const char *text_nfc(struct arena *arena, const char *text);

bool text_ends_with(const char *text, const char *end);

/* Whether a list of words, separated by one space, has this one. */
bool text_has_word(const char *words, const char *word);

/* Compares secrets in a time that does not depend on where they differ. */
bool text_equal_secret(const char *a, const char *b);
