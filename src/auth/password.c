#include "auth/password.h"

#include "base/digest.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LETTERS = 26 };

static const char prefix[] = "mv-";
static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

static unsigned number_of(char letter)
{
	return letter >= 'a' ? (unsigned)(letter - 'a') : (unsigned)(letter - '2') + 26;
}

/* The last letter: a weighted sum of the others, so that a typing error is no other password. */
static char check_letter(const char *letters)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < LETTERS - 1; i++)
		sum += (2 * i + 1) * number_of(letters[i]);
	return base32[sum % 32];
}

void password_mint(char out[PASSWORD_TEXT])
{
	char *letters = out + strlen(prefix);

	strcpy(out, prefix);
	random_letters(letters, LETTERS - 1);
	letters[LETTERS - 1] = check_letter(letters);
	letters[LETTERS] = '\0';
}

bool password_is_form(const char *text)
{
	static const char either_case[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t start = strlen(prefix);

	return strncasecmp(text, prefix, start) == 0 && strlen(text) == start + LETTERS &&
	       strspn(text + start, either_case) == LETTERS;
}

/* RFC 7616, 3.4.2. md5 may be NULL. */
static void make_ha1(struct arena *arena, const char *jid, const char *secret, char md5[MD5_HEX],
	char sha256[SHA256_HEX])
{
	const char *a1 = arena_join(arena, jid, ":xmpp:", secret, NULL);

	if (md5)
		md5_hex(md5, a1, strlen(a1));
	sha256_hex(sha256, a1, strlen(a1));
}

struct password password_kept(
	struct arena *arena, const char *jid, const char *label, const char *secret)
{
	char *md5 = arena_alloc(arena, MD5_HEX), *sha256 = arena_alloc(arena, SHA256_HEX);

	make_ha1(arena, jid, secret, md5, sha256);
	return (struct password){.jid = jid, .label = label, .ha1_md5 = md5, .ha1_sha256 = sha256};
}

/* The one of the list that this is, or NULL; all are looked at. */
static const struct password *find_equal(
	const struct password *list, size_t count, const char *ha1_sha256)
{
	const struct password *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (text_equal_secret(list[i].ha1_sha256, ha1_sha256))
			found = &list[i];
	return found;
}

int password_check(struct tx *tx, struct arena *arena, const char *jid, const char *secret,
	struct password *found)
{
	char *lower = arena_strdup(arena, secret), ha1_sha256[SHA256_HEX];
	const struct password *is;
	struct password *list;
	size_t count;
	int error;

	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (lower[strlen(lower) - 1] != check_letter(lower + strlen(prefix)))
		return 0;
	make_ha1(arena, jid, lower, NULL, ha1_sha256);
	error = store_passwords_kept(tx, arena, jid, &list, &count);
	is = error >= 0 ? find_equal(list, count, ha1_sha256) : NULL;
	/* What is wrong by what was kept may have been made since by another process. */
	if (error == 1 && !is) {
		error = store_passwords(tx, arena, jid, &list, &count);
		is = error == 0 ? find_equal(list, count, ha1_sha256) : NULL;
	}
	if (is)
		*found = *is;
	return error < 0 ? error : is != NULL;
}

void password_admit(struct request *request, const struct password *password)
{
	request->scope = (struct scope){
		.password = password->id,
		.read_only = password->read_only,
		.collection = password->collection,
	};
	store_password_used(request->dav->store, password);
}

struct attempt password_attempt(const struct request *request)
{
	return attempt_of(
		request->dav->attempts, request->arena, request->claim.bare, request->address);
}

enum credentials password_was_wrong(struct request *request, enum credentials otherwise)
{
	struct attempt attempt = password_attempt(request);
	uint64_t wait = attempt_wait(&attempt);

	request->guessed = attempt_was_wrong(&attempt);
	if (wait == 0)
		return otherwise;
	answer_limited(request, wait,
		"Too many wrong app passwords were tried from here. Wait a while, and check that "
		"the password is right.");
	return CREDENTIALS_LIMITED;
}
