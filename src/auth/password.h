/*
 * App passwords (DESIGN 2): "mv-" and 26 letters of base32, the last of which checks the others. They prove a bare JID by
 * themselves, and nothing of their form is ever taken for a transaction identifier.
 */
#pragma once

#include "auth/attempt.h"
#include "auth/scheme.h"
#include "dav/request.h"

enum { PASSWORD_TEXT = 30 };

/* 125 random bits. */
void password_mint(char out[PASSWORD_TEXT]);

/* Whether it is of that form, be it wrong. */
bool password_is_form(const char *text);

/* What is kept of it for a bare JID: RFC 7616's H(A1) by MD5 and SHA-256. */
struct password password_kept(
	struct arena *arena, const char *jid, const char *label, const char *secret);

/* 1, and which it is: one of this JID's; 0: it is not; negative errno: the store cannot say. */
int password_check(struct tx *tx, struct arena *arena, const char *jid, const char *secret,
	struct password *found);

/* The request is made with that one: it has its scope, and is kept as its last use. */
void password_admit(struct request *request, const struct password *password);

/* An attempt on the claimed account, from where the request comes. */
struct attempt password_attempt(const struct request *request);

/* Counts it (request->guessed). 429 is answered when too many were wrong of late, else it is what it would be. */
enum credentials password_was_wrong(struct request *request, enum credentials otherwise);
