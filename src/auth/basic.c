#include "auth/password.h"
#include "auth/scheme.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/text.h"
#include "dav/request.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { TRANSACTION_ID_MAX = 128 };

/* XEP-0070, 3.3.1: characters outside ASCII come percent-encoded; only those are decoded, so no ASCII can hide in it. */
static void decode_percent(char *text)
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

/* Where the JID ends: at the first colon (RFC 7617, 2), a full JID's at the last, for a resourcepart may hold some. */
static char *find_colon(char *text)
{
	char *colon = strchr(text, ':'), *slash = strchr(text, '/');

	return colon && slash && slash < colon ? strrchr(slash, ':') : colon;
}

/* RFC 7617, with a JID as user name and a transaction identifier as password (XEP-0070, 3.3.1). */
int basic_identify(struct request *request, const char *credentials)
{
	size_t length = strlen(credentials);
	char *text = arena_alloc(request->arena, length + 1), *colon;
	const char *id = "";
	int64_t size = base64_decode(credentials, length, (unsigned char *)text);

	if (size <= 0 || strlen(text) != (size_t)size)
		return -EINVAL;
	colon = find_colon(text);
	if (colon) {
		*colon = '\0';
		id = colon + 1;
		decode_percent(colon + 1);
	}
	decode_percent(text);
	if (jid_parse(request->arena, text, &request->claim) < 0)
		return -EINVAL;
	/* It proves the account alone: a full JID's entry on a list is not for it. */
	if (password_is_form(id)) {
		request->claim.resourcepart = NULL;
		request->password = id;
		return 0;
	}
	/* XEP-0129's own listings have a JID alone: then the identifier is ours, and never comes twice. */
	if (!*id) {
		char *made = arena_alloc(request->arena, RANDOM_ID);

		random_id(made);
		id = made;
	}
	if (strlen(id) > TRANSACTION_ID_MAX || !text_is_presentable(id))
		return -EINVAL;
	request->transaction_id = id;
	return 0;
}
