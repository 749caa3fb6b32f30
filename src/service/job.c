#include "service/job.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "dav/request.h"
#include "service/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_MAX = 1024 };

struct job *job_new(struct service *service, const struct stanza *stanza)
{
	struct job *job;

	if (stanza && (service->closing || service->jobs >= JOBS_MAX)) {
		xmpp_reply_error(service->options.xmpp, stanza, "wait", "resource-constraint");
		return NULL;
	}
	job = calloc(1, sizeof(*job));
	if (!job)
		abort();
	job->service = service;
	job->dav = service->options.dav;
	job->arena = arena_new();
	if (stanza)
		job->stanza = (struct stanza){
			.kind = stanza->kind,
			.type = arena_strdup(job->arena, stanza->type),
			.id = arena_strdup(job->arena, stanza->id),
			.from = jid_dup(job->arena, &stanza->from),
			.arena = job->arena,
		};
	service->jobs++;
	return job;
}

void job_end(struct job *job)
{
	struct service *service = job->service;

	arena_free(job->arena);
	free(job);
	service->jobs--;
	if (service->closing && service->jobs == 0)
		loop_stop(service->options.loop);
}

static void read_on_pool(void *arg)
{
	struct job *job = arg;
	struct tx *tx;

	job->result = store_read_begin(job->dav->store, &tx);
	if (job->result < 0)
		return;
	job->result = job->run(job, tx);
	store_read_end(tx);
}

static void read_done(void *arg)
{
	struct job *job = arg;

	job->done(job, job->result);
}

void job_read(struct job *job, int (*run)(struct job *job, struct tx *tx),
	void (*done)(struct job *job, int result))
{
	job->run = run;
	job->done = done;
	loop_work(job->service->options.loop, read_on_pool, read_done, job);
}

static int change_run(struct tx *tx, struct store_change *change)
{
	struct job *job = (struct job *)change;

	return job->run(job, tx);
}

void job_change(struct job *job, int (*run)(struct job *job, struct tx *tx),
	void (*done)(struct job *job, int result))
{
	job->run = run;
	job->done = done;
	job->change = (struct store_change){.run = change_run, .reply = job->service->changes};
	store_submit(job->dav->store, &job->change);
}

void jobs_changed(void *arg, struct message *list)
{
	while (list) {
		struct job *job = (struct job *)list;

		list = list->next;
		job->done(job, job->change.result);
	}
}

void job_refuse(struct job *job, int error)
{
	static const struct {
		int error;
		struct xmpp_error refusal;
	} known[] = {
		{-ENOENT, {"cancel", "item-not-found", NULL, NULL}},
		{-EACCES, {"auth", "forbidden", NULL, NULL}},
		{-EDQUOT, {"wait", "resource-constraint", "Your quota is used up.", NULL}},
		{-ENOSPC, {"wait", "resource-constraint", "The disk is full.", NULL}},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].error == error) {
			xmpp_refuse(job->service->options.xmpp, &job->stanza, &known[i].refusal);
			return;
		}
	log_event(LOG_ERROR, "job-failed", "from", job->stanza.from.bare, "reason",
		strerror(-error), NULL);
	xmpp_reply_error(job->service->options.xmpp, &job->stanza, "wait", "internal-server-error");
}
