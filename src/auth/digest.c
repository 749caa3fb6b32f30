#include "base/digest.h"
#include "auth/bearer.h"
#include "auth/nonce.h"
#include "auth/parameters.h"
#include "auth/password.h"
#include "auth/scheme.h"
#include "base/codec.h"
#include "base/text.h"
#include "dav/method.h"
#include "dav/request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { COUNT_DIGITS = 8 };

static const char realm[] = "xmpp", qop[] = "auth";

static const char *kept_sha256(const struct password *password)
{
	return password->ha1_sha256;
}

static const char *kept_md5(const struct password *password)
{
	return password->ha1_md5;
}

/* In the order in which they are offered (RFC 7616, 3.7). */
static const struct algorithm {
	const char *name;
	void (*hash)(char *out, const void *bytes, size_t length);
	size_t digits;
	const char *(*kept)(const struct password *password); /* H(A1) */
} algorithms[] = {
	{"SHA-256", sha256_hex, SHA256_HEX - 1, kept_sha256},
	{"MD5", md5_hex, MD5_HEX - 1, kept_md5},
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(*algorithms) };

/* RFC 7616, 3.4 */
enum {
	USERNAME,
	USERNAME_EXTENDED,
	REALM,
	NONCE,
	URI,
	RESPONSE,
	ALGORITHM,
	CNONCE,
	OPAQUE,
	QOP,
	COUNT,
	USERHASH,
	PARAMETERS,
};

static const char *const names[PARAMETERS] = {
	[USERNAME] = "username",
	[USERNAME_EXTENDED] = "username*",
	[REALM] = "realm",
	[NONCE] = "nonce",
	[URI] = "uri",
	[RESPONSE] = "response",
	[ALGORITHM] = "algorithm",
	[CNONCE] = "cnonce",
	[OPAQUE] = "opaque",
	[QOP] = "qop",
	[COUNT] = "nc",
	[USERHASH] = "userhash",
};

struct digest {
	const struct algorithm *algorithm;
	const char *values[PARAMETERS];
	uint64_t number; /* of the nonce */
	uint32_t count;
};

/* RFC 7616, 3.3: one nonce for all, because some clients take parameters from several challenges together. */
void digest_challenge(struct request *request, bool stale)
{
	struct nonces *nonces = request->dav->nonces;
	char nonce[NONCE_TEXT];

	nonce_make(nonces, nonce);
	for (size_t i = 0; i < ALGORITHMS; i++)
		answer_header(request, "WWW-Authenticate",
			arena_printf(request->arena,
				"Digest realm=\"%s\", qop=\"%s\", algorithm=%s, nonce=\"%s\", "
				"opaque=\"%s\", charset=UTF-8%s",
				realm, qop, algorithms[i].name, nonce, nonces_opaque(nonces),
				stale ? ", stale=true" : ""));
}

static bool is(const char *value, const char *wanted)
{
	return value && strcmp(value, wanted) == 0;
}

/* Made for this request, in this realm (RFC 7616, 3.4.6). */
static bool is_for_this(const struct request *request, const char *const *values)
{
	return is(values[REALM], realm) && is(values[QOP], qop) &&
	       is(values[OPAQUE], nonces_opaque(request->dav->nonces)) &&
	       is(values[URI], request->target) &&
	       (!values[USERHASH] || strcasecmp(values[USERHASH], "false") == 0);
}

/* Who: spelled as what is kept for it was (DESIGN 2), because it went into the hash so. */
static bool find_claim(struct request *request, const char *const *values)
{
	const char *extended = values[USERNAME_EXTENDED];
	char *name;

	if (!values[USERNAME] == !extended)
		return false;
	if (extended) {
		extended = parameter_extended(request->arena, extended);
		if (!extended)
			return false;
		name = arena_strdup(request->arena, extended);
	} else {
		name = arena_strdup(request->arena, values[USERNAME]);
		decode_percent(name);
	}
	return jid_parse(request->arena, name, &request->claim) == 0 &&
	       strcmp(jid_text(request->arena, &request->claim), name) == 0;
}

/* XEP-0070, 3.3.2: the cnonce is the transaction identifier. */
static bool find_transaction(struct request *request, const char *cnonce)
{
	char *id = arena_strdup(request->arena, cnonce ? cnonce : "");

	decode_percent(id);
	request->transaction_id = id;
	return *id && strlen(id) <= TRANSACTION_ID_MAX && text_is_presentable(id) &&
	       !password_is_form(id) && !bearer_is_form(id);
}

