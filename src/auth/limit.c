#include "auth/limit.h"

#include "base/address.h"
#include "base/loop.h"
#include "base/rate.h"
#include "base/siphash.h"

#include <stdlib.h>
#include <string.h>

enum {
	MINUTE = 60000,
	HOUR = 60 * MINUTE,
	PAIRS_COUNTED = 16384,
	ADDRESSES_COUNTED = 16384,
	PAIRS_KNOWN = 65536,
	SLOTS = 4096, /* a power of two */
};

/* In the order in which they began, which is that in which they time out. */
struct line {
	struct limited *oldest, *youngest;
	uint64_t count;
};

/* A known pair of which something waits. */
struct pair {
	struct pair *next; /* in its slot */
	struct line line;
	char key[]; /* the bare JID, a line break, the address's key */
};

/* Which line: of its pair, of all of its kind. */
enum { OF_PAIR, OF_ALL, LINES };

struct limited {
	struct limits *limits;
	struct line *lines[LINES]; /* NULL: in none */
	struct limited *older[LINES], *younger[LINES];
	struct pair *pair; /* NULL: it was a stranger's */
	uint64_t began;    /* loop time */
	char *key;
};

struct limits {
	struct loop *loop;
	struct limits_options options;
	struct rates *pairs, *addresses; /* prompts without a yes, a minute */
	struct rates *known;             /* a yes, an hour */
	struct rates *silenced;          /* a no; NULL: nobody is silenced */
	struct line strangers, friends;  /* what waits */
	struct siphash_key key;
	struct pair *slots[SLOTS];
};

/* ---- lines ---- */

static void line_up(struct limited *limited, int which, struct line *line)
{
	limited->lines[which] = line;
	limited->older[which] = line->youngest;
	*(line->youngest ? &line->youngest->younger[which] : &line->oldest) = limited;
	line->youngest = limited;
	line->count++;
}

static void leave(struct limited *limited, int which)
{
	struct line *line = limited->lines[which];
	struct limited *older = limited->older[which], *younger = limited->younger[which];

	if (!line)
		return;
	*(older ? &older->younger[which] : &line->oldest) = younger;
	*(younger ? &younger->older[which] : &line->youngest) = older;
	line->count--;
}

/* Until the oldest of a line waits no longer, at the latest. */
static uint64_t until_one_leaves(const struct limits *limits, const struct line *line)
{
	uint64_t age = line->oldest ? loop_now(limits->loop) - line->oldest->began : 0;

	return age < limits->options.timeout ? limits->options.timeout - age : 1;
}

/* ---- pairs ---- */

static const char *address_of(const char *key)
{
	return strchr(key, '\n') + 1;
}

/* No JID holds a line break. */
static char *key_of(const char *bare, const char *address)
{
	size_t length = strlen(bare);
	char *key = malloc(length + 1 + ADDRESS_TEXT);

	if (!key)
		abort();
	memcpy(key, bare, length);
	key[length] = '\n';
	address_limit_key(address, key + length + 1);
	return key;
}

static struct pair **find(struct limits *limits, const char *key)
{
	struct pair **at = &limits->slots[siphash(&limits->key, key, strlen(key)) % SLOTS];

	while (*at && strcmp((*at)->key, key) != 0)
		at = &(*at)->next;
	return at;
}

static struct pair *join_pair(struct limits *limits, const char *key)
{
	struct pair **at = find(limits, key);

	if (!*at) {
		*at = calloc(1, sizeof(**at) + strlen(key) + 1);
		if (!*at)
			abort();
		strcpy((*at)->key, key);
	}
	return *at;
}

static void leave_pair(struct limits *limits, struct pair *pair)
{
	struct pair **at;

	if (pair->line.count > 0)
		return;
	at = find(limits, pair->key);
	*at = pair->next;
	free(pair);
}

/* ---- what may be asked ---- */

static bool reached(uint64_t most, uint64_t count)
{
	return most > 0 && count >= most;
}

/* Milliseconds until one more may be asked for this pair, by the counts of prompts without a yes; 0: now. */
static uint64_t strangers_wait(struct limits *limits, const char *key, uint64_t now)
{
	const struct limits_options *most = &limits->options;
	uint64_t wait = 0;

	if (reached(most->per_pair, rate_look(limits->pairs, key, now)))
		wait = rate_left(limits->pairs, key, now);
	if (reached(most->per_address, rate_look(limits->addresses, address_of(key), now)) &&
		rate_left(limits->addresses, address_of(key), now) > wait)
		wait = rate_left(limits->addresses, address_of(key), now);
	if (wait == 0 && reached((most->prompts + 1) / 2, limits->strangers.count))
		wait = until_one_leaves(limits, &limits->strangers);
	return wait;
}

