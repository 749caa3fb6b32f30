#include "dav/propstat.h"

#include "dav/multistatus.h"
#include "dav/request.h"
#include "xml/reader.h"

#include <errno.h>
#include <string.h>

struct name {
	const char *ns, *name;
	const struct live_property *live; /* NULL: dead */
	struct tag empty;
};

/*
 * Of an allprop's answer: what stands before a value, from behind the value before it. When there is no such value the first `close` bytes are left
 * out, and when there is none behind it the last `open`. The last stretch is behind all values.
 */
struct stretch {
	const char *text;
	size_t length, close, open;
	const struct live_property *live; /* NULL: the last */
};

static void add_stretch(struct request *request, struct wanted *wanted, struct buf *text,
	const struct live_property *live, const struct live_property *before)
{
	size_t close = before ? before->close.length : 0, open = live ? live->open.length : 0;

	text->len = 0;
	buf_append(text, before ? before->close.text : "", close);
	buf_append(text, live ? live->open.text : "", open);
	wanted->stretches[wanted->stretch_count++] = (struct stretch){
		arena_strndup(request->arena, text->data, text->len), text->len, close, open, live};
}

void wanted_all(struct request *request, struct wanted *wanted)
{
	unsigned of = request->principal ? OF_PRINCIPAL : OF_RESOURCE;
	const struct live_property *live, *before = NULL;
	struct buf text = {0};
	size_t rows = 0;

	while (property_row(rows))
		rows++;
	wanted->kind = ALLPROP;
	wanted->stretches = arena_alloc(request->arena, (rows + 1) * sizeof(*wanted->stretches));
	for (size_t i = 0; (live = property_row(i)); i++)
		if (live->allprop && live->of & of) {
			add_stretch(request, wanted, &text, live, before);
			before = live;
		}
	add_stretch(request, wanted, &text, NULL, before);
	buf_free(&text);
}

/* What is asked for twice is told once. */
static bool is_named(const struct wanted *wanted, const struct xml_node *node)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (xml_is(node, wanted->names[i].ns, wanted->names[i].name))
			return true;
	return false;
}

int wanted_names(struct request *request, const struct xml_node *prop, struct wanted *wanted)
{
	size_t most = request->dav->limits.properties;
	struct buf empty = {0};

	wanted->names = arena_alloc(request->arena, most * sizeof(*wanted->names));
	wanted->statuses = arena_alloc(request->arena, most * sizeof(*wanted->statuses));
	for (const struct xml_node *node = xml_first_element(prop); node;
		node = xml_next_element(node)) {
		if (is_named(wanted, node))
			continue;
		if (wanted->count == most) {
			buf_free(&empty);
			return answer_refuse(
				request, 413, NULL, "That asks for too many properties.");
		}
		empty.len = 0;
		property_empty(&empty, node->ns, node->name);
		wanted->names[wanted->count++] =
			(struct name){node->ns, node->name, property_live(node->ns, node->name),
				{arena_strndup(request->arena, empty.data, empty.len), empty.len}};
	}
	buf_free(&empty);
	return 0;
}

/* Dead properties of what is looked at; most resources have none. */
static int read_dead(const struct view *view, struct property **properties, size_t *count)
{
	*count = 0;
	if (!view->resource->has_properties)
		return 0;
	return store_properties(view->tx, view->arena, view->resource->id, properties, count);
}

static const struct property *find_dead(
	const struct property *properties, size_t count, const struct name *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(properties[i].name, name->name) == 0 &&
			strcmp(properties[i].ns, name->ns) == 0)
			return &properties[i];
	return NULL;
}

static bool is_of(const struct view *view, const struct live_property *live)
{
	return live->of & (view->principal ? OF_PRINCIPAL : OF_RESOURCE);
}

static void put_tag(struct buf *out, const struct tag *tag)
{
	buf_append(out, tag->text, tag->length);
}

