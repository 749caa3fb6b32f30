#include "dav/audit.h"

#include "base/log.h"
#include "dav/method.h"
#include "dav/request.h"

#include <string.h>

enum { NAMES_TOLD = 16 };

/* Events of methods that change who may read what even where no list is touched. */
static const struct {
	const char *method, *event;
} moves[] = {
	{"COPY", "copied"},
	{"MOVE", "moved"},
	{"DELETE", "deleted"},
};

void audit_begin(struct request *request)
{
	if (!request->audit)
		request->audit = arena_alloc(request->arena, sizeof(*request->audit));
	*request->audit = (struct audit){0};
}

const char *audit_readers(struct arena *arena, const struct jid *jids, size_t count)
{
	const char *names = "";

	for (size_t i = 0; i < count && i < NAMES_TOLD; i++)
		names = arena_join(arena, names, i ? " " : "", jid_text(arena, &jids[i]), NULL);
	if (count > NAMES_TOLD)
		names = arena_printf(arena, "%s and %zu more", names, count - NAMES_TOLD);
	return names;
}

void audit_list_set(const struct request *request, const struct jid *jids, size_t count)
{
	request->audit->list = "list-set";
	request->audit->names = audit_readers(request->arena, jids, count);
}

void audit_list_removed(const struct request *request)
{
	request->audit->list = "list-removed";
	request->audit->names = NULL;
}

void audit_link(const struct request *request, bool made)
{
	request->audit->link = made ? "link-made" : "link-ended";
}

static void log_one(
	const struct request *request, const char *event, const char *key, const char *value)
{
	log_event(LOG_AUDIT, event, "address", request->address, "jid", request->claim.bare, "url",
		request->url, key, value, NULL);
}

void audit_log(const struct request *request)
{
	const struct audit *audit = request->audit;

	for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++) {
		if (strcmp(moves[i].method, request->method->name) != 0)
			continue;
		log_one(request, moves[i].event, "to",
			request->method->destination
				? path_text(request->arena, &request->destination)
				: NULL);
	}
	if (audit->list)
		log_one(request, audit->list, "readers", audit->names);
	if (audit->link)
		log_one(request, audit->link, "readers", NULL);
}
