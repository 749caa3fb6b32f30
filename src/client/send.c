#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/text.h"
#include "client/client.h"
#include "client/discover.h"
#include "client/offer.h"
#include "client/patch.h"
#include "client/upload.h"
#include "xml/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Addresses in one message to the XEP-0033 service: servers take no more than some dozens. */
enum { ADDRESSES_MAX = 20 };

struct sending {
	struct client *client;
	struct services services;
	const char **recipients;
	size_t count;
	const char *failed; /* a recipient, or the service, that could not be reached; NULL: none */
	const char *id;     /* of the message that is out */
	uint64_t expires;   /* milliseconds; 0: not said */
};

/* ---- telling the recipients ---- */

/* An error for the message that is out. */
static void take(void *arg, const struct xml_node *message)
{
	struct sending *sending = arg;
	const char *type = xml_attribute(message, "type"), *id = xml_attribute(message, "id"),
		   *from = xml_attribute(message, "from");

	if (type && strcmp(type, "error") == 0 && id && sending->id && strcmp(id, sending->id) == 0)
		sending->failed = arena_strdup(sending->client->arena, from ? from : "the server");
}

/* Our server answers in order: when it has, it has taken what was sent before. */
static int settle(struct sending *sending, const char *service)
{
	struct client *client = sending->client;
	const struct xml_node *answer;

	if (service)
		session_iq(client->session, client->arena, "get", service,
			"<ping xmlns='urn:xmpp:ping'/>", &answer);
	return session_iq(client->session, client->arena, "get",
		session_jid(client->session)->domain, "<ping xmlns='urn:xmpp:ping'/>", &answer);
}

/* One message. 0; 1: an error came back; negative: the stream is lost. */
static int tell(struct sending *sending, const char *to, const char *const *addresses, size_t count,
	const char *url, const char *name)
{
	struct client *client = sending->client;
	char *id = arena_alloc(client->arena, RANDOM_ID);
	struct buf out = {0};
	int result;

	random_id(id);
	sending->id = id;
	sending->failed = NULL;
	offer_write(&out, id, to, addresses, count, url, name);
	session_send(client->session, &out);
	buf_free(&out);
	result = settle(sending, count ? to : NULL);
	return result < 0 ? result : sending->failed != NULL;
}

static int tell_each(
	struct sending *sending, size_t first, size_t count, const char *url, const char *name)
{
	int code = 0;

	for (size_t i = first; i < first + count; i++) {
		int result = tell(sending, sending->recipients[i], NULL, 0, url, name);

		if (result < 0)
			return client_fail("%s", session_error(sending->client->session));
		if (result == 1)
			code = client_fail(
				"%s could not be told of %s", sending->recipients[i], url);
	}
	return code;
}

/* XEP-0033 where the server has it; where it refuses, one message each. */
static int tell_all(struct sending *sending, const char *url, const char *name)
{
	const char *multicast = sending->count > 1 ? sending->services.multicast : NULL;
	int code = 0;

	for (size_t first = 0; first < sending->count; first += ADDRESSES_MAX) {
		size_t count = sending->count - first < ADDRESSES_MAX ? sending->count - first
								      : ADDRESSES_MAX;
		int result = 1;

		if (multicast)
			result = tell(
				sending, multicast, sending->recipients + first, count, url, name);
		if (result < 0)
			return client_fail("%s", session_error(sending->client->session));
		if (result == 1)
			code |= tell_each(sending, first, count, url, name);
	}
	return code;
}

/* ---- the whole ---- */

static int send_file(struct sending *sending, const char *file)
{
	struct client *client = sending->client;
	const char *base = strrchr(file, '/'),
		   *name = offer_safe_name(client->arena, base ? base + 1 : file);
	const char *url;
	struct patch patch = {.displayname = name,
		.jids = sending->recipients,
		.count = sending->count,
		.set_list = true,
		.expires = sending->expires,
		.once = client->once,
		.notify = client->notify};

	if (upload_file(client, &sending->services, file, name, &url))
		return 1;
	if (patch_properties(client, url, &patch)) {
		if (rm_command(client, 1, (char *[]){(char *)url, NULL}) == 0)
			client_fail("%s was not sent, and nothing of it was left", file);
		return 1;
	}
	if (tell_all(sending, url, name))
		return 1;
	printf("%s\n", url);
	fflush(stdout);
	return 0;
}

static int check_file(struct sending *sending, const char *file)
{
	struct stat status;

	if (stat(file, &status) < 0)
		return client_fail("%s: %s, and it is no JID of a person, as in juliet@capulet.lit",
			file, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return client_fail("%s is no file", file);
	if ((uint64_t)status.st_size > sending->services.max_file_size)
		return client_fail("%s has %" PRIu64 " bytes, the server takes %" PRIu64, file,
			(uint64_t)status.st_size, sending->services.max_file_size);
	return 0;
}

/* Recipients stand last. What is a file is none, whatever it looks like. */
static int sort_arguments(struct sending *sending, int argc, char **argv)
{
	struct arena *arena = sending->client->arena;
	int files = argc;
	struct jid jid;

	sending->recipients = arena_alloc(arena, (size_t)(argc + 1) * sizeof(*sending->recipients));
	while (files > 0 && access(argv[files - 1], F_OK) < 0 &&
		jid_parse(arena, argv[files - 1], &jid) == 0 && jid_has_localpart(&jid))
		files--;
	for (int i = files; i < argc; i++) {
		jid_parse(arena, argv[i], &jid);
		sending->recipients[sending->count++] = jid_text(arena, &jid);
	}
	return files;
}

int send_command(struct client *client, int argc, char **argv)
{
	struct sending sending = {.client = client};
	int files = sort_arguments(&sending, argc, argv), code = 0;

	if (files == 0 || sending.count == 0)
		return client_fail("send takes files and then JIDs: missive send FILE... JID...");
	if (client->expires &&
		(duration_parse(client->expires, &sending.expires) < 0 || sending.expires == 0))
		return client_fail(
			"--expires %s: this is no time, as in 12h, 7d or 2w", client->expires);
	if (discover(client, &sending.services))
		return 1;
	for (int i = 0; i < files; i++)
		code |= check_file(&sending, argv[i]);
	session_on_message(client->session, take, &sending);
	for (int i = 0; i < files && code == 0; i++)
		code = send_file(&sending, argv[i]);
	session_on_message(client->session, NULL, NULL);
	return code;
}
