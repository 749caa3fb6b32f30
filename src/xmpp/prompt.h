/* What a person is shown, and what they may type back. */
#pragma once

#include "xmpp/confirm.h"

struct buf;
struct arena;

/* XEP-0070, 4.2: the IQ and the message form; `id` is ours, the stanza's id or the thread. */
void prompt_iq(struct buf *out, const char *from, const struct question *question, const char *id);
void prompt_message(struct buf *out, struct arena *arena, const char *from,
	const struct question *question, const char *id);

/* Whether the identifier may be shown in the text and named in an answer. */
bool prompt_id_is_showable(const char *id);

/* Whether naming the identifier alone tells which prompt an answer is for. */
bool prompt_id_is_telling(const char *id);

struct typed {
	enum { TYPED_NOTHING, TYPED_YES, TYPED_NO } word;
	const char *id; /* named behind it, or alone; NULL: none */
};

/* "OK", "no", "yes abcd1234", "abcd1234": one or two words, whatever the case; anything else is TYPED_NOTHING without id. */
struct typed prompt_read(struct arena *arena, const char *body);
