/* A store in a directory of its own, and changes that are waited for. */
#pragma once

#include "../unit.h"

#include "base/arena.h"
#include "base/loop.h"
#include "store/inside.h"

struct fixture {
	char path[64];
	struct store_options options; /* of the next opening */
	struct arena *arena;
	struct loop *loop;
	struct mailbox *mailbox;
	struct store *store;
	int waiting;
	int result; /* of the pool's work */
};

int fixture_open(void **state);
int fixture_close(void **state);
void fixture_reopen(struct fixture *f);

/* Submits changes together and waits for all. */
void change_all(struct fixture *f, struct store_change *const *changes, int count);
int change(struct fixture *f, int (*run)(struct tx *tx, struct store_change *change), void *arg);

/* What `run` of a change made by change() was given. */
void *change_arg(struct store_change *change);

/* A finished upload of `length` bytes, each `byte`; waits for the pool. */
struct upload *uploaded(struct fixture *f, size_t length, char byte);

/* Shorthand, each one change of its own. The resource must be there; fails the test otherwise. */
struct resource look_up(struct fixture *f, const char *path);
bool is_there(struct fixture *f, const char *path);
void make_file(struct fixture *f, const char *path, const char *owner, size_t length, char byte);
void make_collection(struct fixture *f, const char *path, const char *owner);
int set_list(struct fixture *f, const char *path, const char *const *jids);
int remove_resource(struct fixture *f, const char *path);
int blobs_on_disk(struct fixture *f);
int64_t rows_of(struct fixture *f, const char *sql);

/* Names of members, as store_members() tells them to keep(); `enough` of them end it with a 7, when that is not 0. */
struct members {
	char names[16][64];
	size_t count, enough;
};
int keep(void *arg, const struct resource *member);
