#include "auth/auth.h"
#include "auth/password.h"
#include "auth/scheme.h"
#include "base/codec.h"
#include "dav/method.h"

#include <string.h>
#include <strings.h>

/* In the order in which they are offered: the strongest first (RFC 7616, 3.7). */
/* clang-format off */
static const struct scheme schemes[] = {
	{"Digest", false, digest_challenge, digest_identify, digest_verify},
	{"Basic",  true,  basic_challenge,  basic_identify,  basic_verify},
	{"Bearer", false, NULL,             bearer_identify, bearer_verify},
};
/* clang-format on */

enum { SCHEMES = sizeof(schemes) / sizeof(*schemes) };

/* Fetch Metadata, 2 and 3: only browsers send the field, to https and to loopback. */
static bool is_browser(const struct request *request)
{
	return request_header(request, "Sec-Fetch-Mode");
}

/* RFC 9110, 11.6.1; XEP-0070, 3.2 */
static enum step_result challenge(struct request *request)
{
	answer_error(request, 401, NULL,
		"Say who you are: your JID as user name, and as password a word that you will "
		"recognise when you are asked over XMPP whether this was you. Not your password.");
	for (size_t i = 0; i < SCHEMES; i++)
		if (schemes[i].challenge && (schemes[i].for_browsers || !is_browser(request)))
			schemes[i].challenge(request, request->stale);
	return STEP_ANSWER;
}

static void judge(struct request *request, enum credentials credentials)
{
	request->proven = credentials == CREDENTIALS_PROVEN;
	request->claimed = request->proven || credentials == CREDENTIALS_CLAIM;
	request->stale = credentials == CREDENTIALS_STALE;
}

static enum step_result go_on(struct request *request)
{
	return request->claimed || request->method->anonymous ? STEP_NEXT : challenge(request);
}

static const struct scheme *find(const char *name, size_t length)
{
	for (size_t i = 0; i < SCHEMES; i++)
		if (strlen(schemes[i].name) == length &&
			strncasecmp(name, schemes[i].name, length) == 0)
			return &schemes[i];
	return NULL;
}

enum step_result auth_identify(struct request *request)
{
	const char *authorization = request_header(request, "Authorization");
	size_t length = authorization ? strcspn(authorization, " ") : 0;

	request->scheme = authorization ? find(authorization, length) : NULL;
	if (request->scheme) {
		authorization += length;
		authorization += strspn(authorization, " ");
		judge(request, request->scheme->identify(request, authorization));
	}
	/* Whether what is fetched is a link, for which nobody is asked, only the store knows: auth_verify() comes to it. */
	return request->method->right == RIGHT_FETCH ? STEP_NEXT : go_on(request);
}

enum step_result auth_verify(struct request *request, struct tx *tx)
{
	int result;

	if (!request->claimed)
		return go_on(request);
	result = request->scheme->verify(request, tx);
	if (result < 0)
		return answer_errno(request, result);
	judge(request, (enum credentials)result);
	return result == CREDENTIALS_LIMITED && !request->method->anonymous ? STEP_ANSWER
									    : go_on(request);
}

void auth_confirmed(struct request *request)
{
	struct attempt attempt;

	request->proven = true;
	if (!request->guessed)
		return;
	attempt = password_attempt(request);
	attempt_take_back(&attempt, request->guessed);
}

void decode_percent(char *text)
{
	char *out = text;

	for (const char *p = text; *p;) {
		int high = *p == '%' ? hex_digit(p[1]) : -1;
		int low = high >= 8 ? hex_digit(p[2]) : -1;

		if (low >= 0) {
			*out++ = (char)(high << 4 | low);
			p += 3;
		} else {
			*out++ = *p++;
		}
	}
	*out = '\0';
}
