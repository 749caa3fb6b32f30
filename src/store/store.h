/*
 * The store: resources, their properties, their jidlists and their content. The only face of this room; it speaks of
 * WebDAV's things and not of SQL, so that another machine's database can stand behind it. What content is stands in content.h.
 *
 * Reads run in a read transaction of the calling thread. Changes run on one thread, the committer, which takes all
 * that are queued, runs them in one transaction, commits once and only then lets the answers go; a change that fails leaves nothing.
 *
 * Errors: 0 or negative errno everywhere. -ENOENT: no such thing; -EEXIST: the name is taken; -ENOSPC: disk or quota full;
 * -ESTALE: the content went away since, look again; -EIO and all others: the store cannot answer now (503).
 */
#pragma once

#include "base/jid.h"
#include "base/mailbox.h"
#include "base/uri.h"
#include "store/content.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct loop;
struct identity;
struct store;
struct tx;

struct store_options {
	const char *path;   /* a directory, created (0700) when it is not there */
	uint64_t keep_free; /* bytes of the disk that uploads may not touch */
	uint64_t properties,
		properties_size; /* dead ones of a resource, how many and how many bytes */
	bool may_block;          /* reads count as blocking: callers take them to a pool thread */
	/* Milliseconds. */
	uint64_t
		expires; /* files that are made go after that, unless somebody says otherwise; 0: never */
	uint64_t once_kept;     /* how long a file of `once` is kept when all have it */
	uint64_t expiry_notice; /* how long before a file goes its owner is told; 0: not at all */
};

/*
 * Makes the store's directory, if it is not there. `owner`: who will open it, which it is given to; one that is there must belong to
 * whom the process becomes. 0, or negative errno with the reason for a person.
 */
int store_make(const char *path, const struct identity *owner, char *error, size_t size);

/* -EBUSY: another daemon has it. The reason, for a person, goes into error. Starts the committer and the sweep of orphans. */
int store_open(struct store **store, const struct store_options *options, char *error, size_t size);

/* All that was submitted has been answered before. */
void store_close(struct store *store);
bool store_may_block(const struct store *store);

/* keep_free and how long files are kept are these from now on; the rest of the options stays. From any thread. */
void store_use(struct store *store, const struct store_options *options);

/* Random bytes that stay the same for the life of the store, for keys that must outlive a restart. */
enum { STORE_SECRET = 32 };
const unsigned char *store_secret(const struct store *store);

/* Whether it can be read from now: 0, or why not. */
int store_check(struct store *store);

/*
 * A read transaction on the calling thread's own connection. It must not outlive this turn of the loop, and one thread has
 * one at a time.
 */
int store_read_begin(struct store *store, struct tx **tx);
void store_read_end(struct tx *tx);

/*
 * The same, but what was read a moment ago may be taken from memory, where it is only if nothing has changed it since; it ends with
 * store_read_end(). store_glance_holds(): whether all that it has found is of one state of the store, as it is in a transaction; else it was
 * changed meanwhile, and what matters must be looked up again.
 */
int store_glance_begin(struct store *store, struct tx **tx);
bool store_glance_holds(const struct tx *tx);

/*
 * A change. `run` runs on the committer; a negative result undoes all that it did. It may be run twice, so it touches
 * nothing but the store and fields that it sets anew. When it is on disk, or has failed, `result` is set (what `run` said, or the
 * errno of the COMMIT) and the change is posted to `reply`.
 */
struct store_change {
	struct message message;
	int (*run)(struct tx *tx, struct store_change *change);
	struct mailbox *reply;
	int result;
	bool uncertain; /* the COMMIT failed: whether it is on disk will be seen at the next start */
};
void store_submit(struct store *store, struct store_change *change);

/* ---- resources ---- */

enum { STORE_ROOT = 1 };

