/* XEP-0363: slots for uploads, which XMPP clients fill by a plain PUT. The rest of it is dav's (dav/slot.h). */
#include "auth/bearer.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/site.h"
#include "dav/request.h"
#include "dav/right.h"
#include "dav/served.h"
#include "service/form.h"
#include "service/inside.h"
#include "service/job.h"
#include "service/slot_name.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_UPLOAD  "urn:xmpp:http:upload:0"
#define NS_PURPOSE "urn:xmpp:http:upload:purpose:0"

/* XEP-0363, 5 */
static const struct {
	const char *name;
	enum slot_purpose purpose;
} purposes[] = {
	{"message", SLOT_MESSAGE},
	{"profile", SLOT_PROFILE},
	{"ephemeral", SLOT_EPHEMERAL},
	{"permanent", SLOT_PERMANENT},
};

enum { PURPOSES = sizeof(purposes) / sizeof(*purposes) };

/* A slot that is being asked for. */
struct asking {
	struct slot slot;
	char token[BEARER_TEXT];
	struct xmpp_error refusal; /* when it is refused */
};

/* ---- what is asked for ---- */

static int refuse(struct asking *asking, const char *type, const char *condition, const char *text,
	const char *specific)
{
	asking->refusal = (struct xmpp_error){type, condition, text, specific};
	return -ECANCELED;
}

static int refuse_malformed(struct asking *asking, const char *text)
{
	return refuse(asking, "modify", "bad-request", text, NULL);
}

/* XEP-0363, 6 */
static int refuse_large(struct arena *arena, const struct dav *dav, struct asking *asking)
{
	const char *most = arena_printf(arena, "%llu", (unsigned long long)dav->max_file_size);

	return refuse(asking, "modify", "not-acceptable",
		arena_printf(arena, "The file is too large: %s bytes are the most.", most),
		arena_printf(arena,
			"<file-too-large xmlns='" NS_UPLOAD
			"'><max-file-size>%s</max-file-size></file-too-large>",
			most));
}

/* XEP-0363, 5.3 */
static int read_expiry(const struct xml_node *purpose, struct asking *asking)
{
	const char *before = xml_attribute(purpose, "expire-before");
	int64_t expires;

	if (!before || iso_date_parse(before, &expires) < 0)
		return refuse_malformed(
			asking, "expire-before must be a time, as in 2026-09-10T23:08:25Z.");
	if (expires <= (int64_t)time(NULL) * 1000)
		return refuse_malformed(asking, "expire-before must lie ahead.");
	asking->slot.expires = expires;
	return 0;
}

static int read_purpose(const struct xml_node *request, struct asking *asking)
{
	const struct xml_node *found = NULL;
	size_t row = 0;

	for (const struct xml_node *node = xml_first_element(request); node;
		node = xml_next_element(node)) {
		if (strcmp(node->ns, NS_PURPOSE) != 0)
			continue;
		if (found)
			return refuse_malformed(asking, "An upload has one purpose.");
		found = node;
	}
	if (!found)
		return 0;
	while (row < PURPOSES && strcmp(purposes[row].name, found->name) != 0)
		row++;
	if (row == PURPOSES)
		return refuse_malformed(asking, "This purpose is not known here.");
	asking->slot.purpose = purposes[row].purpose;
	return asking->slot.purpose == SLOT_EPHEMERAL ? read_expiry(found, asking) : 0;
}

static int read_type(struct arena *arena, const struct xml_node *request, struct asking *asking)
{
	const char *type = xml_attribute(request, "content-type");

	if (!type || !*type)
		return 0;
	if (!served_media_type(type))
		return refuse_malformed(asking, "content-type is no media type, as in image/png.");
	asking->slot.content_type = arena_strdup(arena, type);
	return 0;
}

/* XEP-0363, 4. An empty file is one too: clients ask for its slot. */
static int read_request(struct arena *arena, const struct dav *dav, const struct xml_node *request,
	struct asking *asking)
{
	const char *filename = xml_attribute(request, "filename"),
		   *size = xml_attribute(request, "size");
	struct slot_name name;
	int64_t length = 0;
	int error;

	if (!filename || slot_name_make(arena, filename, &name) < 0)
		return refuse_malformed(asking, "filename must be the name of a file.");
	error = size ? decimal_parse(size, &length) : -EINVAL;
	if (error == -EINVAL)
		return refuse_malformed(asking, "size must be a number of bytes.");
	if (error < 0 || (uint64_t)length > dav->max_file_size)
		return refuse_large(arena, dav, asking);
	asking->slot.name = name.name;
	asking->slot.displayname = name.displayname;
	asking->slot.length = (uint64_t)length;
	error = read_type(arena, request, asking);
	return error < 0 ? error : read_purpose(request, asking);
}

/* ---- whether there is room for it ---- */

/* XEP-0363, 6: with the time of the first open slot's end, when it is those that take the room. */
static int refuse_full(struct job *job, const char *text, int64_t first)
{
	char stamp[21];

	iso_date_format(stamp, first / 1000 + 1);
	return refuse(job->state, "wait", "resource-constraint", text,
		first ? arena_printf(job->arena, "<retry xmlns='" NS_UPLOAD "' stamp='%s'/>", stamp)
		      : NULL);
}

