/*
 * The one thread that changes the database: takes all changes that are queued, runs them in one transaction, commits
 * once and then lets the answers go.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "store/blobs.h"
#include "store/inside.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	REAPED_AT_ONCE = 500,
	TICK = 600000,       /* milliseconds, as all below */
	DUE_AT_ONCE = 500,   /* files */
	DUE_BREAK = 50,      /* between those and the next */
	DUE_AGAIN = 5000,    /* after it has failed */
	DUE_AT_MOST = 60000, /* clocks are set, and timers do not know it */
};

/* Numbers that were given out stay given out: a batch that failed leaves gaps. */
static int save_numbers(struct tx *tx)
{
	return sql_run(tx, "UPDATE counter SET resource = ?1, change = ?2", "ii",
		tx->store->last_resource, tx->store->last_change);
}

static bool is_leaving(const struct store *store)
{
	return atomic_load(&store->leaving);
}

/* On the pool. While a backup is made it waits. A name that cannot be removed, or not before the end, is left to the next start's sweep. */
static void unlink_doomed(void *arg)
{
	struct store *store = arg;
	const char *end = store->unlinked.data + store->unlinked.len;
	int gate = gate_enter(store, is_leaving);
	char path[BLOB_PATH];

	if (gate < 0) {
		log_event(LOG_WARNING, "blobs-left", "reason", strerror(-gate), NULL);
		return;
	}

	for (const char *name = store->unlinked.data; name < end && !atomic_load(&store->leaving);
		name += strlen(name) + 1) {
		blob_path(path, name);
		if (unlinkat(store->blobs, path, 0) < 0)
			log_event(LOG_WARNING, "blob-left", "reason", strerror(errno), NULL);
	}
	close(gate);
}

static void unlink_next(void *arg)
{
	struct store *store = arg;

	buf_free(&store->unlinked);
	store->unlinked = store->doomed;
	store->doomed = (struct buf){0};
	atomic_store(&store->unlinking, store->unlinked.len > 0);
	if (store->unlinked.len > 0)
		loop_work(store->loop, unlink_doomed, unlink_next, store);
}

/* What is over with the transaction. Freeing the blocks of large files takes seconds: nobody waits for it, and one thread is enough. */
static void unlink_later(struct tx *tx)
{
	struct store *store = tx->store;

	buf_append(&store->doomed, tx->doomed.data, tx->doomed.len);
	if (store->doomed.len > 0 && !atomic_load(&store->unlinking))
		unlink_next(store);
}

static void roll_back(struct tx *tx)
{
	if (!sqlite3_get_autocommit(tx->db))
		tx_begin(tx, "ROLLBACK");
	cache_undone(tx);
}

enum ran {
	RAN,
	RAN_HALF, /* a change has failed behind its first write, which cannot be undone alone */
	RAN_LOST, /* SQLite has rolled the whole transaction back */
};

/* One change: in a savepoint when it is to be undone alone. */
static enum ran run_one(struct tx *tx, struct store_change *change, bool alone)
{
	int64_t written = sqlite3_total_changes64(tx->db);
	size_t doomed = tx->doomed.len;
	bool deleted = tx->deleted;
	int error = 0;

	tx->seen_count = 0;
	change->uncertain = false;
	change->result = alone ? tx_begin(tx, "SAVEPOINT change") : 0;
	if (change->result == 0)
		change->result = change->run(tx, change);
	if (sqlite3_get_autocommit(tx->db))
		return RAN_LOST;
	if (change->result < 0) {
		if (!alone && sqlite3_total_changes64(tx->db) != written)
			return RAN_HALF;
		if (alone) {
			error = tx_begin(tx, "ROLLBACK TO change");
			cache_undone(tx);
		}
		tx->doomed.len = doomed;
		tx->deleted = deleted;
	}
	if (alone && error == 0)
		error = tx_begin(tx, "RELEASE change");
	return error == 0 && !sqlite3_get_autocommit(tx->db) ? RAN : RAN_LOST;
}

/*
 * 0, or an errno; uncertain: the database may be found committed after a crash. A disk that was full had no room for the
 * frame that commits.
 */
