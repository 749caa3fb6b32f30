/*
 * What a person is shown, and what they may type back. The text is one line in their language: what is wanted, of what, how large it is,
 * who put it there, from which address, and the request's URL; shown.h says how it is kept from saying what a stranger wants it to.
 */
#pragma once

#include "xmpp/confirm.h"

struct arena;
struct buf;
struct language;

/* XEP-0070, 4.2: the IQ and the message form; `id` is ours, the stanza's id or the thread. */
void prompt_iq(struct buf *out, const char *from, const struct question *question, const char *id);
void prompt_message(struct buf *out, const char *from, const struct question *question,
	const char *id, const struct language *language);

/* Whether naming the identifier alone tells which prompt an answer is for. */
bool prompt_id_is_telling(const char *id);

struct typed {
	enum { TYPED_NOTHING, TYPED_YES, TYPED_NO } word;
	const char *id; /* named behind it, or alone; NULL: none */
};

/*
 * "OK", "nein", "¡SÍ!", "yes abcd1234", "abcd1234": one or two words, in any of the languages, whatever the case, with punctuation round them;
 * anything else is TYPED_NOTHING without id.
 */
struct typed prompt_read(struct arena *arena, const char *body);
