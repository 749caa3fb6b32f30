#include "dav/checksum.h"

#include "base/codec.h"
#include "base/hash.h"
#include "dav/live.h"
#include "dav/part.h"
#include "xml/writer.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { READ_AT_ONCE = 256 << 10, FOUND_AT_ONCE = 32 << 20 };

/* What the content must have, in request->digests. */
struct digests {
	unsigned char value[HASH_KINDS][HASH_MAX];
	unsigned kinds;
	unsigned also; /* are made too, because such a client compares by any of them */
};

static const struct {
	const char *name; /* of OC-Checksum; NULL: it does not know it */
	const char *key;  /* of RFC 9530, 5; NULL: too weak for it */
} names[HASH_KINDS] = {
	[HASH_MD5] = {"MD5", NULL},
	[HASH_SHA1] = {"SHA1", NULL},
	[HASH_SHA256] = {"SHA256", "sha-256"},
	[HASH_SHA512] = {NULL, "sha-512"},
};

static bool is_named(const char *text, size_t length, const char *name)
{
	return name && strlen(name) == length && strncasecmp(text, name, length) == 0;
}

/* 0, or -EINVAL: it is no such digest, or another one than was said before. */
static int expect(struct digests *digests, enum hash_kind kind, const unsigned char *value)
{
	bool again = digests->kinds & 1U << kind;

	if (again && memcmp(digests->value[kind], value, hash_length(kind)) != 0)
		return -EINVAL;
	memcpy(digests->value[kind], value, hash_length(kind));
	digests->kinds |= 1U << kind;
	return 0;
}

/* "SHA1:0123..." */
static int read_oc(struct digests *digests, const char *field)
{
	const char *colon = strchr(field, ':');
	unsigned char value[HASH_MAX];

	if (!colon)
		return -EINVAL;
	digests->also = 1U << HASH_MD5 | 1U << HASH_SHA1;
	for (int kind = 0; kind < HASH_KINDS; kind++) {
		if (!is_named(field, (size_t)(colon - field), names[kind].name))
			continue;
		if (hex_decode(value, colon + 1, hash_length(kind)) < 0)
			return -EINVAL;
		return expect(digests, kind, value);
	}
	return 0;
}

/* One member of a dictionary (RFC 8941, 3.2): its key, and what stands behind "=" up to the next. False: there is none. */
struct member {
	const char *key, *value;
	size_t key_length, length;
};

static bool next_member(const char **at, struct member *out)
{
	*at += strspn(*at, ", \t");
	out->key = *at;
	out->key_length = strcspn(*at, "=;, \t");
	if (!out->key_length)
		return false;
	*at += out->key_length;
	out->value = **at == '=' ? ++*at : *at;
	out->length = strcspn(*at, ",; \t");
	*at += strcspn(*at, ",");
	return true;
}

/* "sha-256=:BASE64:, ..." (RFC 9530, 3) */
static int read_digest(struct arena *arena, struct digests *digests, const char *field)
{
	struct member member;

	while (next_member(&field, &member)) {
		unsigned char *value = arena_alloc(arena, member.length + 1);
		int kind = 0;

		while (kind < HASH_KINDS &&
			!is_named(member.key, member.key_length, names[kind].key))
			kind++;
		if (kind == HASH_KINDS)
			continue;
		if (member.length < 2 || member.value[0] != ':' ||
			member.value[member.length - 1] != ':' ||
			base64_decode(member.value + 1, member.length - 2, value) !=
				(int64_t)hash_length(kind) ||
			expect(digests, kind, value) < 0)
			return -EINVAL;
	}
	return *field ? -EINVAL : 0;
}

enum step_result checksum_read(struct request *request)
{
	const char *oc = request_header(request, "OC-Checksum");
	const char *whole = request_header(request, "Repr-Digest");
	const char *sent = request->part ? NULL : request_header(request, "Content-Digest");
	struct digests *digests;
	int error = 0;

	if (!oc && !whole && !sent)
		return STEP_NEXT;
	digests = arena_alloc(request->arena, sizeof(*digests));
	if (oc)
		error = read_oc(digests, oc);
	if (whole && error == 0)
		error = read_digest(request->arena, digests, whole);
	if (sent && error == 0)
		error = read_digest(request->arena, digests, sent);
	if (error < 0)
		return answer_error(request, 400, NULL,
			"The digest of the content is malformed, or there are two that differ.");
	request->digests = digests;
	return STEP_NEXT;
}

/* Only the last part makes a whole. */
unsigned checksum_kinds(const struct request *request)
{
	if (!request->digests || (request->part && request->part->last + 1 < request->part->total))
		return 0;
	return request->digests->kinds | request->digests->also;
}

