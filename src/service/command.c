#include "service/command.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/loop.h"
#include "dav/right.h"
#include "service/commands.h"
#include "service/inside.h"
#include "service/job.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_COMMANDS "http://jabber.org/protocol/commands"
#define NS_INFO     "http://jabber.org/protocol/disco#info"

enum { SESSIONS_MAX = 512, SESSIONS_EACH = 4, SESSION_TIME = 600000 /* ms */ };

/* In the order in which they are listed. */
static const struct command *const table[] = {
	&files_command,
	&files_share_command,
	&files_unshare_command,
	&files_delete_command,
	&shared_command,
	&account_command,
	&password_new_command,
	&password_list_command,
	&password_revoke_command,
	&usage_command,
	&find_command,
	&delete_command,
	&purge_command,
	NULL,
};

/* A command that somebody has called and that has not ended. */
struct session {
	struct session *next; /* the one that was called before */
	char id[RANDOM_ID];
	struct arena *arena; /* for `from` */
	struct jid from;     /* full: one client of theirs */
	bool uploads;        /* they may upload here */
	const struct command *command;
	size_t stage; /* the next one */
	struct run run;
	uint64_t touched; /* loop time */
	bool busy;        /* a stage runs */
};

struct commands {
	struct session *sessions;
	size_t count;
};

void run_did(struct run *run, const char *about, const char *readers)
{
	struct deed **end = &run->deeds;

	while (*end)
		end = &(*end)->next;
	*end = arena_alloc(run->arena, sizeof(**end));
	**end = (struct deed){.about = about, .readers = readers};
}

int run_refuse(struct run *run, const char *condition, const char *text)
{
	run->condition = condition;
	run->text = text;
	return -ECANCELED;
}

/* ---- sessions ---- */

static void session_free(struct session *session)
{
	buf_free(&session->run.form);
	arena_free(session->run.arena);
	arena_free(session->arena);
	free(session);
}

static void session_end(struct commands *commands, struct session *session)
{
	struct session **at = &commands->sessions;

	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	commands->count--;
	session_free(session);
}

/* Some of the sessions, how many they are, and the oldest that is not busy. */
struct share {
	size_t count;
	struct session *oldest;
};

static void count_in(struct share *share, struct session *session)
{
	share->count++;
	if (!session->busy)
		share->oldest = session;
}

/* Whether one more may be begun; the oldest ends for it. */
static bool make_room_in(struct commands *commands, struct share *share, size_t most)
{
	if (share->count < most)
		return true;
	if (!share->oldest)
		return false;
	session_end(commands, share->oldest);
	return true;
}

/*
 * Those that are too old end. Who calls a command again and again has forgotten the others. Those who may upload and those who may not have a half
 * of all each: a server of strangers has as many JIDs as it wants, and locks nobody out.
 */
static bool make_room(struct service *service, const char *bare, bool uploads)
{
	struct commands *commands = service->commands;
	struct session *next;
	struct share theirs = {0}, half = {0};
	uint64_t now = loop_now(service->options.loop);

	for (struct session *one = commands->sessions; one; one = next) {
		next = one->next;
		if (!one->busy && now - one->touched > SESSION_TIME) {
			session_end(commands, one);
			continue;
		}
		if (strcmp(one->from.bare, bare) == 0)
			count_in(&theirs, one);
		if (one->uploads == uploads)
			count_in(&half, one);
	}
	if (theirs.count >= SESSIONS_EACH)
		return make_room_in(commands, &theirs, SESSIONS_EACH);
	return make_room_in(commands, &half, SESSIONS_MAX / 2);
}

static struct session *session_begin(
	struct service *service, const struct stanza *stanza, const struct command *command)
{
	struct commands *commands = service->commands;
	bool uploads = right_may_upload(service->options.dav, &stanza->from);
	struct session *session;

	if (!make_room(service, stanza->from.bare, uploads))
		return NULL;
	session = calloc(1, sizeof(*session));
	if (!session)
		abort();
	random_id(session->id);
	session->arena = arena_new();
	session->from = jid_dup(session->arena, &stanza->from);
	session->uploads = uploads;
	session->command = command;
	session->run = (struct run){
		.arena = arena_new(),
		.from = &session->from,
		.dav = service->options.dav,
	};
	session->next = commands->sessions;
	commands->sessions = session;
	commands->count++;
	return session;
}

static struct session *session_find(
	struct service *service, const struct stanza *stanza, const char *id, const char *node)
{
	for (struct session *one = service->commands->sessions; one; one = one->next)
		if (strcmp(one->id, id) == 0 && jid_equal(&one->from, &stanza->from) &&
			strcmp(one->command->node, node) == 0)
			return one;
	return NULL;
}

