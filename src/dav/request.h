/*
 * A request: one struct that walks through the steps (http/steps.c) from the parser to the answer. All that belongs to it is in
 * its arena, or is given back by request_end(). It is touched by one thread at a time.
 */
#pragma once

#include "base/address.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/jid.h"
#include "base/uri.h"
#include "dav/right.h"
#include "store/basis.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct attempts;
struct audit;
struct refusals;
struct digest;
struct method;
struct nonces;
struct request;
struct scheme;
struct site;

/* What one request may ask for. */
struct dav_limits {
	uint64_t xml_body;                    /* bytes; more is 413 */
	uint64_t properties;                  /* that a request names; more is 413 */
	uint64_t property_size;               /* bytes of a dead property; more is 507 */
	uint64_t ranges;                      /* with more the whole file is sent */
	uint64_t conditions, conditions_size; /* of If, the second in bytes; more is 400 */
	uint64_t locks_per_resource, locks_per_account; /* more is 403 */
	uint64_t lock_time;                             /* milliseconds; longer ones are cut */
};

/* What the daemon's requests have in common; outlives them. */
struct dav {
	struct store *store;
	const char *
		base_url; /* without a slash at the end: every URL that is put out begins with it */
	const struct site *site; /* which URLs are ours */
	const char *users;       /* domains whose accounts may upload, separated by one space */
	uint64_t max_file_size;
	uint64_t quota;     /* bytes an account; 0: what the disk has */
	uint64_t resources; /* an account; 0: any number */
	uint64_t slots;     /* open ones of an account; 0: none are given */
	bool links;         /* what comes through a slot may be read by who has its URL */
	/* How long an upload of that purpose is kept (XEP-0363), milliseconds; 0: for ever. */
	uint64_t expires_message, expires_profile, expires_ephemeral, expires_permanent;
	struct dav_limits limits;
	struct nonces *nonces; /* auth's, as the next two */
	struct attempts *attempts;
	struct refusals *refusals;
};

/* What a step says to the driver. */
enum step_result {
	STEP_NEXT,   /* go on with the next step */
	STEP_ANSWER, /* request->answer is complete: respond */
	STEP_WAIT,   /* something else will wake the request; it goes on with the step behind */
};

struct header {
	const char *name; /* as sent; compared without regard to case */
	const char *value;
};

enum { ANSWER_HEADERS = 24 };

struct answer {
	int status;
	struct header headers[ANSWER_HEADERS];
	size_t header_count;
	bool close; /* the connection is closed behind it */
	enum {
		ANSWER_EMPTY,   /* Content-Length: 0, or none where the status has none */
		ANSWER_BYTES,   /* `bytes` */
		ANSWER_CONTENT, /* `length` bytes of `content` from `offset` on */
		ANSWER_PAGES, /* `bytes`, then what `page` appends to it, until it says that it is done */
	} kind;
	bool encodable; /* `bytes` and pages may be sent in a content coding that the client takes */
	struct buf bytes;
	struct content content; /* closed by request_end() */
	uint64_t offset, length;
	struct fetched fetched; /* to be told of when it is sent (dav/fetched.h); resource 0: not */
	int64_t digested;       /* the content's number, when its digest is asked for */
	bool digest_due;        /* reading it through comes first (dav/checksum.h): */
	struct hashes *hashes;  /* of what has been read, freed by request_end() */
	uint64_t hashed;        /* bytes */
	/*
	 * Of ANSWER_CONTENT, when several pieces are sent (RFC 9110, 14.6): `offset` and `length` follow from the piece that is under
	 * way. `total` bytes in all, with what stands between them.
	 */
	struct piece {
		const char *head;
		uint64_t offset, length;
	} * pieces;
	size_t piece_count, next_piece;
	const char *tail;
	uint64_t total;
	/*
	 * Appends the next page; in a read transaction of its own. 1: there is more; 0: that was all; negative errno: the answer is
	 * cut off. Takes what it needs from `page_state`.
	 */
	int (*page)(struct request *request, struct tx *tx, struct buf *out);
	void *page_state;
};

struct request {
	struct arena *arena;
	const struct dav *dav;

