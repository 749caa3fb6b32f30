#include "client/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_AFTER = 1000, AGAIN_AFTER = 200, WIDTH = 30 }; /* milliseconds; columns */

void progress_begin(struct progress *progress, const char *label)
{
	*progress = (struct progress){
		.label = isatty(STDERR_FILENO) ? label : NULL, .began = clock_now()};
}

void progress_show(struct progress *progress, uint64_t bytes, uint64_t total)
{
	static const char full[] = "##############################";
	uint64_t time = clock_now();
	int done;

	if (!progress->label || time - progress->began < FIRST_AFTER ||
		time - progress->shown < AGAIN_AFTER)
		return;
	progress->shown = time;
	if (total == 0) {
		fprintf(stderr, "\r%.30s %" PRIu64 " MiB ", progress->label, bytes >> 20);
		return;
	}
	done = (int)(bytes * WIDTH / total);
	fprintf(stderr, "\r%.30s [%.*s%*s] %3" PRIu64 " %% of %" PRIu64 " MiB ", progress->label,
		done, full, WIDTH - done, "", bytes * 100 / total, total >> 20);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r%*s\r", 79, "");
}
