/*
 * Tokens of slots (XEP-0363): "slot-" and 26 letters of base32, sent as Bearer (RFC 6750, 2.1). One proves the slot's owner for the PUT that fills
 * the slot, and for nothing else. Like an app password, nothing of the form is ever taken for a transaction identifier.
 */
#pragma once

#include <stdbool.h>

struct arena;

enum { BEARER_TEXT = 32 };

/* 130 random bits. */
void bearer_mint(char out[BEARER_TEXT]);

/* Whether it is of that form, be it wrong. */
bool bearer_is_form(const char *text);

/* What is kept of it: its SHA-256, in hex. */
const char *bearer_kept(struct arena *arena, const char *token);
