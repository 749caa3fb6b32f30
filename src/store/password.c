#include "base/arena.h"
#include "base/clock.h"
#include "base/rate.h"
#include "store/inside.h"
#include "store/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXPIRED_AT_ONCE = 500, A_FEW = 4 };

static struct password take(struct arena *arena, sqlite3_stmt *row)
{
	return (struct password){
		.id = sqlite3_column_int64(row, 0),
		.jid = sql_text(arena, row, 1),
		.label = sql_text(arena, row, 2),
		.ha1_md5 = sql_text(arena, row, 3),
		.ha1_sha256 = sql_text(arena, row, 4),
		.read_only = sqlite3_column_int(row, 5),
		.collection = sqlite3_column_int64(row, 6),
		.created = sqlite3_column_int64(row, 7),
		.expires = sqlite3_column_int64(row, 8),
		.used = sqlite3_column_int64(row, 9),
	};
}

/* Most accounts have a few: so there is room for a few at first. */
int store_passwords(struct tx *tx, struct arena *arena, const char *jid,
	struct password **passwords, size_t *count)
{
	static const char sql[] =
		"SELECT id, jid, label, ha1_md5, ha1_sha256, read_only, collection, created, "
		"expires, used FROM password WHERE jid = ?1 AND (expires = 0 OR expires > ?2)"
		" ORDER BY id LIMIT ?3";
	sqlite3_stmt *statement;
	size_t room = A_FEW;
	int more = sql_bind(
		tx, &statement, sql, "tii", jid, store_now(), (int64_t)STORE_PASSWORDS_MAX);

	*count = 0;
	*passwords = arena_alloc(arena, room * sizeof(**passwords));
	if (more < 0)
		return more;
	while ((more = sql_step(tx, statement)) == 1) {
		if (*count == room) {
			struct password *larger =
				arena_alloc(arena, 2 * room * sizeof(**passwords));

			memcpy(larger, *passwords, room * sizeof(**passwords));
			*passwords = larger;
			room *= 2;
		}
		(*passwords)[(*count)++] = take(arena, statement);
	}
	return more;
}

/* Those of an account in one block: how many, the structs, and the texts that they name. */
struct kept_passwords {
	size_t count;
	struct password list[];
};

static struct kept_passwords *pack(const struct password *passwords, size_t count, size_t *size)
{
	size_t structs = sizeof(struct kept_passwords) + count * sizeof(*passwords);
	struct kept_passwords *kept;
	char *at;

	*size = structs;
	for (size_t i = 0; i < count; i++)
		*size += strlen(passwords[i].jid) + strlen(passwords[i].label) +
			 strlen(passwords[i].ha1_md5) + strlen(passwords[i].ha1_sha256) + 4;
	kept = malloc(*size);
	if (!kept)
		abort();
	kept->count = count;
	at = (char *)kept + structs;
	for (size_t i = 0; i < count; i++) {
		struct password *one = &kept->list[i];
		const char **texts[] = {&one->jid, &one->label, &one->ha1_md5, &one->ha1_sha256};

		*one = passwords[i];
		for (size_t j = 0; j < sizeof(texts) / sizeof(*texts); j++) {
			const char *text = *texts[j];

			*texts[j] = at;
			at = stpcpy(at, text) + 1;
		}
	}
	return kept;
}

/* Those that have not expired since they were kept. */
static void unpack(struct tx *tx, struct arena *arena, const struct kept_passwords *kept,
	struct password **passwords, size_t *count)
{
	int64_t now = store_now();

	*passwords = arena_alloc(arena, kept->count * sizeof(**passwords));
	*count = 0;
	for (size_t i = 0; i < kept->count; i++) {
		struct password one = kept->list[i];

		if (one.expires > 0 && one.expires <= now)
			continue;
		cache_expires(tx, one.expires);
		one.jid = arena_strdup(arena, one.jid);
		one.label = arena_strdup(arena, one.label);
		one.ha1_md5 = arena_strdup(arena, one.ha1_md5);
		one.ha1_sha256 = arena_strdup(arena, one.ha1_sha256);
		(*passwords)[(*count)++] = one;
	}
}

int store_passwords_kept(struct tx *tx, struct arena *arena, const char *jid,
	struct password **passwords, size_t *count)
{
	const struct kept_key key = {KEPT_PASSWORDS, 0, jid, strlen(jid)};
	const struct kept_passwords *kept = cache_find(tx, &key);
	size_t size = 0;
	int error;

	if (kept) {
		unpack(tx, arena, kept, passwords, count);
		return 1;
	}
	error = store_passwords(tx, arena, jid, passwords, count);
	if (error == 0 && tx->glance) {
		struct kept_passwords *copy = pack(*passwords, *count, &size);

		cache_keep(tx, &key, copy, size, free);
	}
	return error;
}

int store_passwords_remove(struct tx *tx, const char *jid)
{
	return sql_run(tx, "DELETE FROM password WHERE jid = ?1", "t", jid);
}

int store_password_lives(struct tx *tx, int64_t password)
{
	int64_t one;

	return sql_number(tx, &one,
		"SELECT 1 FROM password WHERE id = ?1 AND (expires = 0 OR expires > ?2)", "ii",
		password, store_now());
}

int store_password_make(struct tx *tx, const struct password *password)
{
	int64_t count = 0;
	int result = sql_number(tx, &count,
		"SELECT count(*) FROM password WHERE jid = ?1 AND (expires = 0 OR expires > ?2)",
		"ti", password->jid, store_now());

	if (result < 0)
		return result;
	if (count >= STORE_PASSWORDS_MAX)
		return -EDQUOT;
	return sql_run(tx,
		"INSERT INTO password (jid, label, ha1_md5, ha1_sha256, created, read_only,"
		" collection, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
		"ttttiiii", password->jid, password->label, password->ha1_md5, password->ha1_sha256,
		store_now(), (int64_t)password->read_only, password->collection, password->expires);
}

int store_password_remove(struct tx *tx, const char *jid, int64_t password)
{
	int error =
		sql_run(tx, "DELETE FROM password WHERE jid = ?1 AND id = ?2", "ti", jid, password);

	return error < 0 ? error : sqlite3_changes(tx->db);
}

int passwords_expire(struct tx *tx)
{
	int error = sql_run(tx,
		"DELETE FROM password WHERE id IN (SELECT id FROM password"
		" WHERE expires > 0 AND expires <= ?1 LIMIT ?2)",
		"ii", store_now(), (int64_t)EXPIRED_AT_ONCE);

	return error < 0 ? error : sqlite3_changes(tx->db) == EXPIRED_AT_ONCE;
}

/* A change of nobody's: the committer frees it. */
struct use {
	struct store_change change;
	int64_t password, time;
};

static int keep_use(struct tx *tx, struct store_change *change)
{
	const struct use *use = (const struct use *)change;

	return sql_run(
		tx, "UPDATE password SET used = ?2 WHERE id = ?1", "ii", use->password, use->time);
}

/* What was read of it may be older than what other threads have just asked to keep. */
void store_password_used(struct store *store, const struct password *password)
{
	int64_t now = store_now(), age = now - password->used;
	struct use *use;
	char key[24];

	if (age >= 0 && age < PASSWORD_USE_TIME)
		return;
	snprintf(key, sizeof(key), "%" PRId64, password->id);
	if (rate_count(store->used, key, clock_now()) > 1)
		return;
	use = calloc(1, sizeof(*use));
	if (!use)
		abort();
	use->change.run = keep_use;
	use->password = password->id;
	use->time = now;
	mailbox_post(store->changes, &use->change.message);
}