struct resource {
	int64_t id;
	int64_t parent;       /* 0: the root's */
	const char *name;     /* in NFC */
	const char *spelling; /* as its creator wrote it */
	bool collection;
	const char *owner; /* a bare JID; "" for the root */
	bool has_list;     /* it has a jidlist of its own, be it empty */
	bool has_properties;
	bool link; /* who has the URL may read it: a file that came through a slot, as it came */
	int64_t content; /* 0 for collections; what the ETag is made from: new content, new number, for ever */
	uint64_t length;           /* bytes */
	const char *content_type;  /* as the uploader said it, checked; NULL when not said */
	const char *displayname;   /* NULL: none */
	int64_t created, modified; /* milliseconds since the epoch */
	int64_t stored; /* not 0: a client has told `modified`, and this is when it was changed last */
	int64_t change; /* grows with every change of the store */
	int64_t expires; /* when it goes, milliseconds since the epoch; 0: never. From then on nothing finds it. */
};

/* What stands along a path, from the root downwards, as far as it exists. */
struct walk {
	const struct path *path;
	struct resource *chain; /* chain[0] is the root */
	size_t count;           /* of chain; path->depth + 1 when the resource exists */
};

/* The path of what a walk ends at, as its creators spelled it, encoded; a collection's with a slash at its end. */
void walk_href(struct buf *out, const struct walk *walk);

/* Always 0 when the store answers, also when nothing is there. */
int store_walk(struct tx *tx, struct arena *arena, const struct path *path, struct walk *walk);

/*
 * Members of a collection in the order of their names, those behind `after` (NULL: from the start), at most `most`: `each` is called with one
 * after the other. What is in a member lives until it returns; it may read from the store, but tell no other members. What it returns, when
 * that is not 0, ends the telling and is returned. 0 when all were told.
 */
int store_members(struct tx *tx, int64_t collection, const char *after, size_t most,
	int (*each)(void *arg, const struct resource *member), void *arg);

/* A member, to be kept beyond `each`. */
struct resource *resource_copy(struct arena *arena, const struct resource *member);

/* The same of the root's members that this JID owns, or that have a jidlist of their own which names it; each once. */
int store_root_members(struct tx *tx, const struct jid *jid, const char *after, size_t most,
	int (*each)(void *arg, const struct resource *member), void *arg);

/* The root's members that somebody else owns and whose own jidlist names this JID; same order, at most `most`. */
int store_root_shared(struct tx *tx, struct arena *arena, const struct jid *jid, size_t most,
	struct resource **members, size_t *count);

/* The root's members that this JID owns, in the order of their names. */
int store_root_owned(struct tx *tx, struct arena *arena, const char *owner, const char *after,
	size_t most, struct resource **members, size_t *count);

/* The way from the root down to a resource, whatever its path is called; count is 0 when it is nowhere any more. `path` stays NULL. */
int store_chain(struct tx *tx, struct arena *arena, int64_t resource, struct walk *walk);

/* A member of a collection that is new or changed, or (`gone`) the name that was there: then `resource` has name and spelling. */
struct changed {
	struct resource resource;
	bool gone;
};

/*
 * What happened to members of a collection behind the change `after` and up to the change `last`, in the order of changes, at most
 * `most`; a member once, as it is now. Those changed once more behind `last` are left to the next time.
 */
int store_changed(struct tx *tx, struct arena *arena, int64_t collection, int64_t after,
	int64_t last, size_t most, struct changed **changed, size_t *count);

/* The last change of the store; and the last of those of which deletions are no longer known. */
int store_changes(struct tx *tx, int64_t *last, int64_t *forgotten);

/* The name of this opening of the store, for those who are told of changes. */
const char *store_opening(const struct tx *tx);

/*
 * 1: who was told of this change by the opening of that name has seen nothing but what still holds; 0: the store was put back to an
 * older state since.
 */
int store_holds(struct tx *tx, const char *opening, int64_t change);

/*
 * Changes below work only inside a change's `run`. New resources inherit: they have no list, no properties.
 */
int store_make_collection(struct tx *tx, int64_t parent, const struct segment *segment,
	const char *owner, struct resource *made, struct arena *arena);

struct upload;

/* The upload must have been finished; NULL: an empty file. -EEXIST. */
int store_make_file(struct tx *tx, int64_t parent, const struct segment *segment, const char *owner,
	const char *content_type, struct upload *upload, struct resource *made,
	struct arena *arena);

/* New content for an existing file; list, properties, displayname and creation date stay. */
int store_replace_content(struct tx *tx, const struct resource *resource, const char *content_type,
	struct upload *upload, struct resource *made, struct arena *arena);

