/*
 * A connection: reads requests one after the other, walks each through its steps (steps.c), writes the answer. It belongs to one
 * worker's loop for life.
 */
#pragma once

#include "http/body.h"
#include "http/head.h"
#include "http/http.h"
#include "http/tls.h"
#include "http/worker.h"

enum phase {
	PHASE_HEAD,    /* reads a head; idle when none has begun */
	PHASE_STEPS,   /* the request waits in a step: for a person, the committer, the pool */
	PHASE_BODY,    /* reads the body into the request */
	PHASE_RESPOND, /* writes the answer */
	PHASE_DISCARD, /* reads what is left of a body that nobody wants */
	PHASE_LINGER,  /* has said goodbye, lets the other side read it */
	PHASE_CLOSED,  /* freed as soon as nobody holds it */
};

struct connection {
	struct worker *worker;
	struct connection *next, *previous; /* of the worker's */
	int fd;
	struct watch *watch;
	struct timer *timer;
	struct tls *tls;
	char peer[ADDRESS_TEXT]; /* who is at the other end of the socket */
	bool counted;            /* among those of its address (admission.h) */
	enum phase phase;
	enum phase timed; /* the phase that the timer was set for, and how long */
	uint64_t time;
	bool watching; /* it came to the metrics' listener */
	bool eof;
	bool tls_wants_write; /* reading waits until TLS may write, or writing until it may read */
	bool tls_wants_read;

	struct buf in;
	size_t scanned;    /* of `in`, by head_parse() */
	struct buf out;    /* head and small bodies on their way out */
	size_t sent;       /* of `out` */
	bool last_page;    /* all pages are in `out` */
	struct gzip *gzip; /* the coding of pages under way; NULL: none */
	uint64_t moved;    /* bytes of a body that went either way since the timer was set */
	uint64_t unsent;   /* by the socket, when the timer was set */
	uint64_t discarded;
	uint64_t since, spent, paused; /* microseconds: tally.c's */
	uint64_t busy;                 /* likewise, with requests of this turn */
	bool yields;                   /* more of them have come, and are for its next turn */

	struct head head;
	struct body body;
	struct request request;
	bool begun;        /* `request` is in use */
	bool served;       /* a request has been answered */
	bool continue_due; /* the client waits for 100 */
	bool keep_alive;
	size_t step; /* the next one */
	bool held;   /* somebody else uses the request: committer or pool */
	bool warmed; /* the pool has read what is to be sent next (cold.h) */
	enum step_result held_result;
	int held_error;

	uint64_t ticket; /* of a proof that is waited for; 0: none */
	struct connection *next_ticket;
};

/*
 * Takes over the descriptor. peer: as address_text() writes it. `counted`: among those of its address. `watching`: it is answered metrics, without
 * TLS, and nothing else.
 */
void connection_open(struct worker *worker, int fd, const char *peer, bool counted, bool watching);

/* Goes on as far as it can; frees the connection when it has ended. */
void connection_advance(struct connection *connection);

/* Something that was waited for has come: the result of the step that waited, and on with connection_advance(). */
void connection_wake(struct connection *connection, enum step_result result);

/* The server stops: at once when idle, or behind the answer that is due; `now`: whatever happens. */
void connection_stop(struct connection *connection, bool now);
