#include "auth/grant.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/loop.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096, GRANTS_MAX = 65536, SWEEP_EVERY = 30000, TELLING_ID = 8 };

struct grant {
	struct grant *next; /* in its slot */
	uint64_t until;     /* loop time */
	char key[SHA256_HEX];
	bool once;
};

struct grants {
	struct loop *loop;
	struct timer *timer;
	uint64_t reuse;
	size_t count;
	struct grant *slots[SLOTS];
};

/* "One more" stands where the method does. */
static const char once_method[] = "*";

static bool is_one_of(const char *method, const char *const *methods)
{
	for (; *methods; methods++)
		if (strcmp(*methods, method) == 0)
			return true;
	return false;
}

bool grant_admits_more(const char *method)
{
	return is_one_of(method, (const char *const[]){"HEAD", "OPTIONS", NULL});
}

static bool is_reusable(const struct proof *proof)
{
	return is_one_of(proof->method, (const char *const[]){"GET", "HEAD", "PROPFIND", NULL}) &&
	       strlen(proof->transaction_id) >= TELLING_ID;
}

static bool uses_once(const struct proof *proof)
{
	return strcmp(proof->method, "GET") == 0 ||
	       (strcmp(proof->method, "PUT") == 0 && proof->creates);
}

/* None of the parts can hold a line break, so no two requests have one key. */
static void key_of(const struct proof *proof, const char *method, char key[SHA256_HEX])
{
	struct arena *arena = arena_new();
	const char *text = arena_printf(arena, "%s\n%s\n%s\n%s\n%s", jid_text(arena, &proof->jid),
		proof->transaction_id, method, proof->url, proof->address);

	sha256_hex(key, text, strlen(text));
	arena_free(arena);
}

static struct grant **slot_of(struct grants *grants, const char *key)
{
	char digits[5] = {key[0], key[1], key[2], key[3]};

	return &grants->slots[strtoul(digits, NULL, 16) % SLOTS];
}

static struct grant **find(struct grants *grants, const char *key)
{
	struct grant **at = slot_of(grants, key);

	while (*at && strcmp((*at)->key, key) != 0)
		at = &(*at)->next;
	return at;
}

static void remove_grant(struct grants *grants, struct grant **at)
{
	struct grant *grant = *at;

	*at = grant->next;
	grants->count--;
	free(grant);
}

/* The one of its slot that was there first: who floods makes it forget, and whoever that was is asked again. */
static void remove_oldest(struct grants *grants, struct grant **at)
{
	while (*at && (*at)->next)
		at = &(*at)->next;
	if (*at)
		remove_grant(grants, at);
}

static void add(struct grants *grants, const struct proof *proof, const char *method, bool once)
{
	struct grant *grant, **slot;
	char key[SHA256_HEX];

	key_of(proof, method, key);
	grant = *find(grants, key);
	if (!grant && grants->count >= GRANTS_MAX)
		remove_oldest(grants, slot_of(grants, key));
	if (!grant && grants->count < GRANTS_MAX) {
		grant = calloc(1, sizeof(*grant));
		if (!grant)
			abort();
		memcpy(grant->key, key, sizeof(key));
		slot = slot_of(grants, key);
		grant->next = *slot;
		*slot = grant;
		grants->count++;
	}
	if (!grant)
		return;
	grant->once = once;
	grant->until = loop_now(grants->loop) + grants->reuse;
}

void grants_add(struct grants *grants, const struct proof *proof)
{
	if (is_reusable(proof))
		add(grants, proof, proof->method, false);
	if (grant_admits_more(proof->method))
		add(grants, proof, once_method, true);
}

static bool use(struct grants *grants, const struct proof *proof, const char *method)
{
	struct grant **at;
	char key[SHA256_HEX];
	bool good;

	key_of(proof, method, key);
	at = find(grants, key);
	if (!*at)
		return false;
	good = loop_now(grants->loop) < (*at)->until;
	if (!good || (*at)->once)
		remove_grant(grants, at);
	return good;
}

bool grants_use(struct grants *grants, const struct proof *proof)
{
	if (is_reusable(proof) && use(grants, proof, proof->method))
		return true;
	return uses_once(proof) && use(grants, proof, once_method);
}

static void sweep(void *arg)
{
	struct grants *grants = arg;

	for (size_t i = 0; i < SLOTS; i++)
		for (struct grant **at = &grants->slots[i]; *at;)
			if ((*at)->until <= loop_now(grants->loop))
				remove_grant(grants, at);
			else
				at = &(*at)->next;
	timer_start(grants->timer, SWEEP_EVERY);
}

struct grants *grants_open(struct loop *loop, uint64_t reuse)
{
	struct grants *grants = calloc(1, sizeof(*grants));

	if (!grants)
		abort();
	grants->loop = loop;
	grants->reuse = reuse;
	grants->timer = timer_open(loop, sweep, grants);
	timer_start(grants->timer, SWEEP_EVERY);
	return grants;
}

void grants_close(struct grants *grants)
{
	for (size_t i = 0; i < SLOTS; i++)
		while (grants->slots[i])
			remove_grant(grants, &grants->slots[i]);
	timer_close(grants->timer);
	free(grants);
}
