/* How long a file is kept, and who has fetched it, as its owner reads and sets it; readers may know until when it is there. */
#include "base/codec.h"
#include "dav/live.h"
#include "dav/request.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <errno.h>
#include <string.h>

/* 0, or 409. */
static int check_file(const struct view *view)
{
	return view->resource->collection ? view_refuse(view, 409, "Only a file can have this.")
					  : 0;
}

/* ---- until when ---- */

int live_expires(const struct view *view, struct buf *out)
{
	char date[21];

	if (view->resource->expires == 0)
		return 0;
	iso_date_format(date, view->resource->expires / 1000);
	buf_puts(out, date);
	return 1;
}

/* Why the store has not taken that time: it is past, or the upload was promised not to be kept as long. */
static int refuse_time(const struct view *view)
{
	struct retention retention;
	char date[21];
	int error = store_retention(view->tx, view->resource->id, &retention);

	if (error < 0)
		return error;
	if (retention.latest == 0)
		return view_refuse(view, 409, "That time is past.");
	iso_date_format(date, retention.latest / 1000);
	return view_refuse(view, 409,
		arena_printf(view->arena, "That time is past, or behind %s, which is the last one.",
			date));
}

int live_expires_set(const struct view *view, const struct xml_node *value)
{
	int64_t expires = 0;
	int status = check_file(view), error;

	if (status != 0)
		return status;
	if (value && (iso_date_parse(xml_text_trimmed(view->arena, value), &expires) < 0 ||
			     expires <= 0))
		return view_refuse(view, 409,
			"A time is a date-time of RFC 3339, as in 2027-01-31T18:00:00Z.");
	error = store_expires_set(view->tx, view->resource->id, expires);
	if (error == -ERANGE)
		return refuse_time(view);
	return error < 0 ? error : 200;
}

/* ---- what is said or not ---- */

/* "1" in the right place; 0 when it is not said. */
static int get_flag(const struct view *view, struct buf *out, bool (*of)(const struct retention *))
{
	struct retention retention;
	int error = store_retention(view->tx, view->resource->id, &retention);

	if (error < 0 || !of(&retention))
		return error;
	buf_puts(out, "1");
	return 1;
}

static int set_flag(const struct view *view, const struct xml_node *value,
	int (*set)(struct tx *tx, int64_t resource, bool on))
{
	const char *text = value ? xml_text_trimmed(view->arena, value) : "0";
	int status = check_file(view), error;

	if (status != 0)
		return status;
	if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
		return view_refuse(view, 409, "This is 1 or 0.");
	error = set(view->tx, view->resource->id, *text == '1');
	return error < 0 ? error : 200;
}

static bool is_once(const struct retention *retention)
{
	return retention->once;
}

static bool tells(const struct retention *retention)
{
	return retention->tells;
}

int live_once(const struct view *view, struct buf *out)
{
	return get_flag(view, out, is_once);
}

int live_once_set(const struct view *view, const struct xml_node *value)
{
	return set_flag(view, value, store_once_set);
}

int live_notify(const struct view *view, struct buf *out)
{
	return get_flag(view, out, tells);
}

int live_notify_set(const struct view *view, const struct xml_node *value)
{
	return set_flag(view, value, store_tells_set);
}

/* ---- who has fetched it ---- */

static void write_fetch(struct buf *out, struct arena *arena, const struct fetch *fetch)
{
	char date[21];

	iso_date_format(date, fetch->time / 1000);
	xml_write(
		out, "<fetch jid=\"", jid_text(arena, &fetch->jid), "\" time=\"", date, "\"", NULL);
	buf_printf(out, " bytes=\"%llu\"", (unsigned long long)fetch->received);
	iso_date_format(date, fetch->whole / 1000);
	if (fetch->whole)
		xml_write(out, " whole=\"", date, "\"", NULL);
	buf_puts(out, "/>");
}

int live_fetches(const struct view *view, struct buf *out)
{
	struct fetch *fetches;
	size_t count;
	int error;

	if (view->resource->collection)
		return 0;
	error = store_fetches(view->tx, view->arena, view->resource->id, &fetches, &count);
	for (size_t i = 0; error == 0 && i < count; i++)
		write_fetch(out, view->arena, &fetches[i]);
	return error < 0 ? error : 1;
}