/* Whether what is added goes over the limit; *waits: only with what the open slots may add. */
static bool is_over(uint64_t most, uint64_t used, uint64_t open, uint64_t added, bool *waits)
{
	if (!most)
		return false;
	*waits = used <= most && added <= most - used;
	return !*waits || open > most - used - added;
}

static int check_room(struct job *job, struct tx *tx)
{
	const struct dav *dav = job->dav;
	const struct slot *slot = &((struct asking *)job->state)->slot;
	struct slots open;
	struct usage usage;
	uint64_t room;
	bool waits = false;
	int error = store_slots(tx, slot->owner, &open);

	if (error == 0)
		error = store_usage(tx, slot->owner, &usage);
	if (error == 0)
		error = store_room(tx, &room);
	if (error < 0)
		return error;
	if (open.count >= dav->slots)
		return refuse_full(job, "Too many of your uploads have not begun yet.", open.first);
	if (is_over(dav->quota, usage.bytes, open.bytes, slot->length, &waits))
		return refuse_full(job, "Your quota is used up.", waits ? open.first : 0);
	if (is_over(dav->resources, usage.resources, open.count, 1, &waits))
		return refuse_full(job, "You have too many files.", waits ? open.first : 0);
	return slot->length > room ? -ENOSPC : 0;
}

static int make(struct job *job, struct tx *tx)
{
	struct asking *asking = job->state;
	int error = check_room(job, tx);

	return error < 0 ? error : store_slot_make(tx, &asking->slot);
}

/* ---- answers ---- */

static void answer(struct job *job, const struct asking *asking)
{
	struct service *service = job->service;
	struct buf url = {0}, out = {0};

	buf_printf(&url, "%s/", service->options.dav->base_url);
	uri_encode(&url, asking->slot.name);
	xml_write(&out, "<slot xmlns='" NS_UPLOAD "'><put url='", buf_text(&url),
		"'><header name='Authorization'>Bearer ", asking->token,
		"</header></put><get url='", buf_text(&url), "'/></slot>", NULL);
	xmpp_reply(service->options.xmpp, &job->stanza, &out);
	buf_free(&url);
	buf_free(&out);
}

static void made(struct job *job, int result)
{
	const struct asking *asking = job->state;

	if (result == -ECANCELED)
		xmpp_refuse(job->service->options.xmpp, &job->stanza, &asking->refusal);
	else if (result < 0)
		job_refuse(job, result);
	else {
		log_event(LOG_AUDIT, "slot-given", "jid", job->stanza.from.bare, "name",
			asking->slot.displayname, "bytes", log_number((int64_t)asking->slot.length),
			NULL);
		answer(job, asking);
	}
	job_end(job);
}

static void take(void *arg, const struct stanza *stanza)
{
	struct service *service = arg;
	const struct dav *dav = service->options.dav;
	struct job *job = job_new(service, stanza);
	struct asking *asking;
	int error;

	if (!job)
		return;
	asking = arena_alloc(job->arena, sizeof(*asking));
	job->state = asking;
	if (right_may_upload(dav, &stanza->from))
		error = read_request(job->arena, dav, stanza->payload, asking);
	else
		error = refuse(asking, "auth", "forbidden",
			"Accounts of your server may not upload here.", NULL);
	if (error < 0) {
		made(job, error);
		return;
	}
	bearer_mint(asking->token);
	asking->slot.token = bearer_kept(job->arena, asking->token);
	asking->slot.owner = job->stanza.from.bare;
	job_change(job, make, made);
}

/* ---- disco (XEP-0363, 3) ---- */

static void describe(void *arg, struct buf *out)
{
	struct service *service = arg;
	char size[24];

	snprintf(size, sizeof(size), "%llu",
		(unsigned long long)service->options.dav->max_file_size);
	form_begin(out, "result", NULL, NULL);
	form_field(out, &(struct form_field){"FORM_TYPE", "hidden", NULL, NS_UPLOAD});
	form_field(out, &(struct form_field){"max-file-size", "text-single", NULL, size});
	form_end(out);
}

/* XEP-0363, 4: clients put their token, and what they send, only where nobody reads it on the way. */
static bool is_due(const struct service *service)
{
	const struct dav *dav = service->options.dav;

	return dav->slots > 0 && site_is_safe(dav->site);
}

static const struct xmpp_query queries[] = {
	{"get", NS_UPLOAD, "request", take},
	{NULL, NULL, NULL, NULL},
};
static const char *const features[] = {
	NS_UPLOAD,
	NS_PURPOSE "#message",
	NS_PURPOSE "#profile",
	NS_PURPOSE "#ephemeral",
	NS_PURPOSE "#permanent",
	NULL,
};

const struct offer slot_offer = {
	.extension =
		{
			.queries = queries,
			.category = "store",
			.type = "file",
			.features = features,
			.describe = describe,
		},
	.is_due = is_due,
};
