/* What the files of this room share. */
#pragma once

#include "base/digest.h"
#include "base/siphash.h"
#include "base/tally.h"
#include "store/tx.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PASSWORD_USE_TIME = 60000 /* ms within which a use is kept once */ };
enum { INLINE_MAX = 64 << 10 }; /* bytes of content that are kept in the database */

/* Counted by the committer alone. */
struct commit_tally {
	_Atomic uint64_t changes, failed;
	struct histogram batches, commits;
};

struct store {
	struct store_options options;
	_Atomic uint64_t keep_free;
	char *database; /* path */
	int directory, blobs, lock;
	pthread_key_t own;            /* a thread's connection */
	_Atomic(struct tx *) readers; /* all of them */
	int64_t start; /* how often the store was opened: blobs of this start begin with it */
	bool counted;  /* the committer's: this start is, on disk; no change is made before */
	char opening[RANDOM_ID];
	struct stamps *stamps;
	unsigned char secret[STORE_SECRET];
	struct rates *used; /* app passwords whose use was kept within the minute */

	pthread_t committer;
	struct loop *loop; /* the committer's */
	struct mailbox *changes;
	struct timer *ticking, *due;
	int64_t next_due; /* when something goes next, or somebody is to be told that it will; INT64_MAX: never */
	bool due_failed;         /* the last time */
	struct tx *writer;       /* the committer's connection */
	struct tx *checkpointer; /* the pool's, while `checkpointing` */
	bool checkpointing;
	int log_pages;   /* in SQLite's log */
	int moved_pages; /* when what was in it was last moved to the database */
	struct commit_tally *tally;
	bool stopping;                      /* the committer's: nothing more is queued by itself */
	int64_t last_resource, last_change; /* numbers given out, the committer's alone */
	/* Names of blobs, each with its NUL: to be removed next, and being removed now. */
	struct buf doomed, unlinked;
	atomic_bool unlinking, leaving;

	/* Who was sent what and is not on disk yet (fetch.c). */
	struct siphash_key told_key;
	struct mailbox *facts, *recorded;
	atomic_uint fact_count;
	struct recording *recording; /* the next one */
	bool records;                /* one is under way */
	struct timer *record_soon;

	atomic_uint noticed; /* grows when something that is to be told was committed */

	pthread_t sweeper;
	atomic_bool sweeping; /* false: stop */
};

/* Counts this start; the committer's, once it runs. 0 or negative errno. */
int store_count_start(struct store *store);

int committer_start(struct store *store);
void committer_stop(struct store *store);

/* Behind the writer's opening. 0, or negative errno with the reason. */
int checkpoint_open(struct store *store, char *error, size_t size);

/* Behind a batch and its answers. */
void checkpoint_after(struct store *store);

/* Looks for blobs of earlier starts that nothing names, on a thread of its own. */
int sweep_start(struct store *store);
void sweep_stop(struct store *store);

/*
 * Removes at most `most` rows of what was deleted. 1: there is more; 0: nothing is left; negative errno.
 */
int reap(struct tx *tx, int most);

/*
 * A row as resource_take() reads it, of the table resource as r: the last column first, so that SQLite reads the head of a record in one go.
 * arena NULL: as below.
 */
#define RESOURCE_COLUMNS                                                                           \
	"r.expires, r.link, r.stored, r.change, r.modified, r.created, r.displayname,"             \
	" r.content_type, r.length, r.content, r.has_properties, r.has_list, r.owner,"             \
	" r.collection, r.spelling, r.id, r.name, r.parent"
enum { RESOURCE_VALUES = 18 };
void resource_take(struct arena *arena, sqlite3_stmt *row, struct resource *out);

/* The same of values. arena NULL: texts are SQLite's, and live as long as it stands on the row. */
void resource_read(struct arena *arena, sqlite3_value **row, struct resource *out);

