#include "alive.h"

#include "base/loop.h"
#include "base/mailbox.h"
#include "base/supervisor.h"
#include "http/http.h"
#include "store/store.h"

#include <stdlib.h>

struct alive {
	struct http *http;
	struct store *store;
	uint64_t interval;
	struct timer *timer;
	struct mailbox *answers;
	unsigned missing;
};

static int nothing(struct tx *tx, struct store_change *change)
{
	return 0;
}

/* The committer says that it commits, and the loops that they turn. */
static void ask(void *arg)
{
	struct alive *alive = arg;
	struct store_change *change = calloc(1, sizeof(*change));

	if (!change)
		abort();
	change->run = nothing;
	change->reply = alive->answers;
	alive->missing = 1 + http_ask(alive->http, alive->answers);
	store_submit(alive->store, change);
}

/* Who has not answered is waited for, and nobody is asked or told before. */
static void answered(void *arg, struct message *list)
{
	struct alive *alive = arg;

	while (list) {
		struct message *answer = list;

		list = list->next;
		free(answer);
		alive->missing--;
	}
	if (alive->missing > 0)
		return;
	supervisor_tell("WATCHDOG=1");
	timer_start(alive->timer, alive->interval);
}

struct alive *alive_open(
	struct loop *loop, struct http *http, struct store *store, uint64_t milliseconds)
{
	struct alive *alive = calloc(1, sizeof(*alive));

	if (!alive)
		abort();
	alive->http = http;
	alive->store = store;
	alive->interval = milliseconds / 2;
	alive->timer = timer_open(loop, ask, alive);
	alive->answers = mailbox_open(loop, answered, alive);
	timer_start(alive->timer, alive->interval);
	return alive;
}

void alive_close(struct alive *alive)
{
	if (!alive)
		return;
	/* What still lies there is the end of a question. */
	mailbox_close(alive->answers);
	timer_close(alive->timer);
	free(alive);
}
