#include "world.h"

#include "auth/attempt.h"
#include "auth/bearer.h"
#include "auth/nonce.h"
#include "auth/password.h"
#include "auth/refusals.h"
#include "base/log.h"
#include "base/loop.h"
#include "fuzz.h"
#include "loops.h"
#include "store/inside.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct world world;

static const int64_t YEAR = 365 * INT64_C(86400000); /* milliseconds */

static bool inside;  /* an input's transaction is open */
static bool counted; /* a count of a nonce was used */

/* ---- one transaction for all, by the linker's --wrap ---- */

int __real_tx_begin(struct tx *tx, const char *sql);
int __wrap_tx_begin(struct tx *tx, const char *sql);
int __wrap_tx_own(struct store *store, struct tx **tx);
int __wrap_store_read_begin(struct store *store, struct tx **tx);
void __wrap_store_read_end(struct tx *tx);
bool __real_nonce_use(struct nonces *nonces, uint64_t number, uint32_t count);
bool __wrap_nonce_use(struct nonces *nonces, uint64_t number, uint32_t count);

int __wrap_tx_begin(struct tx *tx, const char *sql)
{
	if (!inside)
		return __real_tx_begin(tx, sql);
	if (same(sql, "BEGIN IMMEDIATE"))
		return __real_tx_begin(tx, "SAVEPOINT batch");
	if (same(sql, "COMMIT"))
		return __real_tx_begin(tx, "RELEASE batch");
	if (!same(sql, "ROLLBACK"))
		return __real_tx_begin(tx, sql);
	__real_tx_begin(tx, "ROLLBACK TO batch");
	return __real_tx_begin(tx, "RELEASE batch");
}

int __wrap_tx_own(struct store *store, struct tx **tx)
{
	*tx = store->writer;
	return 0;
}

int __wrap_store_read_begin(struct store *store, struct tx **tx)
{
	*tx = store->writer;
	(*tx)->glance = false;
	(*tx)->seen_count = 0;
	(*tx)->now = store_now();
	return 0;
}

void __wrap_store_read_end(struct tx *tx)
{
	tx->glance = false;
}

bool __wrap_nonce_use(struct nonces *nonces, uint64_t number, uint32_t count)
{
	counted = true;
	return __real_nonce_use(nonces, number, count);
}

/* ---- what is in it ---- */

static void ready(void *arg, int result)
{
	*(int *)arg = result;
}

static struct upload *uploaded(const char *text)
{
	struct upload *upload;
	int result = 0;

	assert(upload_open(world.store, world.loop, -1, &upload) == 0);
	assert(upload_write(upload, text, strlen(text), ready, &result) == 0);
	assert(upload_finish(upload, ready, &result) >= 0);
	loops_run(NULL, NULL);
	assert(result == 0);
	return upload;
}

static struct segment segment_of(const char *name)
{
	return (struct segment){name, name};
}

static void must(int result)
{
	if (result < 0)
		fprintf(stderr, "the world cannot be made: %s\n", strerror(-result));
	assert(result >= 0);
}

static int64_t make_file(struct tx *tx, struct arena *arena, int64_t parent, const char *name,
	const char *owner, const char *content, bool link)
{
	struct segment segment = segment_of(name);
	struct upload *upload = uploaded(content);
	struct resource made;

	must(store_make_file(tx, parent, &segment, owner, "text/plain", upload, &made, arena));
	if (link)
		must(store_link_make(tx, &made));
	upload_close(upload, true);
	return made.id;
}

static int64_t make_collection(struct tx *tx, struct arena *arena, int64_t parent, const char *name)
{
	struct segment segment = segment_of(name);
	struct resource made;

	must(store_make_collection(tx, parent, &segment, "romeo@localhost", &made, arena));
	return made.id;
}

static void make_slot(struct tx *tx, struct arena *arena)
{
	struct slot slot = {.token = bearer_kept(arena, "slot-aaaaaaaaaaaaaaaaaaaaaaaaaa"),
		.owner = "tybalt@localhost",
		.name = "slot.txt",
		.displayname = "slot",
		.length = 5,
		.purpose = SLOT_EPHEMERAL,
		.expires = store_now() + YEAR};

	must(store_slot_make(tx, &slot));
	must(sql_run(tx, "UPDATE slot SET until = ?1", "i", store_now() + YEAR));
}

static void make_password(struct tx *tx, struct arena *arena, const char *jid, char *out,
	bool read_only, int64_t collection)
{
	struct password password;

	password_mint(out);
	password = password_kept(arena, jid, "fuzz", out);
	password.read_only = read_only;
	password.collection = collection;
	must(store_password_make(tx, &password));
}

