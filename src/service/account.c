/* "My account": what it uses and may use. */
#include "base/arena.h"
#include "dav/quota.h"
#include "dav/request.h"
#include "dav/right.h"
#include "service/commands.h"

#include <inttypes.h>

static const char *number(struct arena *arena, uint64_t value)
{
	return arena_printf(arena, "%" PRIu64, value);
}

static int show(struct run *run, struct tx *tx)
{
	struct usage usage;
	uint64_t left = 0;
	int error = store_usage(tx, run->from->bare, &usage);

	if (error == 0 && right_may_upload(run->dav, run->from))
		error = quota_left(run->dav, tx, run->from->bare, &left);
	if (error < 0)
		return error;
	form_begin(&run->form, "result", "My account", NULL);
	form_field(&run->form, &(struct form_field){"bytes", "text-single", "Bytes in use",
				       number(run->arena, usage.bytes)});
	form_field(&run->form, &(struct form_field){"resources", "text-single", "Files and folders",
				       number(run->arena, usage.resources)});
	form_field(&run->form, &(struct form_field){"left", "text-single", "Bytes left",
				       number(run->arena, left)});
	form_end(&run->form);
	return 0;
}

const struct command account_command = {
	.node = "account",
	.name = "My account: what it uses, what is left",
	.stages = {{false, show}},
};