static int commit(struct tx *tx, bool *uncertain)
{
	int error = save_numbers(tx);

	*uncertain = false;
	if (error == 0) {
		uint64_t began = clock_fine();

		error = tx_begin(tx, "COMMIT");
		histogram_add(&tx->store->tally->commits, &bounds_time, clock_fine() - began);
		*uncertain = error < 0 && error != -ENOSPC;
	}
	if (error < 0)
		roll_back(tx);
	else
		unlink_later(tx);
	if (error == 0 && tx->noticed)
		atomic_fetch_add(&tx->store->noticed, 1);
	tx->noticed = false;
	return error;
}

/*
 * Nothing of these changes happened. Who was refused before any of them had changed something keeps that answer; whoever came later may have
 * been refused for what is not so: a DELETE behind another one of the same file, which is still there.
 */
static void fail(struct message *at, const struct message *end, int error, bool uncertain)
{
	bool changed = false;

	for (; at != end; at = at->next) {
		struct store_change *change = (struct store_change *)at;

		changed |= change->result >= 0;
		if (changed) {
			change->uncertain = uncertain && change->result >= 0;
			change->result = error;
		}
	}
}

static void count(struct commit_tally *tally, const struct message *at, const struct message *end,
	bool committed)
{
	uint64_t changes = 0;

	for (; at != end; at = at->next)
		changes++;
	tally_add(&tally->changes, changes);
	if (committed)
		histogram_add(&tally->batches, &bounds_count, changes);
	else
		tally_add(&tally->failed, changes);
}

/* Runs the changes from `list` to `end` in one transaction. Unless it RAN, nothing of it happened. */
static enum ran run_together(
	struct tx *tx, struct message *list, const struct message *end, bool alone)
{
	struct message *at = list;
	int error = tx_begin(tx, "BEGIN IMMEDIATE");
	bool uncertain = false;
	enum ran ran = RAN;

	tx->doomed.len = 0;
	tx->now = store_now();
	stamps_begin(tx->store->stamps);
	if (error == 0)
		cache_begin(tx);
	for (; error == 0 && ran == RAN && at != end; at = at->next)
		ran = run_one(tx, (struct store_change *)at, alone);
	tx->glance = false;
	if (ran != RAN)
		roll_back(tx);
	else if (error == 0)
		error = commit(tx, &uncertain);
	stamps_settle(tx->store->stamps);
	if (ran == RAN)
		count(tx->store->tally, list, end, error == 0);
	if (error < 0)
		fail(list, end, error, uncertain);
	return ran;
}

/* The whole transaction was lost in the middle; each gets one of its own, and what fails again has failed. */
static void run_each(struct tx *tx, struct message *list)
{
	for (; list; list = list->next) {
		struct store_change *change = (struct store_change *)list;

		if (run_together(tx, list, list->next, true) != RAN && change->result >= 0)
			change->result = -EIO;
	}
}

static int reap_some(struct tx *tx, struct store_change *change)
{
	int more = reap(tx, REAPED_AT_ONCE);

	if (more > 0)
		tx->deleted = true;
	return more < 0 ? more : 0;
}

/* Few changes fail once they have written: savepoints, which copy each page that is written, are for the second try. */
static void run_all(struct tx *tx, struct message *list)
{
	bool deleted = tx->deleted;
	enum ran ran = run_together(tx, list, NULL, false);

	if (ran == RAN_HALF) {
		tx->deleted = deleted;
		ran = run_together(tx, list, NULL, true);
	}
	if (ran == RAN_LOST)
		run_each(tx, list);
}

/* A change of the store's own: nobody waits for it. */
static void change_later(
	struct store *store, int (*run)(struct tx *tx, struct store_change *change))
{
	struct store_change *change = calloc(1, sizeof(*change));

	if (!change)
		abort();
	change->run = run;
	mailbox_post(store->changes, &change->message);
}

/* Between batches, so that nobody waits behind a large tree. */
static void reap_later(struct store *store)
{
	change_later(store, reap_some);
}

static int expire(struct tx *tx, struct store_change *change)
{
	static int (*const some[])(struct tx * tx) = {
		partials_expire, passwords_expire, slots_expire, tombstones_expire};
	int more = 0;

	for (size_t i = 0; more >= 0 && i < sizeof(some) / sizeof(*some); i++) {
		more = some[i](tx);
		if (more > 0)
			tx->expired = true;
	}
	return more < 0 ? more : 0;
}