/* Whether it was to go before this transaction began: then it is not there. */
bool resource_is_due(const struct tx *tx, const struct resource *resource);

/* As resource_copy() does, from malloc(); how many bytes. */
struct resource *resource_copy_heap(const struct resource *resource, size_t *size);

/* What store_members() and store_copy_members() need on a connection. A result of SQLite's. */
int members_open(struct tx *tx);
int copies_open(struct tx *tx);

/* Columns 0 and 1: a bare JID, and a resourcepart or ''. */
void jid_take(struct arena *arena, sqlite3_stmt *row, struct jid *jid);

/* A resource's row and what hangs on it; its content when nothing else names it. */
int resource_remove(struct tx *tx, int64_t id, int64_t content);

/* Bytes of the disk above keep-free. 0 or negative errno. */
int room_of(const struct store *store, uint64_t *bytes);

/* Milliseconds since the epoch. */
int64_t store_now(void);

/* Removes the locks on a resource and below it. */
int locks_drop(struct tx *tx, const struct resource *resource);

/* A file was made, or has got new content (1: its row may say another time now), or is gone: what that means for its keeping. */
int retention_begin(struct tx *tx, int64_t resource);
int retention_renew(struct tx *tx, int64_t resource);
int retention_drop(struct tx *tx, int64_t resource);

/*
 * Somebody has been sent all of a file; or the list of a resource, or its place, is another, which matters to the files of `once` that
 * inherit it. anew: who had it before counts, but from now.
 */
int once_count(struct tx *tx, int64_t resource, bool anew);
int once_count_below(struct tx *tx, int64_t resource, bool anew);

/* Removes what is due and has this name, so that it is free. */
int due_clear(struct tx *tx, int64_t parent, const char *name);

/* Removes what is due and makes notices of what will be, at most `most` of each. How many of both, or negative errno. */
int due_run(struct tx *tx, int most);

/* When something is due next; INT64_MAX: never. 0 or negative errno. */
int due_next(struct tx *tx, int64_t *next);

/* To be told to the owner of this resource; nothing when it is nowhere any more. */
int notice_make(struct tx *tx, int64_t resource, const char *kind, const char *who, int64_t time);

/*
 * Before the committer's thread starts; behind its end, hands over what is not on disk yet, before the changes' mailbox is closed; and
 * after that.
 */
void fetches_open(struct store *store);
void fetches_flush(struct store *store);
void fetches_close(struct store *store);

/* Counts as a change of the resource. */
int resource_touch(struct tx *tx, int64_t id);

/* A new row of content for what was uploaded (NULL: nothing); its number, or negative errno. */
int64_t content_make(struct tx *tx, const struct upload *upload);

/* When no resource names it: its row goes now, its blob with the COMMIT. */
int content_release(struct tx *tx, int64_t content);

/* Runs a statement that returns names of blobs, or NULL: they go with the COMMIT. */
int blobs_doom(struct tx *tx, sqlite3_stmt *statement);

/* Removes uploads in parts that nobody has gone on with for a day, some at a time. 1: there may be more; 0: no; negative errno. */
int partials_expire(struct tx *tx);

/* Removes slots that nobody can be filling any more. As above. */
int slots_expire(struct tx *tx);

/* Removes app passwords that have expired, some at a time. As above. */
int passwords_expire(struct tx *tx);

/* Forgets deletions that lie long back, some at a time; counter.forgotten says up to which. As above. */
int tombstones_expire(struct tx *tx);

/* Those of the members of a collection that is gone itself. */
int tombstones_drop(struct tx *tx, int64_t collection);

/* "ab/NAME" within the directory of blobs. */
enum { BLOB_PATH = 64 };
void blob_path(char out[BLOB_PATH], const char *name);
int blob_directories_make(int blobs);

/* What content_make() needs of an upload: the name of its blob, or NULL with its bytes. */
const char *upload_blob(const struct upload *upload);
const struct buf *upload_bytes(const struct upload *upload);
