/* What may be set anew while the store is open. */
#include "store/inside.h"

#include <stdlib.h>

struct setting {
	struct store_change change;
	struct store_options options;
};

/* The committer alone reads these. */
static int set(struct tx *tx, struct store_change *change)
{
	const struct store_options *options = &((const struct setting *)change)->options;
	struct store_options *own = &tx->store->options;

	own->expires = options->expires;
	own->once_kept = options->once_kept;
	own->expiry_notice = options->expiry_notice;
	return 0;
}

void store_use(struct store *store, const struct store_options *options)
{
	struct setting *setting = calloc(1, sizeof(*setting));

	if (!setting)
		abort();
	setting->change.run = set;
	setting->options = *options;
	atomic_store(&store->keep_free, options->keep_free);
	mailbox_post(store->changes, &setting->change.message);
}
