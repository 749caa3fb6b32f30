/* missived's settings: one table of keys in config.c; this struct is what they fill. */
#pragma once

#include "base/log.h"
#include "base/site.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct config {
	struct {
		const char **listen;  /* NULL-terminated */
		const char *base_url; /* without a slash at the end */
		const char *host; /* further names that Host may carry, separated by white space */
		struct site site; /* the two above, to ask */
		const char *tls_cert, *tls_key;
		const char *trusted_proxies; /* networks, separated by white space */
		uint64_t threads;            /* never 0 here: one a core was counted */
		bool allow_plain;
		const char *metrics; /* an address with its port; "": none */
	} http;
	struct {
		const char *server; /* host:port */
		const char *domain; /* normalised */
		const char *secret;
		const char *secret_file;  /* NULL: the secret stands in the settings */
		const char *users;        /* normalised domains, separated by one space */
		const char *admins;       /* normalised bare JIDs, likewise */
		uint64_t confirm_timeout; /* milliseconds */
		uint64_t confirm_reuse;   /* milliseconds */
	} xmpp;
	struct {
		const char *path;
		bool may_block;
	} store;
	struct {
		uint64_t max_file_size; /* bytes */
		uint64_t keep_free;     /* bytes */
		uint64_t quota;         /* bytes an account; 0: what the disk has */
		uint64_t resources;     /* an account; 0: any number */
		uint64_t connections;
		uint64_t connections_per_address; /* 0: any number */
		uint64_t slots;                   /* open ones of an account; 0: none are given */
		/* App passwords, a minute (auth/attempt.h); 0: any number. */
		uint64_t wrong_passwords, wrong_passwords_per_address;
		/* Milliseconds. How long files are kept, by their purpose (XEP-0363); 0: for ever. */
		uint64_t expires, expires_message, expires_profile, expires_ephemeral,
			expires_permanent;
		uint64_t once_kept;     /* behind the last recipient's fetch */
		uint64_t expiry_notice; /* before a file goes; 0: no notice */
		/* How often people may be asked (auth/limit.h), and an address be refused; 0: any number. */
		uint64_t prompts, prompts_per_pair, prompts_per_address, prompts_per_known_pair;
		uint64_t silence;  /* milliseconds behind a no */
		uint64_t refusals; /* a minute */
		/* Of a request: bytes, counts, milliseconds (http/http.h says what each means). */
		uint64_t target, head, fields, drain, body_rate;
		uint64_t head_time, idle_time, drain_time;
		/* Of what it says (dav/request.h). */
		uint64_t xml_body, properties, property_size, properties_size;
		uint64_t ranges, conditions, conditions_size;
		uint64_t locks_per_resource, locks_per_account, lock_time;
		uint64_t nonce_time; /* milliseconds */
	} limits;
	struct {
		enum log_format format;
		enum log_level level;
	} log;
	struct {
		bool links; /* who has the URL of what came through a slot may read it */
	} slots;
	struct {
		bool fence;
		const char *user; /* whom a daemon that root has started becomes */
	} system;
	const char **said; /* what was written, for config_compare() */
};

/*
 * Reads a file, checks every value and what they mean together (a listener off loopback without TLS needs
 * allow-plain), fills in defaults. Strings live in the arena. 0, or negative with "FILE:LINE: what is wrong" in error.
 */
int config_load(
	struct arena *arena, const char *file, struct config *out, char *error, size_t size);

/* Tells of each setting that is said otherwise in `next`. live: it can be used without a restart. */
void config_compare(const struct config *now, const struct config *next,
	void (*differs)(void *arg, const char *section, const char *name, bool live), void *arg);