/* What is asked for in every listing, too. */
static int populate(struct tx *tx, struct store_change *change)
{
	struct arena *arena = arena_new();
	int64_t dir = make_collection(tx, arena, STORE_ROOT, "dir"), sub, secret;
	struct jid list[2];
	struct lock lock = {.token = "urn:uuid:00000000-0000-4000-8000-000000000000",
		.href = "/dir/sub/",
		.owner = "romeo@localhost",
		.infinite = true,
		.expires = store_now() + YEAR,
		.note = "<a xmlns=\"urn:a\">Romeo</a>"};

	/* Seeds name them. */
	must(sql_run(tx, "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'content'", ""));
	memset(tx->store->opening, 'a', RANDOM_ID - 1);
	must(sql_run(tx, "UPDATE opening SET name = ?1", "t", tx->store->opening));
	loops_again();
	assert(jid_parse(arena, "juliet@localhost", &list[0]) == 0);
	assert(jid_parse(arena, "mercutio@localhost/a", &list[1]) == 0);
	must(store_list_set(tx, dir, list, 2));
	secret = make_file(tx, arena, dir, "secret", "romeo@localhost", SECRET_OF_ROMEO, false);
	must(store_property_set(tx, secret,
		&(struct property){"urn:x", "color", "<color xmlns=\"urn:x\">red</color>"}));
	sub = make_collection(tx, arena, dir, "sub");
	lock.resource = sub;
	must(store_lock_make(tx, &lock));
	make_file(tx, arena, sub, "none", "romeo@localhost", SECRET_OF_ROMEO, false);
	make_file(tx, arena, STORE_ROOT, "open", "tybalt@localhost", "OPEN-TO-ALL", false);
	make_file(tx, arena, STORE_ROOT, "link-abc.txt", "romeo@localhost", "LINKED", true);
	make_password(tx, arena, "romeo@localhost", world.password, false, 0);
	make_password(tx, arena, "romeo@localhost", world.reading, true, dir);
	make_password(tx, arena, "tybalt@localhost", world.other, false, 0);
	make_slot(tx, arena);
	arena_free(arena);
	return 0;
}

/* Names are not by chance here: what an input has left would be in the next one's way. */
static int remove_blob(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	return type == FTW_F ? unlink(path) : 0;
}

static void remove_blobs(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/blobs", world.path);
	nftw(path, remove_blob, 16, FTW_PHYS);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	return remove(path);
}

static void clean(void)
{
	nftw(world.path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct resource find_secret(struct arena *arena)
{
	struct path path;
	struct walk walk;
	struct tx *tx;

	assert(path_parse(arena, "/dir/secret", &path) == 0);
	assert(store_read_begin(world.store, &tx) == 0);
	assert(store_walk(tx, arena, &path, &walk) == 0);
	store_read_end(tx);
	return walk.count == 3 ? walk.chain[2] : (struct resource){0};
}

/* In memory where there is such a place: what is synced there costs nothing. */
static const char *place(void)
{
	return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

static void forget(void *arg, struct message *list)
{
}

void world_open(void)
{
	static struct store_change change = {.run = populate};
	struct arena *arena = arena_new();
	struct store_options options = {.path = world.path,
		.once_kept = 1000,
		.properties = 256,
		.properties_size = 1 << 20};
	static struct arena *kept;
	struct mailbox *answers;
	struct resource secret;
	struct jid mercutio;
	char error[256];

	/* Strangers' words are written to logs, too; where is tested elsewhere. */
	log_threshold(LOG_ERROR + 1);
	kept = arena_new();
	snprintf(world.path, sizeof(world.path), "%s/missive-fuzz-XXXXXX", place());
	assert(mkdtemp(world.path));
	atexit(clean);
	loops_again();
	assert(loop_open(&world.loop) == 0);
	if (store_open(&world.store, &options, error, sizeof(error)) < 0) {
		fprintf(stderr, "%s\n", error);
		abort();
	}
	answers = mailbox_open(world.loop, forget, NULL);
	change.reply = answers;
	store_submit(world.store, &change);
	loops_run(NULL, NULL);
	assert(change.result == 0);
	mailbox_close(answers);
	secret = find_secret(arena);
	world.secret = secret.content;
	/* Somebody has fetched it, which is kept after a while. */
	assert(jid_parse(arena, "mercutio@localhost/a", &mercutio) == 0);
	store_fetched(world.store, &(struct fetched){secret.id, secret.content, 0, secret.length},
		&mercutio);
	loops_run(NULL, NULL);
	loops_pass(5000, NULL, NULL);
	assert(site_parse(kept, "http://files.localhost:8080", "other.example", &world.site) == 0);
	world.dav = (struct dav){
		.store = world.store,
		.base_url = "http://files.localhost:8080",
		.site = &world.site,
		.users = "localhost",
		.max_file_size = 100000,
		.quota = 1 << 20,
		.resources = 100,
		.slots = 4,
		.links = true,
		.expires_message = 1000000,
		.limits = {.xml_body = 256 << 10,
			.properties = 256,
			.property_size = 64 << 10,
			.ranges = 16,
			.conditions = 64,
			.conditions_size = 8 << 10,
			.locks_per_resource = 16,
			.locks_per_account = 1000,
			.lock_time = 3600000},
		.attempts = attempts_open(&(struct attempts_options){0, 0}, NULL),
		.refusals = refusals_open(0),
	};
	if (getenv("WORLD_VERBOSE"))
		fprintf(stderr, "%s %s %s\n", world.password, world.reading, world.other);
	arena_free(arena);
}

void world_begin(void)
{
	loops_again();
	/* They are large: made anew only when somebody has used one. */
	if (counted || !world.dav.nonces) {
		nonces_close((struct nonces *)world.dav.nonces);
		world.dav.nonces = nonces_open("secret", 6, 300000, NULL);
		counted = false;
	}
	loops_again();
	world.resource = world.store->last_resource;
	world.change = world.store->last_change;
	must(__real_tx_begin(world.store->writer, "BEGIN IMMEDIATE"));
	inside = true;
}

bool world_secret_lives(void)
{
	struct arena *arena = arena_new();
	bool lives = find_secret(arena).content == world.secret;

	arena_free(arena);
	return lives;
}

void world_end(void)
{
	loops_run(NULL, NULL);
	inside = false;
	must(__real_tx_begin(world.store->writer, "ROLLBACK"));
	/* Numbers of content are never given out again but here. */
	cache_undone(world.store->writer);
	world.store->last_resource = world.resource;
	world.store->last_change = world.change;
	if (loops_worked())
		remove_blobs();
}