/* Now and then, what was kept for some time only goes, and so does what was deleted when the disk was too full to go on with it. */
static void tick(void *arg)
{
	struct store *store = arg;

	change_later(store, expire);
	reap_later(store);
	timer_start(store->ticking, TICK);
}

static int run_due(struct tx *tx, struct store_change *change)
{
	return due_run(tx, DUE_AT_ONCE);
}

static void look_for_due(void *arg)
{
	change_later(arg, run_due);
}

/* So that what goes is gone on time; that it cannot be read any more does not wait for it. */
static void time_due(struct store *store)
{
	int64_t wait;

	if (due_next(store->writer, &store->next_due) < 0)
		store->next_due = 0;
	wait = store->next_due - store_now();
	if (store->due_failed)
		wait = DUE_AGAIN;
	else if (wait < DUE_BREAK)
		wait = DUE_BREAK;
	if (store->next_due < INT64_MAX)
		timer_start(store->due, (uint64_t)(wait < DUE_AT_MOST ? wait : DUE_AT_MOST));
	else
		timer_stop(store->due);
}

/* What became of the removing of what was due, if it was among the changes. */
static void note_due(struct store *store, const struct message *list)
{
	for (; list; list = list->next) {
		const struct store_change *change = (const struct store_change *)list;

		if (change->run != run_due)
			continue;
		store->due_failed = change->result < 0;
		store->writer->retimed = true;
		if (change->result > 0)
			log_event(LOG_INFO, "expired", "files", log_number(change->result), NULL);
	}
}

static int stop(struct tx *tx, struct store_change *change)
{
	tx->store->stopping = true;
	loop_stop(tx->store->loop);
	return 0;
}

static void let_go(struct message *list)
{
	while (list) {
		struct store_change *change = (struct store_change *)list;

		list = list->next;
		if (change->reply)
			mailbox_post(change->reply, &change->message);
		else
			free(change);
	}
}

/* Without a start that is counted numbers could be given out again that a lost state has had: nothing changes but that we end. */
static void refuse_all(struct tx *tx, struct message *list, int error)
{
	fail(list, NULL, error, false);
	for (; list; list = list->next) {
		struct store_change *change = (struct store_change *)list;

		if (change->run == stop)
			change->result = stop(tx, change);
	}
}

static void take(void *arg, struct message *list)
{
	struct store *store = arg;
	struct tx *tx = store->writer;
	/* Nothing was reaped before the start was counted. */
	bool more = !store->counted, expired;
	int error = store->counted ? 0 : store_count_start(store);

	tx->deleted = tx->expired = tx->retimed = false;
	if (error < 0)
		refuse_all(tx, list, error);
	else
		run_all(tx, list);
	note_due(store, list);
	more = (more && store->counted) || tx->deleted;
	expired = tx->expired;
	let_go(list);
	checkpoint_after(store);
	if (tx->retimed && !store->stopping)
		time_due(store);
	if (more && !store->stopping)
		reap_later(store);
	if (expired && !store->stopping)
		change_later(store, expire);
}

static void *commit_all(void *arg)
{
	struct store *store = arg;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	loop_run(store->loop);
	return NULL;
}

int committer_start(struct store *store)
{
	int error = loop_open(&store->loop);

	if (error < 0)
		return error;
	store->changes = mailbox_open(store->loop, take, store);
	store->ticking = timer_open(store->loop, tick, store);
	store->due = timer_open(store->loop, look_for_due, store);
	fetches_open(store);
	tick(store);
	look_for_due(store);
	return -pthread_create(&store->committer, NULL, commit_all, store);
}

void committer_stop(struct store *store)
{
	struct store_change *last = calloc(1, sizeof(*last));

	if (!last)
		abort();
	last->run = stop;
	atomic_store(&store->leaving, true);
	mailbox_post(store->changes, &last->message);
	pthread_join(store->committer, NULL);
	fetches_flush(store);
	mailbox_close(store->changes);
	fetches_close(store);
	timer_close(store->ticking);
	timer_close(store->due);
	loop_close(store->loop);
}

void store_submit(struct store *store, struct store_change *change)
{
	assert(change->reply);
	mailbox_post(store->changes, &change->message);
}