/* Writes a live property with its value. 1, 0 when there is none here (nothing is written), or negative errno. */
static int write_live(const struct view *view, const struct live_property *live, struct buf *out)
{
	size_t start = out->len;
	int there;

	if (!is_of(view, live))
		return 0;
	put_tag(out, &live->open);
	there = live->get(view, out);
	if (there == 1)
		put_tag(out, &live->close);
	else
		out->len = start;
	return there;
}

static bool may_see(const struct view *view, const struct live_property *live)
{
	return !live->owner_only || view_owned(view);
}

static int write_allprop(const struct wanted *wanted, const struct view *view,
	const struct property *dead, size_t dead_count, struct buf *out)
{
	size_t skip = 0;

	for (const struct stretch *stretch = wanted->stretches;; stretch++) {
		size_t end;
		int there;

		buf_append(out, stretch->text + skip, stretch->length - skip);
		if (!stretch->live)
			break;
		end = out->len - stretch->open;
		there = stretch->live->get(view, out);
		if (there < 0)
			return there;
		if (there == 0)
			out->len = end;
		skip = there ? 0 : stretch[1].close;
	}
	for (size_t i = 0; i < dead_count; i++)
		buf_puts(out, dead[i].xml);
	return 0;
}

static int write_propname(
	const struct view *view, const struct property *dead, size_t dead_count, struct buf *out)
{
	const struct live_property *live;
	struct buf value = {0};
	int there = 0;

	for (size_t i = 0; there >= 0 && (live = property_row(i)); i++) {
		value.len = 0;
		there = may_see(view, live) && is_of(view, live) ? live->get(view, &value) : 0;
		if (there == 1)
			put_tag(out, &live->empty);
	}
	buf_free(&value);
	for (size_t i = 0; i < dead_count; i++)
		property_empty(out, dead[i].ns, dead[i].name);
	return there < 0 ? there : 0;
}

/* Writes what is there of the named ones; `status` says of each what became of it. */
static int write_named(const struct wanted *wanted, const struct view *view,
	const struct property *dead, size_t dead_count, int *status, struct buf *out)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const struct name *name = &wanted->names[i];
		const struct property *found = find_dead(dead, dead_count, name);
		int there = found != NULL;

		if (name->live && !may_see(view, name->live)) {
			status[i] = 403;
			continue;
		}
		if (wanted->kind == ALLPROP && (found || (name->live && name->live->allprop))) {
			status[i] = 200;
			continue;
		}
		if (name->live)
			there = write_live(view, name->live, out);
		else if (found)
			buf_puts(out, found->xml);
		if (there < 0)
			return there;
		status[i] = there ? 200 : 404;
	}
	return 0;
}

static void write_missing(
	const struct wanted *wanted, const int *statuses, int status, struct buf *out)
{
	bool open = false;

	for (size_t i = 0; i < wanted->count; i++) {
		if (statuses[i] != status)
			continue;
		if (!open)
			multistatus_propstat_begin(out);
		open = true;
		put_tag(out, &wanted->names[i].empty);
	}
	if (open)
		multistatus_propstat_end(out, status, NULL);
}

int propstat_response(
	const struct wanted *wanted, const struct view *view, const char *href, struct buf *out)
{
	int *statuses = wanted->statuses;
	struct property *dead = NULL;
	size_t dead_count, before, empty;
	int error = read_dead(view, &dead, &dead_count);

	if (error < 0)
		return error;
	multistatus_response_begin(out, href);
	before = out->len;
	multistatus_propstat_begin(out);
	empty = out->len;
	if (wanted->kind == ALLPROP)
		error = write_allprop(wanted, view, dead, dead_count, out);
	else if (wanted->kind == PROPNAME)
		error = write_propname(view, dead, dead_count, out);
	if (error == 0)
		error = write_named(wanted, view, dead, dead_count, statuses, out);
	if (error < 0)
		return error;
	if (out->len > empty || wanted->count == 0)
		multistatus_propstat_end(out, 200, NULL);
	else
		out->len = before;
	write_missing(wanted, statuses, 403, out);
	write_missing(wanted, statuses, 404, out);
	multistatus_response_end(out);
	return 0;
}
