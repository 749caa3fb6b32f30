#include "base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double started;
static int memory = -1;
static DIR *descriptors;

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void process_begin(void)
{
	started = seconds_of(CLOCK_REALTIME);
	if (memory < 0)
		memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (!descriptors)
		descriptors = opendir("/proc/self/fd");
}

static uint64_t resident(void)
{
	char text[128], *end;
	ssize_t got = memory < 0 ? -1 : pread(memory, text, sizeof(text) - 1, 0);

	if (got <= 0)
		return 0;
	text[got] = '\0';
	(void)strtoul(text, &end, 10); /* with what is not in memory */
	return (uint64_t)strtoul(end, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_descriptors(void)
{
	uint64_t count = 0;

	if (!descriptors)
		return 0;
	rewinddir(descriptors);
	for (const struct dirent *entry; (entry = readdir(descriptors));)
		count += entry->d_name[0] != '.';
	return count;
}

uint64_t process_descriptors(void)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) < 0 ? 0 : (uint64_t)files.rlim_cur;
}

void process_look(struct process_figures *out)
{
	*out = (struct process_figures){
		.started = started,
		.cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID),
		.resident = resident(),
		.descriptors = open_descriptors(),
		.allowed = process_descriptors(),
	};
}
