#include "base/jid.h"

#include "base/arena.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <stringprep.h>

enum { PART_MAX = 1023 };

/* All three profiles leave these as they are: most JIDs need no stringprep. */
static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";

/* One part through its profile of stringprep (RFC 3454), in place; `part` holds PART_MAX + 1 bytes. */
static bool part_prepare(
	char part[PART_MAX + 1], const char *text, size_t length, const Stringprep_profile *profile)
{
	if (length == 0 || length > PART_MAX)
		return false;
	memcpy(part, text, length);
	part[length] = '\0';
	if (strspn(part, plain) == length)
		return true;
	if (stringprep(part, PART_MAX + 1, 0, profile) != STRINGPREP_OK)
		return false;
	return *part != '\0';
}

/* RFC 6122, 2.2: what nameprep leaves must also be a name that can stand in a domain, or an IPv6 literal. */
static bool domain_is_good(const char *domain)
{
	if (*domain == '[')
		return domain[1] != ']' &&
		       strcmp(domain + 1 + strspn(domain + 1, "0123456789abcdef:."), "]") == 0;
	if (strpbrk(domain, " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}") || *domain == '.')
		return false;
	return !strstr(domain, "..") && !text_ends_with(domain, ".");
}

int jid_parse(struct arena *arena, const char *text, struct jid *out)
{
	size_t length = strlen(text);
	if (length > JID_MAX || !text_is_presentable(text))
		return -EINVAL;
	char local[PART_MAX + 1], domain[PART_MAX + 1], resource[PART_MAX + 1];
	*local = *resource = '\0';
	const char *slash =
		strchr(text, '/'); /* the first: a resourcepart may hold more, and "@" */
	const char *end = slash ? slash : text + length;
	const char *at = memchr(text, '@', (size_t)(end - text));
	if (at && !part_prepare(local, text, (size_t)(at - text), stringprep_xmpp_nodeprep))
		return -EINVAL;
	const char *start = at ? at + 1 : text;
	if (!part_prepare(domain, start, (size_t)(end - start), stringprep_nameprep))
		return -EINVAL;
	size_t domain_length = strlen(domain);
	if (domain_length > 1 &&
		domain[domain_length - 1] == '.') /* RFC 7622, 3.2: the root's dot */
		domain[domain_length - 1] = '\0';
	if (!domain_is_good(domain))
		return -EINVAL;
	if (slash &&
		!part_prepare(resource, slash + 1, strlen(slash + 1), stringprep_xmpp_resourceprep))
		return -EINVAL;
	/* The profiles map some characters to others: look again at what came out. */
	if (!text_is_presentable(local) || !text_is_presentable(domain) ||
		!text_is_presentable(resource))
		return -EINVAL;
	char *bare = arena_join(arena, local, at ? "@" : "", domain, NULL);
	*out = (struct jid){
		.bare = bare,
		.domain = bare + (at ? strlen(local) + 1 : 0),
		.resourcepart = slash ? arena_strdup(arena, resource) : NULL,
	};
	return 0;
}

bool jid_has_localpart(const struct jid *jid)
{
	return jid->domain != jid->bare;
}

bool jid_is_bare(const struct jid *jid)
{
	return !jid->resourcepart;
}

bool jid_equal(const struct jid *a, const struct jid *b)
{
	if (strcmp(a->bare, b->bare) != 0 || jid_is_bare(a) != jid_is_bare(b))
		return false;
	return jid_is_bare(a) || strcmp(a->resourcepart, b->resourcepart) == 0;
}

const char *jid_text(struct arena *arena, const struct jid *jid)
{
	return jid_is_bare(jid) ? jid->bare
				: arena_printf(arena, "%s/%s", jid->bare, jid->resourcepart);
}

struct jid jid_dup(struct arena *arena, const struct jid *jid)
{
	char *bare = arena_strdup(arena, jid->bare);
	return (struct jid){
		.bare = bare,
		.domain = bare + (jid->domain - jid->bare),
		.resourcepart = jid->resourcepart ? arena_strdup(arena, jid->resourcepart) : NULL,
	};
}
