/* The steps of a request that are WebDAV's own; http/steps.c says where and when they run. */
#pragma once

#include "dav/request.h"

/*
 * Before it is looked at who asks: finds out whether the request reads a link, which nobody needs to be known for; then request->by_link
 * is set, and what was claimed is forgotten. Where somebody is claimed `walk` leads to the request URL. To somebody unknown what is there
 * takes no longer than what is not. STEP_NEXT, or 503.
 */
enum step_result dav_look(struct request *request, struct tx *tx, struct walk *walk);

/* May this JID do this here, where `walk` leads? 403 or 404 before anybody is asked. */
enum step_result dav_authorize(struct request *request, struct tx *tx, const struct walk *walk);

/*
 * Before content is sent, to who has proven who asks: refuses what the commit would refuse as it stands now (403, 405, 412, 416, 423, 507), and
 * finds out how large the content may be. Not due: dav_admits() is false.
 */
bool dav_admits(const struct request *request);
enum step_result dav_admit(struct request *request, struct tx *tx);

/* Reads: the right again, preconditions, the answer. STEP_NEXT: content went away meanwhile, select again in a new transaction. */
enum step_result dav_select(struct request *request, struct tx *tx);

/*
 * Changes: hands request->change to the committer. When it comes back to `reply`, dav_committed() completes the answer. The request
 * must live until then.
 */
void dav_commit(struct request *request, struct mailbox *reply);
struct request *dav_committed(struct message *message);