	/* As received, checked by http. */
	const struct method *method;
	struct path path;
	const char *target;    /* byte by byte */
	const char *url;       /* base-url and the encoded path: what prompts and answers show */
	bool server_wide;      /* OPTIONS * */
	const char *principal; /* a bare JID: it is about that, and `path` is the root; else NULL */
	struct path destination; /* of methods that have one */
	struct header *headers;
	size_t header_count;
	bool has_body;
	int64_t content_length;     /* bytes; -1: chunked */
	char address[ADDRESS_TEXT]; /* the client's, as a trusted proxy tells it */
	const char *agent;          /* what it calls itself, for the log; NULL: nothing */

	/* Who asks: filled in by auth's identify; believed only when `proven`. */
	bool claimed;
	const struct scheme *scheme; /* that it was claimed by */
	struct jid claim;
	const char *transaction_id; /* never logged */
	const char *
		password; /* of an app password's form, to be checked before all else; never logged */
	const struct digest *digest; /* likewise, of Digest; never logged */
	const char *bearer;          /* a token of ours; never logged */
	bool stale; /* the credentials were refused, and are good with a fresh challenge */
	bool proven;
	const struct slot *
		slot; /* that the credentials have opened, and the request fills (dav/slot.h); else NULL */
	bool by_link;       /* it reads a link: who asks is not looked at (dav/link.h) */
	bool any_origin;    /* web pages of any origin may see the answer (dav/cors.h) */
	struct scope scope; /* how far the app password reaches that has proven it */
	uint64_t guessed; /* not 0: when it was counted as a wrong app password (auth/attempt.h) */
	bool refused; /* the right is not there, and nobody was asked for that: limits count it */

	/* What it is about, as found when the right was asked: what a prompt tells who is asked. */
	struct {
		const char *name; /* the last segment, decoded; NULL: the root */
		int64_t size;     /* bytes that are there, or are to come; -1: not known, or none */
		const char *owner; /* a bare JID, when it is not the claimed one; else NULL */
	} subject;

	/* The body, when the method takes one. */
	struct buf xml;
	struct upload *upload;
	struct digests
		*digests;  /* that the content must have (dav/checksum.h); NULL: none is said */
	struct part *part; /* of an upload in parts (dav/part.h); NULL: it is sent whole */
	bool admitted;     /* dav_admit() has let it in */
	uint64_t room;     /* bytes that the content may have */

	struct basis
		*basis; /* what the answer rests on is noted there; NULL: nobody wants to know */
	struct store_change change;
	struct audit *audit; /* what the change means for who may read; NULL: there is none */
	struct answer answer;
};

/* Fresh in its own arena; dav must outlive it. */
void request_begin(struct request *request, const struct dav *dav);

/* Gives back everything and resets the arena; request_begin() may follow. */
void request_end(struct request *request);

/* The arena too. */
void request_free(struct request *request);

/* The field of that name, without regard to case, or NULL. */
struct header *header_find(struct header *headers, size_t count, const char *name);

/* NULL when absent. http has refused repeated fields, or joined them where they are lists. */
const char *request_header(const struct request *request, const char *name);

/* ---- answers ---- */

/* An empty answer to fill in; what was there is given back. */
void answer_begin(struct request *request, int status);
void answer_header(struct request *request, const char *name, const char *value);

/*
 * An error: a sentence for a person in text/plain; or, with a condition of RFC 4918, 16 ("DAV:" names without prefix), a DAV:error, in which
 * the sentence, if there is one, follows the condition as an element of ours. Returns STEP_ANSWER.
 */
enum step_result answer_error(
	struct request *request, int status, const char *condition, const char *sentence);

/* The same for a method that ends there: returns -ECANCELED, which says that there is an answer. */
int answer_refuse(struct request *request, int status, const char *condition, const char *sentence);

/* 429 with Retry-After. Returns STEP_ANSWER. */
enum step_result answer_limited(
	struct request *request, uint64_t milliseconds, const char *sentence);

/* The one function that turns an errno into a status: 507, 503, 413, ... */
enum step_result answer_errno(struct request *request, int error);
const char *status_reason(int status);
