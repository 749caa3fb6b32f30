/* The table of schemes is in identify.c; a scheme is one file and one row. */
#pragma once

#include <stdbool.h>

struct request;
struct tx;

/* What credentials are good for. */
enum credentials {
	CREDENTIALS_REFUSED, /* none, or wrong */
	CREDENTIALS_STALE,   /* to be made again from a fresh challenge (RFC 7616, 3.3) */
	CREDENTIALS_CLAIM,   /* a claim, which somebody has to be asked for */
	CREDENTIALS_PROVEN,
	CREDENTIALS_LIMITED, /* refused, and too often: 429 is answered */
};

struct scheme {
	const char *name;  /* compared without regard to case (RFC 9110, 11.1) */
	bool for_browsers; /* offered to them too */

	/* Adds what a 401 says of it: one field a challenge. NULL: it is not offered. */
	void (*challenge)(struct request *request, bool stale);

	/*
	 * Turns the credentials behind the scheme's name into request->claim and transaction_id. What goes wrong is never logged with
	 * the credentials.
	 */
	enum credentials (*identify)(struct request *request, const char *credentials);

	/* What a claim is worth by what is stored of its JID, in a read transaction; or negative errno. */
	int (*verify)(struct request *request, struct tx *tx);
};

void basic_challenge(struct request *request, bool stale);
enum credentials basic_identify(struct request *request, const char *credentials);
int basic_verify(struct request *request, struct tx *tx);

void digest_challenge(struct request *request, bool stale);
enum credentials digest_identify(struct request *request, const char *credentials);
int digest_verify(struct request *request, struct tx *tx);

enum credentials bearer_identify(struct request *request, const char *credentials);
int bearer_verify(struct request *request, struct tx *tx);

/*
 * A transaction identifier is shown to people, and sent through XMPP: it must be presentable, and not longer than this. Nor is
 * anything of the form of an app password, or of a slot's token, one.
 */
enum { TRANSACTION_ID_MAX = 128 };

/* XEP-0070, 3.3: characters outside ASCII come percent-encoded; only those are decoded, so no ASCII can hide in it. */
void decode_percent(char *text);