int checksum_check(struct request *request)
{
	if (!checksum_kinds(request))
		return 0;
	for (int kind = 0; kind < HASH_KINDS; kind++) {
		if (!(request->digests->kinds & 1U << kind) ||
			memcmp(upload_digest(request->upload, kind), request->digests->value[kind],
				hash_length(kind)) == 0)
			continue;
		return answer_refuse(request, 400, NULL,
			"The content is not what its digest says: it was changed on its way. Send "
			"it again.");
	}
	return 0;
}

/* ---- what is told ---- */

/* RFC 9530, 4: a preference above 0; which one is the server's to choose. */
static bool is_wanted(const struct request *request)
{
	const char *field = request_header(request, "Want-Repr-Digest");
	struct member member;

	while (field && next_member(&field, &member))
		if (is_named(member.key, member.key_length, names[HASH_SHA256].key))
			return member.length > 0 && !(member.length == 1 && *member.value == '0');
	return false;
}

static void put_repr_digest(struct request *request, const unsigned char *sha256)
{
	answer_header(request, "Repr-Digest",
		arena_printf(request->arena, "sha-256=:%s:",
			base64_encode(request->arena, sha256, hash_length(HASH_SHA256))));
}

static const char *oc_text(struct arena *arena, enum hash_kind kind, const unsigned char *value)
{
	char hex[2 * HASH_MAX + 1];

	hex_encode(hex, value, hash_length(kind));
	return arena_printf(arena, "%s:%s", names[kind].name, hex);
}

void checksum_headers(struct request *request, const struct resource *resource)
{
	const struct content *content = &request->answer.content;

	if (content->sha1)
		answer_header(
			request, "OC-Checksum", oc_text(request->arena, HASH_SHA1, content->sha1));
	else if (content->md5)
		answer_header(
			request, "OC-Checksum", oc_text(request->arena, HASH_MD5, content->md5));
	if (!is_wanted(request))
		return;
	request->answer.digested = resource->content;
	if (content->sha256)
		put_repr_digest(request, content->sha256);
	else if (content->fd >= 0)
		request->answer.digest_due = true;
	else if (checksum_find(request) == 0)
		put_repr_digest(request, request->answer.content.sha256);
}

/* 1: there is more; 0: that was all; negative errno. */
static int read_on(struct answer *answer)
{
	static _Thread_local char bytes[READ_AT_ONCE];
	const struct content *content = &answer->content;
	uint64_t end = answer->hashed + FOUND_AT_ONCE;

	if (content->fd < 0)
		hashes_add(answer->hashes, content->bytes, content->length);
	while (content->fd >= 0 && answer->hashed < content->length && answer->hashed < end) {
		ssize_t got = pread(content->fd, bytes, sizeof(bytes), (off_t)answer->hashed);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		hashes_add(answer->hashes, bytes, (size_t)got);
		answer->hashed += (uint64_t)got;
	}
	return content->fd >= 0 && answer->hashed < content->length;
}

int checksum_find(struct request *request)
{
	struct answer *answer = &request->answer;
	unsigned char *value;
	int more;

	if (!answer->hashes)
		answer->hashes = hashes_new(1U << HASH_SHA256);
	more = read_on(answer);
	if (more == 1)
		return 1;
	if (more == 0) {
		value = arena_alloc(request->arena, hash_length(HASH_SHA256));
		hashes_end(answer->hashes);
		memcpy(value, hashes_value(answer->hashes, HASH_SHA256), hash_length(HASH_SHA256));
		answer->content.sha256 = value;
	}
	hashes_free(answer->hashes);
	answer->hashes = NULL;
	return more;
}

void checksum_found(struct request *request)
{
	put_repr_digest(request, request->answer.content.sha256);
	store_sha256_remember(
		request->dav->store, request->answer.digested, request->answer.content.sha256);
}

/* ownCloud's property: what clients have sent, so that they can compare without fetching. */
int live_checksums(const struct view *view, struct buf *out)
{
	const unsigned char *known[HASH_KINDS] = {0};
	struct content content;
	bool any = false;
	int found = view->resource->collection ? 0
					       : store_digests(view->tx, view->arena,
							 view->resource->content, &content);

	if (found < 0 || view->resource->collection)
		return found;
	known[HASH_SHA1] = content.sha1;
	known[HASH_MD5] = content.md5;
	known[HASH_SHA256] = content.sha256;
	for (int kind = 0; kind < HASH_KINDS; kind++) {
		if (!known[kind])
			continue;
		buf_puts(out, any ? " " : "<checksum xmlns=\"" NS_OC "\">");
		buf_puts(out, oc_text(view->arena, kind, known[kind]));
		any = true;
	}
	if (any)
		buf_puts(out, "</checksum>");
	return any;
}