/* ---- answers ---- */

/* XEP-0050, 4.4 */
static void refuse(struct service *service, const struct stanza *stanza, const char *type,
	const char *condition, const char *specific)
{
	xmpp_refuse(service->options.xmpp, stanza,
		&(struct xmpp_error){type, condition, NULL, specific});
}

static void answer(struct service *service, const struct stanza *stanza,
	const struct session *session, const char *status)
{
	const struct run *run = &session->run;
	bool executing = strcmp(status, "executing") == 0;
	bool last =
		session->stage + 1 >= STAGES || !session->command->stages[session->stage + 1].run;
	const char *next = last ? "complete" : "next";
	struct buf out = {0};

	xml_write(&out, "<command xmlns='" NS_COMMANDS "' node='", session->command->node,
		"' sessionid='", session->id, "' status='", status, "'>", NULL);
	if (executing)
		buf_printf(&out, "<actions execute='%s'><%s/></actions>", next, next);
	buf_append(&out, run->form.data, run->form.len);
	if (run->note)
		xml_write(&out, "<note type='info'>", run->note, "</note>", NULL);
	buf_puts(&out, "</command>");
	xmpp_reply(service->options.xmpp, stanza, &out);
	buf_free(&out);
}

/* ---- stages ---- */

static int run_stage(struct job *job, struct tx *tx)
{
	struct session *session = job->state;
	struct run *run = &session->run;

	arena_reset(run->arena);
	run->form.len = 0;
	run->state = NULL;
	run->note = run->condition = run->text = NULL;
	run->deeds = NULL;
	run->again = run->completed = false;
	return session->command->stages[session->stage].run(run, tx);
}

static void stage_done(struct job *job, int result);

static void run_in_store(struct job *job)
{
	const struct session *session = job->state;

	if (session->command->stages[session->stage].changes)
		job_change(job, run_stage, stage_done);
	else
		job_read(job, run_stage, stage_done);
}

static void log_deeds(const struct session *session)
{
	for (const struct deed *deed = session->run.deeds; deed; deed = deed->next)
		log_event(LOG_AUDIT, "command", "jid", session->from.bare, "node",
			session->command->node, "about", deed->about,
			deed->readers ? "readers" : NULL, deed->readers, NULL);
}

static void stage_done(struct job *job, int result)
{
	struct service *service = job->service;
	struct session *session = job->state;
	struct run *run = &session->run;
	bool ends;

	if (result >= 0 && run->again && !service->closing) {
		run_in_store(job);
		return;
	}
	session->busy = false;
	session->touched = loop_now(service->options.loop);
	if (result == -ECANCELED) {
		xmpp_refuse(service->options.xmpp, &job->stanza,
			&(struct xmpp_error){"modify", run->condition, run->text, NULL});
		ends = session->stage == 0;
	} else if (result < 0) {
		job_refuse(job, result);
		ends = true;
	} else {
		log_deeds(session);
		session->stage++;
		ends = run->completed || session->stage == STAGES ||
		       !session->command->stages[session->stage].run;
		answer(service, &job->stanza, session, ends ? "completed" : "executing");
	}
	/* What waits for its next stage costs little. */
	run->submitted = (struct form){0};
	buf_free(&run->form);
	arena_reset(run->arena);
	if (ends)
		session_end(service->commands, session);
	job_end(job);
}

static void start_stage(
	struct service *service, const struct stanza *stanza, struct session *session)
{
	const struct xml_node *x = xml_child(stanza->payload, NS_DATA, "x");
	struct job *job = job_new(service, stanza);

	if (!job)
		return;
	job->state = session;
	session->busy = true;
	session->run.submitted = (struct form){0};
	if (x)
		session->run.submitted = form_read(job->arena, x);
	run_in_store(job);
}

/* ---- what comes in ---- */

static bool is_for(
	const struct service *service, const struct command *command, const struct jid *from)
{
	return command->for_admins ? service_is_admin(service, from->bare)
				   : jid_has_localpart(from);
}

static const struct command *find(
	const struct service *service, const struct jid *from, const char *node)
{
	for (size_t i = 0; table[i]; i++)
		if (strcmp(table[i]->node, node) == 0 && is_for(service, table[i], from))
			return table[i];
	return NULL;
}

