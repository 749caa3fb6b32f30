/* The methods, one file each; only the table in method.c names them. */
#pragma once

struct request;
struct tx;
struct walk;

int options_select(struct request *request, struct tx *tx, const struct walk *walk);
int get_select(struct request *request, struct tx *tx, const struct walk *walk);
int propfind_select(struct request *request, struct tx *tx, const struct walk *walk);
int report_select(struct request *request, struct tx *tx, const struct walk *walk);
int put_commit(struct request *request, struct tx *tx, const struct walk *walk);
int delete_commit(struct request *request, struct tx *tx, const struct walk *walk);
int mkcol_commit(struct request *request, struct tx *tx, const struct walk *walk);
int copy_commit(struct request *request, struct tx *tx, const struct walk *walk);
int move_commit(struct request *request, struct tx *tx, const struct walk *walk);
int lock_commit(struct request *request, struct tx *tx, const struct walk *walk);
int unlock_commit(struct request *request, struct tx *tx, const struct walk *walk);
int proppatch_commit(struct request *request, struct tx *tx, const struct walk *walk);