/* To another place, with its list, its properties and everything below it: one row changes; locks are left behind (RFC 4918, 7.6). -EEXIST. Not into what is below it. */
int store_move(struct tx *tx, const struct resource *resource, int64_t parent,
	const struct segment *segment);

/* One resource, without what is below it. Content is shared, properties come along, the list does not. -EEXIST. */
int store_copy(struct tx *tx, struct arena *arena, const struct resource *resource, int64_t parent,
	const struct segment *segment, const char *owner, struct resource *made);

/*
 * The same of the members of `from` whose names are behind `after`, up to `last`, into another collection, in which nothing has such
 * a name.
 */
int store_copy_members(struct tx *tx, int64_t from, int64_t to, const char *after, const char *last,
	const char *owner);

/* The id of a member that is there; -ENOENT. */
int store_member_id(struct tx *tx, int64_t collection, const char *name, int64_t *id);

/*
 * From a file that was made in this change through a slot a link: it is one until its content, its place or its list changes, and
 * never again. store_link_end() ends it otherwise.
 */
int store_link_make(struct tx *tx, struct resource *made);
int store_link_end(struct tx *tx, int64_t resource);

/* 1: the root's member of this name (in NFC) is a link, or was a moment ago; 0: it is none. It takes the same time for all that are none. */
int store_link(struct tx *tx, const char *name);

/* What is told as the time of the last modification; milliseconds since the epoch. */
int store_modified_set(struct tx *tx, int64_t resource, int64_t modified);

/* With everything below it: gone with the COMMIT, reclaimed afterwards. Not the root. */
int store_delete(struct tx *tx, const struct resource *resource);

/* ---- what accounts use ---- */

/* All that an account owns, and what has come of its uploads in parts. What was deleted counts until it has been reaped. */
struct usage {
	uint64_t bytes, resources;
};
int store_usage(struct tx *tx, const char *owner, struct usage *usage);

struct account_usage {
	const char *owner;
	struct usage usage;
};
/* The accounts that use most bytes, the greediest first, at most `most`. Looks at all accounts. */
int store_usages(struct tx *tx, struct arena *arena, size_t most, struct account_usage **usages,
	size_t *count);

/* Bytes of the disk that uploads may still take: keep-free is left over. */
int store_room(struct tx *tx, uint64_t *bytes);

/* ---- uploads in parts ---- */

/* One for an owner, a path (as text, any form that names one place) and a total length. It is kept for a day after its last part. */
struct partial {
	uint64_t received; /* its first bytes that are on disk */
	const char *blob;
};

/* 1 with it; 0: there is none; negative errno. */
int store_partial(struct tx *tx, struct arena *arena, const char *owner, const char *path,
	uint64_t total, struct partial *partial);

/* A finished upload made it longer, or began it (`from` 0). -ESTALE: `from` is not where it ends. */
int store_partial_grow(struct tx *tx, const char *owner, const char *path, uint64_t total,
	uint64_t from, const struct upload *upload);

/* The finished upload was its last part: the content is the caller's to name in this transaction. -ESTALE as above. */
int store_partial_end(struct tx *tx, const char *owner, const char *path, uint64_t total,
	uint64_t from, const struct upload *upload);

/* Those of a path go, whatever their total length. */
int store_partial_drop(struct tx *tx, const char *owner, const char *path);

/* All of an owner's go. */
int store_partials_remove(struct tx *tx, const char *owner);

/* ---- jidlists ---- */

/* 1: the list of this resource names the JID, as DESIGN 2 has it (bare entry: every resource; full: that one); 0: it does not. */
int store_list_names(struct tx *tx, int64_t resource, const struct jid *jid);

enum { STORE_LIST_MAX = 1000 /* entries that the owner of a resource may give it */ };

/* In the order in which they were set. */
int store_list(
	struct tx *tx, struct arena *arena, int64_t resource, struct jid **jids, size_t *count);

/* The whole list anew; count 0 closes the resource. */
int store_list_set(struct tx *tx, int64_t resource, const struct jid *jids, size_t count);

/* From now on it inherits. 0 also when there was none. */
int store_list_remove(struct tx *tx, int64_t resource);

/* ---- how long files are kept ---- */

