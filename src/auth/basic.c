#include "auth/bearer.h"
#include "auth/password.h"
#include "auth/scheme.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "dav/request.h"

#include <string.h>

void basic_challenge(struct request *request, bool stale)
{
	answer_header(request, "WWW-Authenticate", "Basic realm=\"xmpp\", charset=\"UTF-8\"");
}

/* Where the JID ends: at the first colon (RFC 7617, 2), a full JID's at the last, for a resourcepart may hold some. */
static char *find_colon(char *text)
{
	char *colon = strchr(text, ':'), *slash = strchr(text, '/');

	return colon && slash && slash < colon ? strrchr(slash, ':') : colon;
}

/* RFC 7617, with a JID as user name and a transaction identifier as password (XEP-0070, 3.3.1). */
enum credentials basic_identify(struct request *request, const char *credentials)
{
	size_t length = strlen(credentials);
	char *text = arena_alloc(request->arena, length + 1), *colon;
	const char *id = "";
	int64_t size = base64_decode(credentials, length, (unsigned char *)text);

	if (size <= 0 || strlen(text) != (size_t)size)
		return CREDENTIALS_REFUSED;
	colon = find_colon(text);
	if (colon) {
		*colon = '\0';
		id = colon + 1;
		decode_percent(colon + 1);
	}
	decode_percent(text);
	if (jid_parse(request->arena, text, &request->claim) < 0)
		return CREDENTIALS_REFUSED;
	/* It proves the account alone: a full JID's entry on a list is not for it. */
	if (password_is_form(id)) {
		request->claim.resourcepart = NULL;
		request->password = id;
		return CREDENTIALS_CLAIM;
	}
	/* XEP-0129's own listings have a JID alone: then the identifier is ours, and never comes twice. */
	if (!*id) {
		char *made = arena_alloc(request->arena, RANDOM_ID);

		random_id(made);
		id = made;
	}
	if (strlen(id) > TRANSACTION_ID_MAX || !text_is_presentable(id) || bearer_is_form(id))
		return CREDENTIALS_REFUSED;
	request->transaction_id = id;
	return CREDENTIALS_CLAIM;
}

int basic_verify(struct request *request, struct tx *tx)
{
	struct password password;
	int right;

	if (!request->password)
		return CREDENTIALS_CLAIM;
	right = password_check(
		tx, request->arena, request->claim.bare, request->password, &password);
	if (right < 0)
		return right;
	if (right == 1) {
		password_admit(request, &password);
		return CREDENTIALS_PROVEN;
	}
	log_event(LOG_AUDIT, "password-wrong", "address", request->address, "jid",
		request->claim.bare, NULL);
	return password_was_wrong(request, CREDENTIALS_REFUSED);
}