/* As many as may wait may also end in a minute without a yes: who shares the address could else ask, go away and ask again. */
static uint64_t known_wait(struct limits *limits, const char *key, uint64_t now)
{
	const struct pair *pair = *find(limits, key);

	if (reached(limits->options.per_known_pair, rate_look(limits->pairs, key, now)))
		return rate_left(limits->pairs, key, now);
	return pair && reached(limits->options.per_known_pair, pair->line.count)
		       ? until_one_leaves(limits, &pair->line)
		       : 0;
}

/* All together: strangers have half of it at most, so it is full of both or of those who are known. */
static uint64_t all_wait(const struct limits *limits)
{
	const struct line *lines[] = {&limits->friends, &limits->strangers};
	uint64_t wait = 0;

	if (!reached(limits->options.prompts, limits->friends.count + limits->strangers.count))
		return 0;
	for (size_t i = 0; i < 2; i++) {
		uint64_t one = lines[i]->oldest ? until_one_leaves(limits, lines[i]) : 0;

		if (one && (!wait || one < wait))
			wait = one;
	}
	return wait;
}

static struct limited *begin(struct limits *limits, char *key, bool known)
{
	struct limited *limited = calloc(1, sizeof(*limited));

	if (!limited)
		abort();
	limited->limits = limits;
	limited->key = key;
	limited->began = loop_now(limits->loop);
	line_up(limited, OF_ALL, known ? &limits->friends : &limits->strangers);
	if (known) {
		limited->pair = join_pair(limits, key);
		line_up(limited, OF_PAIR, &limited->pair->line);
		return limited;
	}
	rate_count(limits->pairs, key, limited->began);
	rate_count(limits->addresses, address_of(key), limited->began);
	return limited;
}

struct limited *limit_begin(
	struct limits *limits, const char *bare, const char *address, uint64_t *wait)
{
	uint64_t now = loop_now(limits->loop);
	char *key = key_of(bare, address);
	bool known = rate_look(limits->known, key, now) > 0;

	*wait = limits->silenced ? rate_left(limits->silenced, key, now) : 0;
	if (*wait == 0)
		*wait = known ? known_wait(limits, key, now) : strangers_wait(limits, key, now);
	if (*wait == 0)
		*wait = all_wait(limits);
	if (*wait == 0)
		return begin(limits, key, known);
	free(key);
	return NULL;
}

/* A yes shows that it was the person: it counts against nobody. */
static void take_back(struct limited *limited)
{
	rate_undo(limited->limits->pairs, limited->key, limited->began);
	rate_undo(limited->limits->addresses, address_of(limited->key), limited->began);
}

void limit_end(struct limited *limited, enum limit_end how)
{
	struct limits *limits = limited->limits;
	uint64_t now = loop_now(limits->loop);

	if (!limited->pair && (how == LIMIT_YES || how == LIMIT_NOT_ASKED))
		take_back(limited);
	if (limited->pair && (how == LIMIT_NO || how == LIMIT_NOTHING))
		rate_count(limits->pairs, limited->key, now);
	if (how == LIMIT_YES)
		rate_renew(limits->known, limited->key, now);
	if (how == LIMIT_NO && limits->silenced)
		rate_renew(limits->silenced, limited->key, now);
	leave(limited, OF_ALL);
	leave(limited, OF_PAIR);
	if (limited->pair)
		leave_pair(limits, limited->pair);
	free(limited->key);
	free(limited);
}

void limits_use(struct limits *limits, const struct limits_options *options)
{
	struct limits_options old = limits->options;

	limits->options = *options;
	limits->options.silence = old.silence;
	limits->options.timeout = old.timeout;
}

struct limits *limits_open(struct loop *loop, const struct limits_options *options)
{
	struct limits *limits = calloc(1, sizeof(*limits));

	if (!limits)
		abort();
	limits->loop = loop;
	limits->options = *options;
	limits->pairs = rates_open(PAIRS_COUNTED, MINUTE);
	limits->addresses = rates_open(ADDRESSES_COUNTED, MINUTE);
	limits->known = rates_open(PAIRS_KNOWN, HOUR);
	if (options->silence)
		limits->silenced = rates_open(PAIRS_COUNTED, options->silence);
	siphash_key_make(&limits->key);
	return limits;
}

void limits_close(struct limits *limits)
{
	rates_close(limits->pairs);
	rates_close(limits->addresses);
	rates_close(limits->known);
	rates_close(limits->silenced);
	free(limits);
}