/* Of a file. Times in milliseconds since the epoch. */
struct retention {
	int64_t latest; /* it may not be kept longer, whatever is set; 0: no such limit */
	bool once; /* it goes when all that its nearest list names have been sent the present content, and a while has passed */
	bool tells; /* its owner is told over XMPP when somebody has fetched it */
};
int store_retention(struct tx *tx, int64_t resource, struct retention *out);

/*
 * In a change, for files alone; 0 or negative errno.
 * set: its owner has said when it goes (milliseconds since the epoch; 0: never). New content and MOVE leave it. -ERANGE: that is past, or behind `latest`.
 * default: it goes `milliseconds` from now (0: never), and that from each new content on; what the options' `expires` has set is undone.
 * limit: it goes at that time, and nothing that is set later keeps it longer (XEP-0363, ephemeral).
 */
int store_expires_set(struct tx *tx, int64_t resource, int64_t expires);
int store_expires_default(struct tx *tx, int64_t resource, uint64_t milliseconds);
int store_expires_limit(struct tx *tx, int64_t resource, int64_t expires);
int store_once_set(struct tx *tx, int64_t resource, bool once);
int store_tells_set(struct tx *tx, int64_t resource, bool tells);

/* ---- who has fetched them ---- */

struct fetch {
	struct jid jid;
	uint64_t
		received; /* bytes of the present content that were sent, from its beginning on without a hole */
	int64_t time;  /* when something new of it was sent last, milliseconds since the epoch */
	int64_t whole; /* when all of it had been; 0: not yet */
};

/* Who was sent something of the file's present content, in the order of their JIDs. */
int store_fetches(struct tx *tx, struct arena *arena, int64_t resource, struct fetch **fetches,
	size_t *count);

/*
 * These bytes of a content were sent to this JID, which is proven and not the owner's. From any thread; nothing of it is kept by the caller's
 * hand, nobody is told. It is on disk about a second later, or when the store is closed; too many at once are dropped.
 */
struct fetched {
	int64_t resource, content;
	uint64_t from, length;
};
void store_fetched(struct store *store, const struct fetched *fetched, const struct jid *jid);

/* ---- what people are to be told over XMPP ---- */

enum { NOTICES_TOLD = 20 }; /* at once */

struct notice {
	const char *name; /* of the file, as its owner knows it */
	const char *href; /* its path, encoded */
	const char *who;  /* who has fetched it; "" */
	int64_t time;     /* when it was, or is to be; milliseconds since the epoch */
};

/* All for one JID that are alike, the oldest first. */
struct notices {
	const char *jid;  /* bare */
	const char *kind; /* "fetched", "expires" */
	struct notice list[NOTICES_TOLD];
	size_t count;  /* of list; 0: there is nothing to tell anybody */
	uint64_t more; /* behind them */
	int64_t last;  /* of all */
};
int store_notices(struct tx *tx, struct arena *arena, struct notices *out);

/* In a change: they have been told, those behind `list` too. */
int store_notices_told(struct tx *tx, const struct notices *told);

/* Moves when there may be new ones. From any thread. */
unsigned store_noticed(const struct store *store);

/* ---- properties ---- */

/* Dead properties: the element as it is to be sent, a namespace (may be "") and a name to find it by. */
struct property {
	const char *ns, *name;
	const char *xml;
};

int store_properties(struct tx *tx, struct arena *arena, int64_t resource,
	struct property **properties, size_t *count);
/* -ENOSPC: the resource would have more of them, or larger ones, than the options allow. */
int store_property_set(struct tx *tx, int64_t resource, const struct property *property);
int store_property_remove(
	struct tx *tx, int64_t resource, const char *ns, const char *name); /* 0 also when absent */
int store_displayname_set(
	struct tx *tx, int64_t resource, const char *displayname); /* NULL: none */

/* ---- locks ---- */

struct lock {
	const char *token; /* a URI */
	int64_t resource;  /* its root */
	const char *href;  /* of the root, encoded */
	const char *owner; /* the bare JID that took it */
	bool shared, infinite;
	int64_t expires;  /* milliseconds since the epoch */
	const char *note; /* the inside of DAV:owner, as markup; "" */
};

/* Those that have not expired and hold on a resource: its own, and those of infinite depth from above. */
int store_locks(
	struct tx *tx, struct arena *arena, int64_t resource, struct lock **locks, size_t *count);