static bool find_algorithm(struct digest *digest)
{
	const char *name = digest->values[ALGORITHM];

	for (size_t i = 0; i < ALGORITHMS; i++)
		if (strcasecmp(name ? name : "MD5", algorithms[i].name) == 0)
			digest->algorithm = &algorithms[i];
	return digest->algorithm;
}

static bool is_hex(const char *text, size_t digits)
{
	if (!text || strlen(text) != digits)
		return false;
	while (*text)
		if (hex_digit(*text++) < 0)
			return false;
	return true;
}

static bool find_count(struct digest *digest)
{
	const char *digits = digest->values[COUNT];

	if (!is_hex(digits, COUNT_DIGITS))
		return false;
	for (const char *p = digits; *p; p++)
		digest->count = digest->count << 4 | (uint32_t)hex_digit(*p);
	return digest->count > 0;
}

enum credentials digest_identify(struct request *request, const char *credentials)
{
	struct digest *digest = arena_alloc(request->arena, sizeof(*digest));
	const char **values = digest->values;

	if (parameters_parse(request->arena, credentials, names, PARAMETERS, values) < 0)
		return CREDENTIALS_REFUSED;
	if (!is_for_this(request, values) || !find_claim(request, values) ||
		!find_transaction(request, values[CNONCE]) || !find_algorithm(digest) ||
		!is_hex(values[RESPONSE], digest->algorithm->digits) || !find_count(digest))
		return CREDENTIALS_REFUSED;
	request->digest = digest;
	switch (nonce_check(
		request->dav->nonces, values[NONCE] ? values[NONCE] : "", &digest->number)) {
	case NONCE_GOOD:
		return CREDENTIALS_CLAIM;
	case NONCE_OLD:
		return CREDENTIALS_STALE;
	case NONCE_FOREIGN:
		break;
	}
	return CREDENTIALS_REFUSED;
}

/* RFC 7616, 3.4.1 to 3.4.3 */
static bool is_response(const struct request *request, const char *ha1)
{
	const struct digest *digest = request->digest;
	const char *const *values = digest->values;
	char *given = arena_strdup(request->arena, values[RESPONSE]);
	char ha2[SHA256_HEX], response[SHA256_HEX];
	const char *text;

	text = arena_printf(request->arena, "%s:%s", request->method->name, values[URI]);
	digest->algorithm->hash(ha2, text, strlen(text));
	text = arena_printf(request->arena, "%s:%s:%s:%s:%s:%s", ha1, values[NONCE], values[COUNT],
		values[CNONCE], qop, ha2);
	digest->algorithm->hash(response, text, strlen(text));
	for (char *c = given; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return text_equal_secret(response, given);
}

/* The app passwords of who is claimed, who may have none; one proves a bare JID only. 0 or negative errno. */
static int find_passwords(
	struct request *request, struct tx *tx, struct password **kept, size_t *count)
{
	*count = 0;
	return jid_is_bare(&request->claim)
		       ? store_passwords(tx, request->arena, request->claim.bare, kept, count)
		       : 0;
}

/* The one that it was made with; NULL: none. */
static const struct password *find_made_with(
	const struct request *request, const struct password *kept, size_t count)
{
	const struct password *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (is_response(request, request->digest->algorithm->kept(&kept[i])))
			found = &kept[i];
	return found;
}

/*
 * What no app password made is a claim. A count that was used before is stale, not wrong: a client whose answer was lost sends the
 * same again, and curl and neon then take the fresh nonce by themselves, where without the word they give up or ask for the password.
 */
int digest_verify(struct request *request, struct tx *tx)
{
	const struct digest *digest = request->digest;
	const struct password *made_with;
	struct password *kept;
	size_t count;
	int error = find_passwords(request, tx, &kept, &count);

	if (error < 0)
		return error;
	made_with = find_made_with(request, kept, count);
	if (!nonce_use(request->dav->nonces, digest->number, digest->count))
		return CREDENTIALS_STALE;
	if (made_with) {
		password_admit(request, made_with);
		return CREDENTIALS_PROVEN;
	}
	if (count == 0)
		return CREDENTIALS_CLAIM;
	/* It may be a guess; until the person says that it is theirs it counts as one. */
	return password_was_wrong(request, CREDENTIALS_CLAIM);
}
