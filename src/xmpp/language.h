/* The languages of prompts: what is said in each, the words that mean yes or no, and who speaks which. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LANGUAGE_ACTIONS = 11,
	LANGUAGE_UNITS = 4,  /* thousands of bytes and on */
	LANGUAGE_WORDS = 20, /* at most, with the NULL at their end */
};

struct buf;

/*
 * In whole sentences "$a" stands for the address, "$n" for the name, "$s" for the size, "$o" for the owner, "$w" for the word, "$m" for the
 * method and "$u" for the URL.
 */
struct language {
	const char *code;                      /* ISO 639: the first part of an xml:lang */
	const char *actions[LANGUAGE_ACTIONS]; /* "Somebody at $a wants to ... in your name." */
	const char *size, *owner, *word, *answer, *more, *request;
	const char *byte, *bytes, *units[LANGUAGE_UNITS];
	const char *point; /* before tenths */
	/* Folded, NULL at the end. What people say to refuse is here, lest somebody makes it their identifier (prompt_id_is_telling()). */
	const char *yes[LANGUAGE_WORDS], *no[LANGUAGE_WORDS];
};

/* "de-AT" is German; what is not in the table, or NULL, is English. Never NULL. */
const struct language *language_of(const char *lang);

/* "17 bytes", "1.2 MB", "120 MB": two digits at least, rounded. */
void language_put_size(struct buf *out, const struct language *language, uint64_t size);

/* Our own words for what a method does, so that a person need not know HTTP. */
const char *language_action(const struct language *language, const char *method);

/* A word that text_fold() has folded, in any of the languages. */
bool language_says_yes(const char *word);
bool language_says_no(const char *word);

/* Which language accounts have spoken last; a table of fixed size, in which those are forgotten who have not spoken for longest. */
struct speakers;

struct speakers *speakers_open(void);
void speakers_close(struct speakers *speakers);

/* A stanza of theirs had this xml:lang. */
void speaker_heard(struct speakers *speakers, const char *bare, const char *lang);

/* NULL: not known. */
const struct language *speaker_language(const struct speakers *speakers, const char *bare);
