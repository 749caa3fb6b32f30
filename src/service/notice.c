/*
 * Tells owners over XMPP that somebody has fetched their file, or that it will go: one message for all that is alike and waits. A notice is
 * removed when the system has taken its message: what breaks off before is told again.
 */
#include "base/arena.h"
#include "base/codec.h"
#include "base/loop.h"
#include "base/text.h"
#include "dav/request.h"
#include "service/inside.h"
#include "service/job.h"
#include "xml/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOK_EVERY = 1000,  /* milliseconds */
	NAME_SHOWN = 64,    /* characters */
	URL_SHOWN = 1024,   /* bytes; a longer one is left out */
	BODY_MAX = 6 << 10, /* bytes; what is behind it is only counted */
};

struct told {
	struct timer *timer;
	unsigned seen; /* of store_noticed() */
	bool due;      /* there may be something whatever that says */
	bool busy;     /* a job is under way */
};

static void look(struct service *service);

/* ---- what is said ---- */

/* A name that its owner has chosen, in quotation marks; one that cannot be shown is replaced. */
static const char *quoted(struct arena *arena, const char *name)
{
	size_t length = 0;

	if (!text_is_presentable(name))
		return "a file";
	for (int shown = 0; name[length] && shown < NAME_SHOWN; shown++)
		do
			length++;
		while ((name[length] & 0xc0) == 0x80);
	return arena_printf(
		arena, "\u201c%.*s%s\u201d", (int)length, name, name[length] ? "\u2026" : "");
}

/* " (URL)", or nothing when it is too long. */
static const char *place_of(
	const struct service *service, struct arena *arena, const struct notice *notice)
{
	const char *base = service->options.dav->base_url;

	if (strlen(base) + strlen(notice->href) > URL_SHOWN)
		return "";
	return arena_printf(arena, " (%s%s)", base, notice->href);
}

static const char *fetched_line(
	const struct service *service, struct arena *arena, const struct notice *notice)
{
	return arena_printf(arena, "%s has fetched %s%s.", notice->who, quoted(arena, notice->name),
		place_of(service, arena, notice));
}

static const char *expires_line(
	const struct service *service, struct arena *arena, const struct notice *notice)
{
	char date[21];

	iso_date_format(date, notice->time / 1000);
	return arena_printf(arena, "%s%s is kept until %.10s %.5s UTC and deleted then.",
		quoted(arena, notice->name), place_of(service, arena, notice), date, date + 11);
}

static const char *line_of(const struct service *service, struct arena *arena,
	const struct notices *notices, const struct notice *notice)
{
	return strcmp(notices->kind, "expires") == 0 ? expires_line(service, arena, notice)
						     : fetched_line(service, arena, notice);
}

static const char *body_of(
	const struct service *service, struct arena *arena, const struct notices *notices)
{
	struct buf out = {0};
	uint64_t more = notices->more;
	const char *text;

	for (size_t i = 0; i < notices->count; i++) {
		const char *line = line_of(service, arena, notices, &notices->list[i]);

		if (out.len + strlen(line) > BODY_MAX)
			more++;
		else
			xml_write(&out, out.len ? "\n" : "", line, NULL);
	}
	if (more)
		buf_printf(&out, "%sAnd %" PRIu64 " more.", out.len ? "\n" : "", more);
	text = arena_strdup(arena, buf_text(&out));
	buf_free(&out);
	return text;
}

static int send_message(
	const struct service *service, struct arena *arena, const struct notices *notices)
{
	struct xmpp *xmpp = service->options.xmpp;
	struct buf out = {0};
	int error;

	xml_write(&out, "<message type='chat' from='", xmpp_domain(xmpp), "' to='", notices->jid,
		"'><body>", NULL);
	buf_puts(&out, body_of(service, arena, notices));
	buf_puts(&out, "</body></message>");
	error = xmpp_send(xmpp, &out);
	buf_free(&out);
	return error;
}

/* ---- when ---- */

static void job_over(struct job *job, bool more)
{
	struct service *service = job->service;

	service->told->busy = false;
	service->told->due |= more;
	job_end(job);
	if (more && !service->closing)
		timer_start(service->told->timer, 0);
}

static int remove_told(struct job *job, struct tx *tx)
{
	return store_notices_told(tx, job->state);
}

/* What cannot be removed now is told again, but not at once. */
static void removed(struct job *job, int result)
{
	if (result < 0)
		job->service->told->due = true;
	job_over(job, result >= 0);
}

static int read_notices(struct job *job, struct tx *tx)
{
	return store_notices(tx, job->arena, job->state);
}

static void tell(struct job *job, int result)
{
	struct service *service = job->service;
	struct xmpp *xmpp = service->options.xmpp;
	const struct notices *notices = job->state;

	if (result == 0 && notices->count > 0 && !service->closing && xmpp_flush(xmpp) &&
		send_message(service, job->arena, notices) == 0 && xmpp_flush(xmpp)) {
		job_change(job, remove_told, removed);
		return;
	}
	/* Not told: again when the link is up, or when we look next. */
	if (result < 0 || notices->count > 0)
		service->told->due = true;
	job_over(job, false);
}

static void look(struct service *service)
{
	struct told *told = service->told;
	unsigned noticed = store_noticed(service->options.dav->store);
	struct job *job;

	if (told->busy || service->closing || !xmpp_is_up(service->options.xmpp) ||
		(noticed == told->seen && !told->due))
		return;
	told->seen = noticed;
	told->due = false;
	told->busy = true;
	job = job_new(service, NULL);
	job->state = arena_alloc(job->arena, sizeof(struct notices));
	job_read(job, read_notices, tell);
}

static void fire(void *arg)
{
	struct service *service = arg;

	timer_start(service->told->timer, LOOK_EVERY);
	look(service);
}

/* What was made while nobody could be told is told now. */
static void link_changed(void *arg, bool up)
{
	struct service *service = arg;

	if (!service->told)
		return;
	service->told->due |= up;
	if (up && !service->closing)
		timer_start(service->told->timer, 0);
}

static void open_told(struct service *service)
{
	service->told = calloc(1, sizeof(*service->told));
	if (!service->told)
		abort();
	service->told->due = true;
	service->told->timer = timer_open(service->options.loop, fire, service);
	timer_start(service->told->timer, LOOK_EVERY);
}

static void close_told(struct service *service)
{
	timer_close(service->told->timer);
	free(service->told);
	service->told = NULL;
}

static const struct xmpp_query no_queries[] = {{NULL, NULL, NULL, NULL}};
static const char *const no_features[] = {NULL};

const struct offer notice_offer = {
	.extension = {.queries = no_queries, .features = no_features, .link = link_changed},
	.open = open_told,
	.close = close_told,
};