static void begin(struct service *service, const struct stanza *stanza, const char *node)
{
	const struct command *command = find(service, &stanza->from, node);
	struct session *session = command ? session_begin(service, stanza, command) : NULL;

	if (!command)
		refuse(service, stanza, "cancel", "item-not-found", NULL);
	else if (!session)
		refuse(service, stanza, "wait", "resource-constraint", NULL);
	else
		start_stage(service, stanza, session);
}

static void go_on(struct service *service, const struct stanza *stanza, struct session *session,
	const char *action)
{
	static const char *const onwards[] = {"execute", "next", "complete"};

	if (session->busy) {
		refuse(service, stanza, "wait", "unexpected-request", NULL);
		return;
	}
	if (strcmp(action, "cancel") == 0) {
		session->run.note = NULL;
		answer(service, stanza, session, "canceled");
		session_end(service->commands, session);
		return;
	}
	for (size_t i = 0; i < sizeof(onwards) / sizeof(*onwards); i++)
		if (strcmp(action, onwards[i]) == 0) {
			start_stage(service, stanza, session);
			return;
		}
	refuse(service, stanza, "modify", "bad-request",
		strcmp(action, "prev") == 0 ? "<bad-action xmlns='" NS_COMMANDS "'/>"
					    : "<malformed-action xmlns='" NS_COMMANDS "'/>");
}

/* XEP-0050, 3 */
static void take(void *arg, const struct stanza *stanza)
{
	struct service *service = arg;
	const char *node = xml_attribute(stanza->payload, "node"),
		   *action = xml_attribute(stanza->payload, "action"),
		   *id = xml_attribute(stanza->payload, "sessionid");
	struct session *session;

	if (!node) {
		refuse(service, stanza, "modify", "bad-request", NULL);
		return;
	}
	if (!action || !*action)
		action = "execute";
	if (!id && strcmp(action, "execute") == 0) {
		begin(service, stanza, node);
		return;
	}
	session = id ? session_find(service, stanza, id, node) : NULL;
	if (session)
		go_on(service, stanza, session, action);
	else
		refuse(service, stanza, "modify", "bad-request",
			"<bad-sessionid xmlns='" NS_COMMANDS "'/>");
}

/* ---- disco (XEP-0050, 2) ---- */

static void list(struct service *service, const struct stanza *stanza, bool items)
{
	struct buf out = {0};

	buf_printf(&out, "<query xmlns='%s' node='" NS_COMMANDS "'>", stanza->payload->ns);
	if (!items)
		buf_puts(&out,
			"<identity category='automation' type='command-list' name='Missive'/>"
			"<feature var='" NS_COMMANDS "'/>");
	for (size_t i = 0; items && table[i]; i++)
		if (is_for(service, table[i], &stanza->from))
			xml_write(&out, "<item jid='", xmpp_domain(service->options.xmpp),
				"' node='", table[i]->node, "' name='", table[i]->name, "'/>",
				NULL);
	buf_puts(&out, "</query>");
	xmpp_reply(service->options.xmpp, stanza, &out);
	buf_free(&out);
}

static void describe(struct service *service, const struct stanza *stanza,
	const struct command *command, bool items)
{
	struct buf out = {0};

	xml_write(
		&out, "<query xmlns='", stanza->payload->ns, "' node='", command->node, "'>", NULL);
	if (!items)
		xml_write(&out, "<identity category='automation' type='command-node' name='",
			command->name, "'/><feature var='", NS_COMMANDS, "'/><feature var='",
			NS_DATA, "'/>", NULL);
	buf_puts(&out, "</query>");
	xmpp_reply(service->options.xmpp, stanza, &out);
	buf_free(&out);
}

static bool node(void *arg, const struct stanza *stanza, const char *name)
{
	struct service *service = arg;
	bool items = strcmp(stanza->payload->ns, NS_INFO) != 0;
	const struct command *command;

	if (strcmp(name, NS_COMMANDS) == 0) {
		list(service, stanza, items);
		return true;
	}
	command = find(service, &stanza->from, name);
	if (command)
		describe(service, stanza, command, items);
	return command;
}

static void open_commands(struct service *service)
{
	service->commands = calloc(1, sizeof(*service->commands));
	if (!service->commands)
		abort();
}

static void close_commands(struct service *service)
{
	while (service->commands->sessions)
		session_end(service->commands, service->commands->sessions);
	free(service->commands);
}

static const struct xmpp_query queries[] = {
	{"set", NS_COMMANDS, "command", take},
	{NULL, NULL, NULL, NULL},
};
static const char *const features[] = {NS_COMMANDS, NULL};

const struct offer commands_offer = {
	.extension = {.queries = queries, .features = features, .node = node},
	.open = open_commands,
	.close = close_commands,
};
