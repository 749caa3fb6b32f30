#include "auth/auth.h"
#include "auth/password.h"
#include "auth/scheme.h"
#include "dav/method.h"

#include <string.h>
#include <strings.h>

/* clang-format off */
static const struct scheme schemes[] = {
	{"Basic", "Basic realm=\"xmpp\", charset=\"UTF-8\"", basic_identify},
};
/* clang-format on */

enum { SCHEMES = sizeof(schemes) / sizeof(*schemes) };

/* RFC 9110, 11.6.1; XEP-0070, 3.2 */
static enum step_result challenge(struct request *request)
{
	answer_error(request, 401, NULL,
		"Say who you are: your JID as user name, and as password a word that you will "
		"recognise when you are asked over XMPP whether this was you. Not your password.");
	for (size_t i = 0; i < SCHEMES; i++)
		answer_header(request, "WWW-Authenticate", schemes[i].challenge);
	return STEP_ANSWER;
}

enum step_result auth_identify(struct request *request)
{
	const char *authorization = request_header(request, "Authorization");
	size_t length = authorization ? strcspn(authorization, " ") : 0;

	for (size_t i = 0; authorization && i < SCHEMES; i++) {
		if (strlen(schemes[i].name) != length ||
			strncasecmp(authorization, schemes[i].name, length) != 0)
			continue;
		authorization += length;
		authorization += strspn(authorization, " ");
		request->claimed = schemes[i].identify(request, authorization) == 0;
		break;
	}
	return request->claimed || request->method->anonymous ? STEP_NEXT : challenge(request);
}

enum step_result auth_verify(struct request *request, struct tx *tx)
{
	int right;

	if (!request->password)
		return STEP_NEXT;
	right = password_check(tx, request->arena, request->claim.bare, request->password);
	if (right < 0)
		return answer_errno(request, right);
	request->proven = request->claimed = right;
	return right || request->method->anonymous ? STEP_NEXT : challenge(request);
}
