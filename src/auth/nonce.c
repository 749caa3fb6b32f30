#include "auth/nonce.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 8192, FIELD = 16, CODE = 32, SIGNED = 3 * FIELD };

_Static_assert(NONCE_TEXT == SIGNED + CODE + 1, "three fields, the code, NUL");

/*
 * The nonces whose numbers leave the same remainder share a slot. A use is a number that orders them: the nonce's turn in its slot,
 * then the count. Each of these words only ever grows and no use below or at it passes, so whatever was used is refused for good,
 * and a newer nonce takes a slot from an older one without a moment in which the older one is forgotten.
 */
struct slot {
	_Atomic uint64_t highest;
	_Atomic uint64_t used[NONCE_WINDOW]; /* the highest of the counts with that remainder */
};

struct nonces {
	uint64_t (*clock)(void);
	uint64_t time; /* milliseconds that one is good for */
	uint64_t life; /* random, so that no nonce of another process passes for one of this */
	_Atomic uint64_t next;
	char key[SHA256_HEX];
	char opaque[SHA256_HEX];
	struct slot slots[SLOTS];
};

struct nonces *nonces_open(
	const void *secret, size_t length, uint64_t time, uint64_t (*clock)(void))
{
	static const char for_key[] = "Digest nonce", for_opaque[] = "Digest opaque";
	struct nonces *nonces = calloc(1, sizeof(*nonces));

	if (!nonces)
		abort();
	nonces->clock = clock ? clock : clock_now;
	nonces->time = time;
	random_bytes(&nonces->life, sizeof(nonces->life));
	hmac_hex(nonces->key, secret, length, for_key, strlen(for_key));
	hmac_hex(nonces->opaque, secret, length, for_opaque, strlen(for_opaque));
	nonces->opaque[NONCE_OPAQUE - 1] = '\0';
	return nonces;
}

void nonces_close(struct nonces *nonces)
{
	free(nonces);
}

const char *nonces_opaque(const struct nonces *nonces)
{
	return nonces->opaque;
}

/* Over the fields as text, cut to 128 bits. */
static void code_of(const struct nonces *nonces, const char *text, char code[SHA256_HEX])
{
	hmac_hex(code, nonces->key, strlen(nonces->key), text, SIGNED);
	code[CODE] = '\0';
}

void nonce_make(struct nonces *nonces, char out[NONCE_TEXT])
{
	char code[SHA256_HEX];

	snprintf(out, SIGNED + 1, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, nonces->life,
		nonces->clock(), atomic_fetch_add(&nonces->next, 1));
	code_of(nonces, out, code);
	strcpy(out + SIGNED, code);
}

static uint64_t field(const char *text, int index)
{
	char digits[FIELD + 1] = {0};

	memcpy(digits, text + (size_t)index * FIELD, FIELD);
	return strtoull(digits, NULL, 16);
}

enum nonce_state nonce_check(const struct nonces *nonces, const char *text, uint64_t *number)
{
	char code[SHA256_HEX];

	if (strlen(text) != NONCE_TEXT - 1)
		return NONCE_FOREIGN;
	code_of(nonces, text, code);
	if (!text_equal_secret(code, text + SIGNED))
		return NONCE_FOREIGN;
	if (field(text, 0) != nonces->life || nonces->clock() - field(text, 1) >= nonces->time)
		return NONCE_OLD;
	*number = field(text, 2);
	return NONCE_GOOD;
}

/* To `use`, if it is above what is there; else false. */
static bool rise(_Atomic uint64_t *word, uint64_t use)
{
	uint64_t is = atomic_load(word);

	while (is < use)
		if (atomic_compare_exchange_weak(word, &is, use))
			return true;
	return false;
}

bool nonce_use(struct nonces *nonces, uint64_t number, uint32_t count)
{
	struct slot *slot = &nonces->slots[number % SLOTS];
	uint64_t use = number / SLOTS << 32 | count;

	if (!rise(&slot->highest, use) && atomic_load(&slot->highest) - use >= NONCE_WINDOW)
		return false;
	return rise(&slot->used[count % NONCE_WINDOW], use);
}