/* The members of a collection on which this owner has locks of their own that have not expired: their ids, from the smallest on. */
int store_locked_members(struct tx *tx, struct arena *arena, int64_t collection, const char *owner,
	int64_t **ids, size_t *count);

/* Those of this owner that have not expired and lie strictly below a collection. */
int store_locks_below(struct tx *tx, struct arena *arena, int64_t collection, const char *owner,
	struct lock **locks, size_t *count);

int store_lock_make(struct tx *tx, const struct lock *lock);
int store_lock_refresh(struct tx *tx, const char *token, int64_t expires);
int store_lock_remove(struct tx *tx, const char *token);

/* How many this JID holds. */
int store_lock_count(struct tx *tx, const char *owner, int64_t *count);

/* ---- slots (XEP-0363) ---- */

enum slot_purpose { SLOT_MESSAGE, SLOT_PROFILE, SLOT_EPHEMERAL, SLOT_PERMANENT };

/* One upload that is promised: a file of `owner`, a member of the root that is not there yet. */
struct slot {
	const char *token; /* the digest of the secret that opens it, in hex */
	const char *owner; /* a bare JID */
	const char *name;  /* in NFC */
	const char *displayname;
	uint64_t length;          /* bytes */
	const char *content_type; /* NULL: not said */
	enum slot_purpose purpose;
	int64_t expires; /* when the file is to go, milliseconds since the epoch; 0: it was not said */
	int64_t until; /* the upload must have begun by then, likewise */
};

enum { SLOT_TIME = 300000 }; /* ms, from when it is made to its `until` */

/* Sets `until`. */
int store_slot_make(struct tx *tx, struct slot *slot);

/* 1 with the slot that the secret of this digest opens, be it too late; 0: there is none, or it was used; negative errno. */
int store_slot(struct tx *tx, struct arena *arena, const char *token, struct slot *slot);

/* Whether it can still be begun to be filled. */
bool slot_is_open(const struct slot *slot);

/* 1: an open one is promised to the root's member of this name; 0; negative errno. */
int store_slot_named(struct tx *tx, const char *name);

/* Those of an owner that are open. */
struct slots {
	uint64_t count, bytes;
	int64_t first; /* `until` of the one that ends first; 0: there is none */
};
int store_slots(struct tx *tx, const char *owner, struct slots *slots);

/* All of an owner's go. In a change. */
int store_slots_remove(struct tx *tx, const char *owner);

/* It is filled in this change. -ENOENT: it was used before. */
int store_slot_use(struct tx *tx, const char *token);

/* ---- app passwords ---- */

enum { STORE_PASSWORDS_MAX = 100 /* of one JID */ };

struct password {
	int64_t id;
	const char *jid; /* bare, normalised */
	const char *label;
	const char *ha1_md5, *ha1_sha256; /* what is kept of it: hex */
	bool read_only;
	int64_t collection; /* the resource that it is good for, with what is below; 0: all */
	/* Milliseconds since the epoch; expires 0: never; used 0: not yet, else roughly when it was last. */
	int64_t created, expires, used;
};

/* Those of a JID that have not expired, in the order in which they were made. */
int store_passwords(struct tx *tx, struct arena *arena, const char *jid,
	struct password **passwords, size_t *count);

/* The same in a glance. 1: from memory, where one that another process has made just now is missing; 0: from the database; or negative errno. */
int store_passwords_kept(struct tx *tx, struct arena *arena, const char *jid,
	struct password **passwords, size_t *count);

/* All of an account's go. */
int store_passwords_remove(struct tx *tx, const char *jid);

/* 1: it is still there and has not expired; 0: it is gone; negative errno. */
int store_password_lives(struct tx *tx, int64_t password);

/* `id`, `created` and `used` are not looked at. -EDQUOT: the JID has too many. In a change. */
int store_password_make(struct tx *tx, const struct password *password);

/* 1: gone; 0: this JID has none of that number; negative errno. In a change. */
int store_password_remove(struct tx *tx, const char *jid, int64_t password);

/* It was used just now: kept, once a minute at most. From any thread; nobody waits for it. */
void store_password_used(struct store *store, const struct password *password);

/* store_password_make() in the store at `path`, whether a daemon has it or not; the reason of what goes wrong goes into error. */
int store_password_add(const char *path, const struct password *password, char *error, size_t size);
